// Letters: n examples, T positions, O left width, C outputs, f and g functions of the outputs.
import Datasets
import Factors
import Networks
import Storage
import Tensors

/// Per-example gradients from files of factors: a model that was differentiated elsewhere.
///
/// What a file does not hold is made from what it does, where that is exact:
///
///     ∇ℓ = ∂ℓ/∂f · ∇f            where ℓ is a function of f alone (margin, prediction)
///     ∇f = Σ_c ∂f/∂z_c · ∇z_c     of any f, from the gradients of all outputs (`trace`)
///
/// Examples are found by the seal of their file (`Dataset.origin`) and their ids.
public struct StoredFactors: GradientProvider {
  /// The files, such as those of training and test examples: the same layers, outputs and targets.
  public let files: [FactorFile]
  /// Indices of the layers that gradients are taken by.
  private let chosen: [Int]
  /// Their names; nil for all.
  public let selectionText: String?

  /// Files of one model.
  ///
  /// - Throws: `GradientError.otherFactors` naming the first thing in which a file differs from the
  ///   first.
  public init(_ files: [FactorFile]) throws(GradientError) {
    precondition(!files.isEmpty, "no files of factors")
    for file in files.dropFirst() { try file.requireModel(of: files[0]) }
    self.files = files
    chosen = Array(files[0].layout.layers.indices)
    selectionText = nil
  }

  private init(_ files: [FactorFile], chosen: [Int]) {
    (self.files, self.chosen) = (files, chosen)
    let names = chosen.map { files[0].layout.layers[$0].name }
    selectionText =
      chosen.count == files[0].layout.layers.count ? nil : names.joined(separator: " ")
  }

  /// The same gradients by some layers alone, each with its bias.
  ///
  /// - Throws: `SelectionError.unmatched`, `.empty`.
  public func selecting(
    _ patterns: LayerPatterns, place: String
  ) throws(SelectionError) -> StoredFactors {
    let names = layout.layers.enumerated().map {
      Parameter(name: $1.name, shape: [1], offset: $0)
    }
    let kept = try patterns.chosen(from: names, place: place).map(\.offset)
    guard !kept.isEmpty else {
      throw .empty(patterns: patterns.description, names: names.map(\.name), place: place)
    }
    return StoredFactors(files, chosen: kept)
  }

  /// What the files hold.
  public var layout: FactorLayout { files[0].layout }
  /// C.
  public var outputCount: Int { layout.outputCount }
  /// C.
  public var keptOutputs: Int { layout.outputCount }
  /// p, of all layers.
  public var parameterCount: Int { layout.parameterCount }
  /// Parameters of the chosen layers.
  public var selectedCount: Int { chosen.reduce(0) { $0 + layout.layers[$1].parameterCount } }
  /// S.
  public var traceFunctionCount: Int { layout.functionCount }

  /// Whether the files hold a target or what it is made from.
  public func provides(_ target: GradientSource.Target) -> Bool { route(to: target) != nil }

  /// `limit` halved until the factors fit `Memory.blockBytes`.
  public func examplesHeld(atMost limit: Int, atLeast least: Int) -> Int {
    var count = limit
    let bytes = layout.targets.map { layout.bytes($0) }.max() ?? 1
    while count > max(1, least) && count * bytes > Memory.blockBytes { count /= 2 }
    return count
  }

  /// A divisor of `FeatureCollection.blockSize`.
  public var projectionBlock: Int { examplesHeld(atMost: FeatureCollection.blockSize, atLeast: 1) }

  /// Outputs of all of `data`, n × C.
  public func outputs(of data: Dataset) throws -> Tensor {
    let (file, rows) = try place(data)
    return try file.outputs(rows[...])
  }

  /// −∂ℓ/∂f of every example from its outputs, n values.
  public func residuals(of data: Dataset, _ function: OutputFunction) throws -> [Float] {
    try GradientSource.Target.output(function).require(data)
    return function.residuals(try outputs(of: data), TargetValues(data.targets))
  }

  /// Calls `body` with the factors of one block of examples after the other.
  ///
  /// - Throws: `GradientError.noFactors` for a target that the files do not hold, `.noExample`;
  ///   `StorageError.rowsCorrupt`.
  public func forEachBlock(
    of data: Dataset, rows: Range<Int>?, blockSize: Int?, target: GradientSource.Target,
    _ body: (Range<Int>, ExampleGradients, Tensor) throws -> Void
  ) throws {
    try target.require(data)
    guard let route = route(to: target) else {
      throw GradientError.noFactors(
        of: target.name, available: layout.targets.map(\.name), file: files[0].path)
    }
    let (file, places) = try place(data)
    let size = blockSize ?? examplesHeld(atMost: GradientSource.blockSize, atLeast: 1)
    for range in (rows ?? 0..<data.count).blocks(of: size) {
      let outputs = try file.outputs(places[range])
      let targets = TargetValues(data.targets.subset(Array(range)))
      let gradients = try gradients(file, places[range], route, outputs, targets)
      try body(range, gradients, outputs)
    }
  }

  private func place(_ data: Dataset) throws(GradientError) -> (FactorFile, [Int]) {
    guard let file = files.first(where: { $0.digest == data.origin }) else {
      throw .noExample(id: "\(data.ids.first ?? .row(0))", file: files[0].path)
    }
    return (file, try file.rows(of: data.ids))
  }

  // MARK: Gradients

  /// How a target's left sides come about.
  private enum Route {
    /// As they are in the file.
    case stored(GradientSource.Target)
    /// Those of g, times −∂ℓ/∂g.
    case scaled(OutputFunction)
    /// Those of all outputs, times ∂f/∂z.
    case contracted(OutputFunction)
  }

  private func route(to target: GradientSource.Target) -> Route? {
    guard case .output(let function) = target else {
      return layout.targets.contains(.jacobian) ? .stored(.jacobian) : nil
    }
    let isClassification = files[0].data.classes != nil
    // −ℓ has two names.
    let loss: [OutputFunction] =
      [.loss] + [isClassification ? .logProbability : .negativeHalfSquaredError]
    let isLoss = loss.contains(function)
    for name in isLoss ? loss : [function] where layout.targets.contains(.output(name)) {
      return .stored(.output(name))
    }
    let base: OutputFunction = isClassification ? .margin : .prediction
    if isLoss && layout.targets.contains(.output(base)) { return .scaled(base) }
    // Random combinations of the outputs do not give them back.
    let hasOutputs =
      layout.targets.contains(.jacobian) && layout.functionCount == layout.outputCount
    return hasOutputs ? .contracted(function) : nil
  }

  private func gradients(
    _ file: FactorFile, _ rows: ArraySlice<Int>, _ route: Route, _ outputs: Tensor,
    _ targets: TargetValues
  ) throws -> ExampleGradients {
    var offset = 0
    let blocks = try chosen.map { index in
      let layer = layout.layers[index]
      let left: Tensor
      switch route {
      case .stored(let target): left = try file.left(index, target, rows)
      case .scaled(let base):
        left = try file.left(index, .output(base), rows).scaled(
          examples: base.residuals(outputs, targets))
      case .contracted(let function):
        left = try file.left(index, .jacobian, rows).contracted(
          function.gradient(outputs, targets))
      }
      defer { offset += layer.parameterCount }
      return layer.block(left: left, right: try file.right(index, rows), offset: offset)
    }
    return ExampleGradients(count: rows.count, blocks: blocks)
  }
}

extension StoredFactors {
  /// The chosen layers, each with its weight and bias where gradients have them.
  public var parameterLayers: [(name: String, parameters: [Parameter])] {
    var offset = 0
    return chosen.map { index in
      let layer = layout.layers[index]
      defer { offset += layer.parameterCount }
      return (layer.name, [layer.weight(at: offset)] + (layer.bias(at: offset).map { [$0] } ?? []))
    }
  }
}

extension FactorLayout.Layer {
  fileprivate func weight(at offset: Int) -> Parameter {
    Parameter(name: name, shape: [outputs] + (inputs.map { [$0] } ?? []), offset: offset)
  }

  fileprivate func bias(at offset: Int) -> Parameter? {
    hasBias
      ? Parameter(name: "\(name) bias", shape: [outputs], offset: offset + weightCount) : nil
  }

  fileprivate func block(left: Tensor, right: Tensor?, offset: Int) -> FactorBlock {
    let weight = weight(at: offset)
    guard let right else {
      return FactorBlock(
        weight: weight, bias: nil, term: OuterProductTerm(left: .dense(left), right: .one))
    }
    return FactorBlock(
      weight: weight, bias: bias(at: offset),
      term: OuterProductTerm(
        left: .dense(left), right: hasBias ? .denseWithOne(right) : .dense(right)))
  }
}

extension Tensor {
  /// Each example's numbers times its own.
  fileprivate func scaled(examples factors: [Float]) -> Tensor {
    let size = count / Swift.max(1, factors.count)
    for (i, factor) in factors.enumerated() {
      VectorMath.scale(factor, storage.base + i * size, count: size)
    }
    return self
  }

  /// Σ_c slopes[i,c] · self[i,t,c·O ..< (c+1)·O]: n × T × C·O becomes n × T × O.
  fileprivate func contracted(_ slopes: Tensor) -> Tensor {
    let outputs = slopes.rowLength
    let (positions, width) = (shape[1], rowLength / outputs)
    let result = Tensor(repeating: 0, shape: [shape[0], positions, width])
    for i in 0..<shape[0] {
      for t in i * positions..<(i + 1) * positions {
        for c in 0..<outputs {
          VectorMath.axpy(
            slopes.storage.base[i * outputs + c], storage.base + (t * outputs + c) * width,
            onto: result.storage.base + t * width, count: width)
        }
      }
    }
    return result
  }
}

extension FactorFile {
  /// Refuses a file of another model than the first.
  fileprivate func requireModel(of first: FactorFile) throws(GradientError) {
    func text(_ targets: Targets) -> String {
      switch targets {
      case .classes(_, let names): "classes " + names.joined(separator: ", ")
      case .values(let values): "\(values.rowLength) numbers"
      case .tokens: "tokens"
      }
    }
    let (mine, other) = (layout, first.layout)
    let fields: [(String, String, String)] = [
      (
        "layers", other.layers.map(\.text).joined(separator: "; "),
        mine.layers.map(\.text).joined(separator: "; ")
      ),
      ("outputs", "\(other.outputCount)", "\(mine.outputCount)"),
      (
        "targets", other.targets.map(\.name).joined(separator: ", "),
        mine.targets.map(\.name).joined(separator: ", ")
      ),
      ("functions", "\(other.functionCount)", "\(mine.functionCount)"),
      ("labels", text(first.data.targets), text(data.targets)),
    ]
    if let (field, expected, found) = fields.first(where: { $0.1 != $0.2 }) {
      throw .otherFactors(field: field, expected: expected, found: found, file: path)
    }
  }
}

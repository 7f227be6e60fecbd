// Letters: n examples, T positions, O left width, I right width, C outputs.
import Datasets
import Factors
import Networks
import Storage
import Tensors

/// A sealed file of per-example gradients in factored form, with outputs, ids and labels.
///
///     ∇_W f(z_i) = Σ_t left[i,t] ⊗ right[i,t]        ∇_b f(z_i) = Σ_t left[i,t]
///
/// Rows are checked against their checksums the first time they are read.
public struct FactorFile: Sendable {
  /// Where it is.
  public let path: String
  /// The seal's digest, which stands for all of it.
  public let digest: Digest
  /// Its layers and targets.
  public let layout: FactorLayout
  /// The examples: ids and labels, without inputs.
  public let data: Dataset
  private let rows: [ExampleID: Int]
  private let outputs: CheckedRows
  private let rights: [CheckedRows?]
  private let lefts: [String: [CheckedRows]]

  /// Opens a file; its seal is checked.
  ///
  /// - Throws: `StorageError` for a file that is damaged, of another kind or version, or whose parts
  ///   do not fit together.
  public init(_ path: String) throws {
    let file = try SealedFile(path)
    guard case .text(FactorFileWriter.format) = try file.hdf5.attribute("format") else {
      throw StorageError.inconsistent(problem: "it is no file of factors", file: path)
    }
    guard case .integer(let version) = try file.hdf5.attribute("version"),
      version == FactorFileWriter.version
    else {
      var found = 0
      if case .integer(let version) = try file.hdf5.attribute("version") { found = Int(version) }
      throw StorageError.unsupportedVersion(
        found: found, newest: Int(FactorFileWriter.version), file: path)
    }
    (self.path, digest) = (path, file.digest)
    outputs = try file.rows("outputs")
    let n = outputs.rowCount
    let targets = try FactorFile.targets(file, count: n)
    layout = try FactorFile.layout(file, outputs: outputs.rowLength)
    rights = try layout.layers.map { layer in
      guard layer.inputs != nil else { return nil }
      return try FactorFile.rows(file, FactorLayout.rightName(layer.name), n, layer.rightCount)
    }
    var lefts: [String: [CheckedRows]] = [:]
    for target in layout.targets {
      lefts[target.name] = try layout.layers.map { [layout] layer in
        try FactorFile.rows(
          file, FactorLayout.leftName(layer.name, target), n, layout.leftCount(layer, target))
      }
    }
    self.lefts = lefts
    let ids = try file.hdf5.dataset("ids").readStrings().map { ExampleID($0) }
    rows = Dictionary(zip(ids, 0...), uniquingKeysWith: { first, _ in first })
    guard ids.count == n, rows.count == n else {
      throw StorageError.inconsistent(
        problem: "\(rows.count) different ids for \(n) rows", file: path)
    }
    data = Dataset(
      ids: ids, inputs: Tensor(uninitialized: [n, 0]), targets: targets, origin: file.digest)
  }

  private static func rows(
    _ file: SealedFile, _ name: String, _ count: Int, _ length: Int
  ) throws -> CheckedRows {
    let rows = try file.rows(name)
    guard rows.rowCount == count, rows.rowLength == length, rows.type == .float32 else {
      throw StorageError.wrongShape(
        name: name, expected: [count, length], found: [rows.rowCount, rows.rowLength],
        file: file.path)
    }
    return rows
  }

  private static func targets(_ file: SealedFile, count: Int) throws -> Targets {
    let labels = try file.rows("labels")
    guard labels.rowCount == count else {
      throw StorageError.wrongShape(
        name: "labels", expected: [count], found: [labels.rowCount], file: file.path)
    }
    guard labels.type == .int64 else {
      return .values(
        Tensor(try labels.matrix(0..<count).elements, shape: [count, labels.rowLength]))
    }
    let names = try file.hdf5.dataset("classes").readStrings()
    let classes = try labels.values(Int64.self)
    guard let least = classes.min(), let most = classes.max(), least >= 0, most < names.count
    else {
      throw StorageError.inconsistent(problem: "a label beyond the classes", file: file.path)
    }
    return .classes(classes.map { Int32($0) }, names: names)
  }

  private static func layout(_ file: SealedFile, outputs: Int) throws -> FactorLayout {
    guard case .integer(let functions) = try file.hdf5.attribute("functions"),
      functions > 0, functions <= outputs
    else {
      throw StorageError.inconsistent(problem: "no number of functions", file: file.path)
    }
    let targets = try file.hdf5.dataset("targets").readStrings().map {
      guard let target = GradientSource.Target(name: $0) else {
        throw StorageError.inconsistent(problem: "factors of \($0)", file: file.path)
      }
      return target
    }
    guard let first = targets.first else {
      throw StorageError.inconsistent(problem: "factors of nothing", file: file.path)
    }
    let width = first == .jacobian ? Int(functions) : 1
    let layers = try file.hdf5.dataset("layers").readStrings().map { name in
      let left = try file.hdf5.dataset(FactorLayout.leftName(name, first)).shape
      guard left.count == 3, FactorLayout.fits(Array(left.dropFirst())), left[2] % width == 0
      else {
        throw StorageError.wrongShape(
          name: FactorLayout.leftName(name, first), expected: [width], found: left,
          file: file.path)
      }
      let right = FactorLayout.rightName(name)
      guard file.hdf5.contains(right) else {
        return FactorLayout.Layer(
          name: name, positions: left[1], outputs: left[2] / width, inputs: nil, hasBias: false)
      }
      let inputs = try file.hdf5.dataset(right).shape.last ?? 0
      guard FactorLayout.fits([left[1], left[2], inputs]) else {
        throw StorageError.tooLarge(name: right, shape: left, file: file.path)
      }
      return FactorLayout.Layer(
        name: name, positions: left[1], outputs: left[2] / width, inputs: inputs,
        hasBias: try file.hdf5.attribute("bias", of: right) == .integer(1))
    }
    return FactorLayout(
      layers: layers, outputCount: outputs, targets: targets, functionCount: Int(functions))
  }

  // MARK: Rows

  /// The rows of examples by their ids.
  ///
  /// - Throws: `GradientError.noExample`.
  func rows(of ids: [ExampleID]) throws(GradientError) -> [Int] {
    var found: [Int] = []
    found.reserveCapacity(ids.count)
    for id in ids {
      guard let row = rows[id] else { throw .noExample(id: "\(id)", file: path) }
      found.append(row)
    }
    return found
  }

  /// Outputs, rows × C.
  func outputs(_ rows: ArraySlice<Int>) throws -> Tensor {
    try read(outputs, rows, [layout.outputCount])
  }

  /// Right sides of a layer, rows × T × I; nil where they are 1.
  func right(_ layer: Int, _ rows: ArraySlice<Int>) throws -> Tensor? {
    guard let source = rights[layer], let inputs = layout.layers[layer].inputs else { return nil }
    return try read(source, rows, [layout.layers[layer].positions, inputs])
  }

  /// Left sides of a layer, rows × T × O, or × S · O.
  func left(
    _ layer: Int, _ target: GradientSource.Target, _ rows: ArraySlice<Int>
  ) throws -> Tensor {
    guard let source = lefts[target.name] else {
      throw StorageError.missingObject(name: "left/\(target.name)", file: path)
    }
    let own = layout.layers[layer]
    return try read(source[layer], rows, [own.positions, layout.leftWidth(own, target)])
  }

  /// Rows in the given order; those that follow one another are read together.
  private func read(
    _ source: CheckedRows, _ rows: ArraySlice<Int>, _ shape: [Int]
  ) throws -> Tensor {
    let result = Tensor(uninitialized: [rows.count] + shape)
    var place = rows.startIndex
    while place < rows.endIndex {
      var end = place + 1
      while end < rows.endIndex && rows[end] == rows[end - 1] + 1 { end += 1 }
      try source.read(
        rows[place]..<rows[place] + (end - place),
        into: result.storage.base + (place - rows.startIndex) * source.rowLength,
        checks: .firstRead)
      place = end
    }
    return result
  }
}

// Letters: Q queries, M masks, d components, B rows of a pass, T positions, W activations.
import Datasets
import Networks
import Randomness
import Tensors

/// f of queries while parts of the network are taken away: one batch mixes many (query, mask) pairs.
///
/// Nothing edits weights. What lies before the first place where the masks of a call differ is computed
/// once a query and shared. In order of priority: each pair's own result, the same bits for any thread
/// count (rows of a pass are fixed by the queries and masks of a call), speed.
public struct MaskedOutputs: Sendable {
  /// The network, of whose parameters no gradients are taken.
  let network: Network
  let parameters: Tensor
  /// The components that masks are about.
  public let components: ComponentSet
  /// The queries, Q of them, with the targets that are asked about.
  public let queries: Dataset
  /// What is measured of each.
  public let function: OutputFunction
  /// What is in the place of what is taken away.
  public let ablation: Ablation
  let filling: AblationFilling
  /// The place of each component's point.
  private let placeOfPoint: [Int: Int]
  private let unitsOfPoint: [Int: Int]
  private let targets: TargetValues
  /// The input whose activations each query gets, Q of them; nil: drawn, or none.
  let pairs: Tensor?
  /// Places of components that are away under every mask.
  private(set) var gone: [Int] = []
  /// Examples that means are of, and the seed of their draws.
  private let reference: Dataset?
  private let seed: UInt64

  /// Rows of a pass at the most.
  static let rowsAtATime = 256
  /// Queries whose shared activations are held at a time.
  static let queriesAtATime = 512

  /// - Parameters:
  ///   - reference: examples that means and other examples' activations are of.
  ///   - pairs: with `resample` the input whose activations each query gets, Q × input shape, such as
  ///     a corrupted prompt (activation patching); nil: one of `reference`, drawn.
  ///   - seed: of the draws of `reference`.
  /// - Throws: `ComponentError.notDefined` for a function that these targets do not have, and for an
  ///   ablation that needs a reference set where there is none; `.request` for pairs of another
  ///   ablation, of another number or shape than the queries, or of other lengths.
  public init(
    _ network: Network, parameters: Tensor, components: ComponentSet, queries: Dataset,
    function: OutputFunction, ablation: Ablation = .zero, reference: Dataset? = nil,
    pairs: Tensor? = nil, seed: UInt64 = 0
  ) throws(ComponentError) {
    let targets = TargetValues(queries.targets)
    guard function.accepts(targets) else {
      throw .notDefined(
        name: function.rawValue, reason: "the targets do not have it", field: "‹outputFunction›")
    }
    guard queries.count > 0 else {
      throw .request(
        problem: "there is no query", field: "‹queries›", remedy: "ask about one example or more")
    }
    if let pairs {
      try MaskedOutputs.require(pairs, of: queries, network, ablation)
    }
    self.network = network.withoutSelection
    (self.parameters, self.components, self.queries) = (parameters, components, queries)
    (self.function, self.ablation, self.targets) = (function, ablation, targets)
    (self.pairs, self.reference, self.seed) = (pairs, reference, seed)
    placeOfPoint = Dictionary(
      uniqueKeysWithValues: components.groups.map { ($0.point, network.place(of: $0) ?? 0) })
    unitsOfPoint = Dictionary(
      uniqueKeysWithValues: components.groups.map { ($0.point, $0.units) })
    filling = try AblationFilling(
      ablation, of: components.groups, self.network, parameters, queries: queries.count,
      reference: reference, pairs: pairs, seed: seed)
  }

  /// Positions of a pair must be those of its query: activations change places one by one.
  private static func require(
    _ pairs: Tensor, of queries: Dataset, _ network: Network, _ ablation: Ablation
  ) throws(ComponentError) {
    guard ablation == .resample else {
      throw .request(
        problem: "ablation \(ablation.description) takes nothing from other examples",
        field: "‹pairs›", remedy: "add ‹ablation: resample›, or leave ‹pairs› out")
    }
    guard pairs.shape == queries.inputs.shape else {
      throw .request(
        problem: "pairs of shape \(pairs.shape) for queries of \(queries.inputs.shape)",
        field: "‹pairs›", remedy: "give one example for each query")
    }
    guard queries.vocabulary != nil || queries.tokenizer != nil else { return }
    let width = pairs.rowLength
    func length(_ tokens: Tensor, _ row: Int) -> Int {
      (0..<width).prefix(while: { tokens[row * width + $0] >= 0 }).count
    }
    for (row, id) in queries.ids.enumerated() {
      let (own, other) = (length(queries.inputs, row), length(pairs, row))
      guard own == other else {
        throw .request(
          problem: "query \(id) has \(own) tokens, its pair \(other)", field: "‹pairs›",
          remedy: "pair it with a text of as many tokens: activations change places one by one")
      }
    }
  }

  /// Number of queries Q.
  public var count: Int { queries.count }

  /// The same without some components, whatever masks say: what is left is asked about.
  ///
  /// Methods that make no masks see the whole network still.
  public func without(_ places: [Int]) -> MaskedOutputs {
    var copy = self
    copy.gone = Set(gone + places).sorted()
    return copy
  }

  /// Masks that take away what is gone, too.
  private func narrowed(_ masks: Matrix<Float>) -> Matrix<Float> {
    guard !gone.isEmpty else { return masks }
    let copy = Matrix(masks.elements, rows: masks.rows, columns: masks.columns)
    for row in 0..<masks.rows {
      for place in gone { copy.storage.base[row * masks.columns + place] = 0 }
    }
    return copy
  }

  /// f of every query under some masks.
  ///
  /// - Parameter masks: M × d; 1 keeps a component, 0 takes it away, what is between does so in part.
  /// - Returns: M × Q.
  public func values(_ masks: Matrix<Float>) -> Matrix<Float> {
    let result = Matrix<Float>(uninitialized: masks.rows, count)
    let target = result.storage
    let masks = narrowed(masks)
    let changed = changedComponents(masks)
    let shared = sharedComponents(masks, changed)
    let own = shared.isEmpty ? changed : changed.map { $0.filter { !shared.contains($0) } }
    forEachSlice(
      own.map(firstPlace(of:)),
      sharing: { rows, filling in
        masksByPoint([Int](repeating: 0, count: rows), filling, masks, [Array(shared)])
      }
    ) { slice in
      let outputs = network.forward(
        from: slice.prefix,
        network.pass(
          parameters, batch: slice.queries.count, for: .outputs,
          ablation: masksByPoint(slice.masks, slice.filling, masks, changed),
          startingAt: slice.prefix.place))
      let values = function.values(outputs, targets.gathered(slice.queries))
      for (row, value) in values.enumerated() {
        target.base[slice.masks[row] * count + slice.queries[row]] = value
      }
    }
    return result
  }

  /// f of every query under some masks, and its gradients by them.
  ///
  /// - Parameter masks: M × d, as in `values`.
  /// - Returns: f, M × Q, and ∂f/∂(mask), (M · Q) × d: mask by mask, within each query by query.
  ///   `scale:x` takes away 1 − x of a component, and its gradient is that much smaller. Of what is
  ///   gone (`without`) it is that of bringing it back.
  public func gradients(
    _ masks: Matrix<Float>
  ) -> (values: Matrix<Float>, gradients: Matrix<Float>) {
    let d = components.count
    let values = Matrix<Float>(uninitialized: masks.rows, count)
    let gradients = Matrix<Float>(uninitialized: masks.rows * count, d)
    let (target, room) = (values.storage, gradients.storage)
    let masks = narrowed(masks)
    let changed = changedComponents(masks)
    let start = placeOfPoint.values.min() ?? 0
    let points = Set(components.groups.map(\.point))
    forEachSlice([Int](repeating: start, count: masks.rows)) { slice in
      let pass = network.pass(
        parameters, batch: slice.queries.count, for: .maskGradients,
        ablation: keeping(
          masksByPoint(slice.masks, slice.filling, masks, changed), rows: slice.queries.count,
          slice.filling),
        observing: points, startingAt: start)
      let outputs = network.forward(from: slice.prefix, pass)
      let own = targets.gathered(slice.queries)
      for (row, value) in function.values(outputs, own).enumerated() {
        target.base[slice.masks[row] * count + slice.queries[row]] = value
      }
      network.backward(function.gradient(outputs, own), pass)
      forEachMaskGradient(in: pass) { row, place, gradient in
        room.base[(slice.masks[row] * count + slice.queries[row]) * d + place] = gradient
      }
    }
    return (values, gradients)
  }

  /// Hands out ∂f/∂m of each component for each example of a pass for mask gradients that has gone
  /// back; 0 of those that nothing came to.
  func forEachMaskGradient(
    in pass: Pass, _ body: (_ row: Int, _ place: Int, _ gradient: Float) -> Void
  ) {
    for (place, component) in components.components.enumerated() {
      let found = pass.observed.maskGradients[component.point]
      for row in 0..<pass.batch {
        body(row, place, found.map { ablation.share * $0[row, component.unit] } ?? 0)
      }
    }
  }

  /// The inputs of the reference set that statistics of activations are over; nil: there is none.
  var referenceInputs: Tensor? {
    guard let reference, reference.count > 0 else { return nil }
    return AblationFilling.inputs(of: reference, seed: seed)
  }

  /// Masks that keep everything, with the values that gradients by them are taken against.
  ///
  /// - Parameter known: those of some points already.
  func keeping(
    _ known: [Int: AblationMask] = [:], rows: Int, _ filling: AblationFilling.Rows
  ) -> [Int: AblationMask] {
    guard ablation.needsReference else { return known }
    var masks = known
    for group in components.groups where masks[group.point] == nil {
      masks[group.point] = AblationMask(
        mask: Tensor(repeating: 1, shape: [rows, group.units]),
        value: filling.value(at: group.point))
    }
    return masks
  }

  /// ∂f/∂z of some queries from their outputs.
  func slopes(_ outputs: Tensor, of block: Range<Int>) -> Tensor {
    function.gradient(outputs, targets.gathered(Array(block)))
  }

  /// Rows that go through the network together.
  private struct Slice: Sendable {
    let prefix: Prefix
    /// Mask and query of each row.
    let masks, queries: [Int]
    /// What fills the places of what is taken away, for these rows.
    let filling: AblationFilling.Rows
  }

  /// Cuts all pairs of masks and queries into slices and hands them to the workers.
  ///
  /// - Parameters:
  ///   - places: where the passes of each mask begin.
  ///   - shared: the masks of so many rows up to there.
  private func forEachSlice(
    _ places: [Int],
    sharing shared: (Int, AblationFilling.Rows) -> [Int: AblationMask] = { _, _ in [:] },
    _ body: @Sendable (Slice) -> Void
  ) {
    let kinds = Set(places).sorted()
    let rows = network.examplesAtATime(atMost: MaskedOutputs.rowsAtATime)
    for block in (0..<count).blocks(of: MaskedOutputs.queriesAtATime) {
      let filling = filling.rows(of: block)
      let prefixes = network.uncheckedPrefixes(
        queries.inputs.gathered(Array(block)), before: kinds, parameters: parameters,
        ablation: shared(block.count, filling))
      var pieces: [(prefix: Prefix, masks: [Int], queries: [Int])] = []
      for (place, prefix) in zip(kinds, prefixes) {
        let masks = places.indices.filter { places[$0] == place }
        for range in (0..<masks.count * block.count).blocks(of: rows) {
          pieces.append(
            (
              prefix, range.map { masks[$0 / block.count] },
              range.map { block.lowerBound + $0 % block.count }
            ))
        }
      }
      let work = pieces
      Workers.run(slices: work.count) { index in
        let piece = work[index]
        let own = piece.queries.map { $0 - block.lowerBound }
        body(
          Slice(
            prefix: piece.prefix.gathered(own), masks: piece.masks, queries: piece.queries,
            filling: filling.gathered(own)))
      }
    }
  }

  /// The components that each mask changes.
  private func changedComponents(_ masks: Matrix<Float>) -> [[Int]] {
    precondition(masks.columns == components.count, "\(masks.columns) of \(components.count)")
    return (0..<masks.rows).map { row in
      let values = masks.storage.base + row * masks.columns
      return (0..<masks.columns).filter { values[$0] != 1 }
    }
  }

  /// Those that all of several masks change in the same way.
  private func sharedComponents(_ masks: Matrix<Float>, _ changed: [[Int]]) -> Set<Int> {
    guard masks.rows > 1, let first = changed.first else { return [] }
    return Set(
      first.filter { place in
        (1..<masks.rows).allSatisfy { masks[$0, place] == masks[0, place] }
      })
  }

  /// The last place from which a pass goes through all that a mask changes.
  private func firstPlace(of changed: [Int]) -> Int {
    changed.compactMap { placeOfPoint[components.components[$0].point] }.min()
      ?? network.places.upperBound - 1
  }

  /// - Parameters:
  ///   - rows: the mask of each row of a pass.
  ///   - changed: by mask, the components that it changes.
  private func masksByPoint(
    _ rows: [Int], _ filling: AblationFilling.Rows, _ masks: Matrix<Float>, _ changed: [[Int]]
  ) -> [Int: AblationMask] {
    var found: [Int: Tensor] = [:]
    for (row, mask) in rows.enumerated() {
      for place in changed[mask] {
        let component = components.components[place]
        let point = component.point
        let width = unitsOfPoint[point] ?? 0
        let tensor = found[point] ?? Tensor(repeating: 1, shape: [rows.count, width])
        tensor.storage.base[row * width + component.unit] =
          ablation.off + ablation.share * masks.storage.base[mask * masks.columns + place]
        found[point] = tensor
      }
    }
    return Dictionary(
      uniqueKeysWithValues: found.map {
        ($0, AblationMask(mask: $1, value: filling.value(at: $0)))
      })
  }
}

// Letters: n examples, k features, T positions.
import Gradients
import Networks
import Projections

/// What projected gradients take: of an example, and before the first.
public struct CollectionCost: Sendable {
  /// Flops of one example: through the network and the projector.
  public let example: Double
  /// Flops of the projector itself: the landmarks' gradients, kernel and factor.
  public let setup: Double
  /// Bytes that the projector holds.
  public let heldBytes: Int
  private let shape: WorkShape
  private let features: Int
  private let functions: Int
  private let isLandmarks: Bool

  /// Bytes of a block's gradients as flops are counted: fixed, whatever `Memory.blockBytes` is.
  private static let blockBytes = 512 << 20

  /// The cost of a projection's features.
  ///
  /// - Parameter functions: what is differentiated.
  init(_ shape: WorkShape, _ projection: ProjectionChoice, _ functions: WorkShape.Functions) {
    let count = shape.count(functions)
    let footprint = shape.footprint
    let pass = footprint.passFlops(functions: count)
    isLandmarks = projection.kind == .landmarks
    features = isLandmarks ? min(projection.dimension, shape.examples) : projection.dimension
    (self.shape, self.functions) = (shape, count)
    guard isLandmarks else {
      example =
        pass
        + (projection.kind.flops(of: features, layers: footprint.layers(functions: count)) ?? 0)
      (setup, heldBytes) = (0, 0)
      return
    }
    let k = Double(features)
    let written = footprint.gradientFlops(functions: count)
    // Landmarks that have many positions are written out again for every block of examples.
    let block = Double(
      max(
        1,
        min(shape.examples, FeatureCollection.blockSize, Self.blockBytes / max(1, footprint.kept))))
    example =
      pass + footprint.pairFlops(functions: count) * k + written * (1 + k / block) + k * k
    setup = k * (pass + written) + footprint.pairFlops(functions: count) * k * k / 2 + k * k * k / 3
    heldBytes = planned(bytes: k * Double(footprint.keptBytes(functions: count)) + 4 * k * k)
  }

  /// Flops of n examples.
  public func flops(examples: Int) -> Double { setup + Double(examples) * example }

  /// The largest memory at a time, of so many examples at the most.
  public func peakBytes(examples: Int) -> Int {
    let (network, footprint) = (shape.network, shape.footprint)
    let block = network.examplesAtATime(
      atMost: max(1, min(examples, max(2, FeatureCollection.blockSize / shape.positions))),
      functions: functions)
    let passing = block * footprint.bytes(functions: functions)
    guard isLandmarks else { return passing + planned(bytes: 8 * Double(block) * Double(features)) }
    let kept = footprint.keptBytes(functions: functions)
    let held = network.examplesHeld(
      atMost: max(1, min(examples, FeatureCollection.blockSize)), atLeast: min(block, examples))
    let k = Double(features)
    return planned(bytes: (k + Double(held)) * Double(kept))
      + max(passing, footprint.sliceBytes(functions: functions, examples: held + features))
      + planned(bytes: Double(held) * 8 * k + 12 * k * k)
  }
}

extension ExampleFootprint {
  /// The gradient's layers, all functions side by side.
  func layers(functions: Int) -> [ProjectorKind.LayerSize] {
    blocks.map {
      ProjectorKind.LayerSize(
        outputs: functions * $0.left, inputs: $0.right, positions: $0.positions)
    }
  }
}

extension ProjectionChoice {
  /// How many times the flops of a two-sided random projection landmarks may take: 512 of them are
  /// worth more than 2,784 features of `kronecker` (LDS .370 and .300; METHODS.md section 3).
  public static let landmarkFactor = 8.0
  /// Bytes of landmarks' gradients up to which they are the choice.
  public static var landmarkBytes: Int { KernelChoice.limits.landmarkBytes }

  /// Features of all examples of one checkpoint up to which more of them are worth their room: 2²⁶
  /// numbers, 256 MiB.
  public static let wideCount = 1 << 26

  /// How many features a projector makes of an example unless told otherwise: 2,048; of `kronecker`,
  /// whose features cost little and err much, as many as n examples' fit into `wideCount`, a power
  /// of 2 up to 131,072.
  ///
  /// On a MiniLM of 22.7 million parameters and 500 texts, scores of `trak` correlate with those of
  /// the exact kernel by .49 to .67 at 2,048, .90 to .92 at 32,768, .95 to .97 at 131,072.
  public static func standardDimension(of kind: ProjectorKind, examples: Int) -> Int {
    guard kind == .kronecker else { return 2_048 }
    var dimension = 131_072
    while dimension > 2_048 && dimension > wideCount / max(1, examples) { dimension /= 2 }
    return dimension
  }

  /// A projector of a kind for n examples, with as many features as were asked for.
  ///
  /// - Parameters:
  ///   - dimension: nil: `standardDimension`.
  ///   - limit: most features where the dimension is open.
  public static func standard(
    _ kind: ProjectorKind, examples: Int, dimension: Int? = nil, seed: UInt64 = 0,
    atMost limit: Int = .max
  ) -> ProjectionChoice {
    ProjectionChoice(
      kind: kind,
      dimension: dimension ?? min(limit, standardDimension(of: kind, examples: examples)),
      seed: seed)
  }

  /// The projector for a network and n examples, by counted flops and bytes: the same choice on every
  /// machine.
  ///
  /// Landmarks where no weight is used at several positions. Where some are: landmarks as long as
  /// their gradients take at most `landmarkBytes`, and a checkpoint's features fewer flops than
  /// `KernelChoice.leastFlops` or `landmarkFactor` times those of `kronecker`; else `kronecker`.
  public static func standard(
    for network: Network, examples: Int, dimension: Int? = nil, seed: UInt64 = 0
  ) -> ProjectionChoice {
    let landmarks = standard(.landmarks, examples: examples, dimension: dimension, seed: seed)
    // Of a small network no more than its gradients have.
    let kronecker = standard(
      .kronecker, examples: examples, dimension: dimension, seed: seed,
      atMost: network.selectedCount)
    let shape = WorkShape(network: network, examples: examples, queries: 0)
    let layers = shape.footprint.layers(functions: 1)
    guard layers.contains(where: { $0.positions > 1 }),
      ProjectorKind.kronecker.flops(of: kronecker.dimension, layers: layers) != nil
    else { return landmarks }
    let exact = CollectionCost(shape, landmarks, .one)
    let random = CollectionCost(shape, kronecker, .one)
    let pays =
      exact.flops(examples: examples)
      <= max(KernelChoice.leastFlops, landmarkFactor * random.flops(examples: examples))
    return pays && exact.heldBytes <= landmarkBytes ? landmarks : kronecker
  }
}

// Letters: n training examples, k features.
import Datasets
import Gradients
import Networks
import Projections
import Runs
import Storage
import Tensors

/// A checkpoint with the visits that a training's steps made from it up to the next one.
///
/// Their gradients are each at the weights of its own step; at the checkpoint are those of queries.
public struct StepCheckpoint: ScoredCheckpoint {
  /// The visits of a seed, beside their features.
  public struct Visits: Sendable {
    /// The store.
    let store: FeatureStoreReader
    /// The seed's group.
    let group: String
    /// The learning rate of each visit's step.
    let rates: [Float]
    /// The training row of each visit.
    let rows: [Int]
    /// 1 over the visits of each training row.
    let shares: [Float]

    /// Reads a seed's visits.
    ///
    /// - Parameter count: n.
    /// - Throws: `StorageError`, `.inconsistent` for rows that are not of n training examples.
    public init(_ store: StepGradientStore, seed: UInt64, count: Int) throws {
      let visits = try store.visits(seed: seed)
      guard visits.rows.allSatisfy({ (0..<count).contains($0) }) else {
        throw StorageError.inconsistent(
          problem: "a visit of another row than the \(count) training examples",
          file: store.reader.path)
      }
      (self.store, group) = (store.reader, StepGradientStore.group(seed: seed))
      (rates, rows) = (visits.rates, visits.rows)
      var counts = [Int](repeating: 0, count: count)
      for row in visits.rows { counts[row] += 1 }
      shares = counts.map { 1 / Float(max(1, $0)) }
    }
  }

  /// Its name in reports.
  public let name: String
  /// The seed; rates are those of the visits.
  public let place: TrainingPlace?
  /// Where queries' gradients come from.
  public let source: any GradientProvider
  /// What the features of steps and queries are made with.
  let projector: any Projector
  /// The seed's visits.
  let visits: Visits
  /// Those of the steps from this checkpoint on, up to the next.
  let range: Range<Int>
  /// How queries and steps are put together, in a line for the user.
  let note: String

  /// A checkpoint with some visits of a seed.
  public init(
    name: String, seed: UInt64, source: any GradientProvider, projector: any Projector,
    visits: Visits,
    range: Range<Int>, note: String
  ) {
    (self.name, place) = (name, TrainingPlace(seed: seed, rate: nil))
    (self.source, self.projector, self.visits) = (source, projector, visits)
    (self.range, self.note) = (range, note)
  }

  /// The projector and that it is of steps.
  public var kernelName: String {
    "\(projector.identity.kind.rawValue) \(projector.dimension) at steps"
  }
  /// The projector's.
  public var projectionDimension: Int? { projector.dimension }
  /// No.
  public var isExact: Bool { false }
  /// None.
  public var deletedRows: [Int] { [] }
  /// No.
  public var hasTraceKernel: Bool { false }

  /// There is none.
  ///
  /// - Throws: `GradientError.stepsHaveNoCheckpoint`.
  public func kernel(_ target: KernelTarget, diagnoses: Bool) throws -> any GradientKernel {
    throw GradientError.stepsHaveNoCheckpoint(method: "a kernel", path: visits.store.path)
  }

  /// There are none.
  ///
  /// - Throws: `GradientError.stepsHaveNoCheckpoint`.
  public func residuals(_ function: OutputFunction) throws -> [Float] {
    throw GradientError.stepsHaveNoCheckpoint(
      method: "a residual of every example", path: visits.store.path)
  }
}

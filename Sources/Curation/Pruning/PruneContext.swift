// Letters: n training examples, E epochs, k features.
import Randomness
import Tensors
import Training

/// What a strategy may ask about the training examples that it chooses from.
public struct PruneContext: Sendable {
  /// Number n of training examples.
  public let count: Int
  /// The class of each as an index into `classNames`; nil where the targets are no classes.
  public let classes: [Int32]?
  /// The names of the classes; empty without.
  public let classNames: [String]
  /// Decides everything that is drawn.
  public let seed: UInt64
  let sources: any PruneSources

  /// Training examples with what is known of them.
  init(
    count: Int, classes: [Int32]? = nil, classNames: [String] = [], seed: UInt64 = 0,
    sources: any PruneSources
  ) {
    precondition(classes?.count ?? count == count, "\(classes?.count ?? 0) classes of \(count)")
    (self.count, self.classes, self.classNames) = (count, classes, classNames)
    (self.seed, self.sources) = (seed, sources)
  }

  /// What is drawn, each from a stream of its own.
  enum Draw: UInt64 {
    case ties = 0x7072_0000, random, balanced, strata, opposite, validation, texts
  }

  /// All rows in a random order.
  func randomOrder(_ draw: Draw) -> [Int] {
    RandomStream(seed: seed, purpose: .subset, index: draw.rawValue).permutation(of: count)
  }

  /// A number from 0 to below 1 for each row.
  func uniforms(_ draw: Draw) -> [Double] {
    let stream = RandomStream(seed: seed, purpose: .subset, index: draw.rawValue)
    return (0..<count).map { stream.uniform(at: UInt64($0)) }
  }

  /// All rows by falling value; equal ones in random order, NaN last.
  func order(falling values: [Float]) -> [Int] {
    precondition(values.count == count, "\(values.count) values of \(count)")
    return randomOrder(.ties).enumerated().sorted { a, b in
      let (x, y) = (values[a.element], values[b.element])
      if x.isNaN || y.isNaN { return !x.isNaN && y.isNaN || x.isNaN == y.isNaN && a.0 < b.0 }
      return x > y || x == y && a.offset < b.offset
    }.map(\.element)
  }

  /// The rows of each class; all rows as one class where there are none.
  var rowsByClass: [[Int]] {
    guard let classes else { return [Array(0..<count)] }
    var rows = [[Int]](repeating: [], count: classNames.count)
    for (row, label) in classes.enumerated() { rows[Int(label)].append(row) }
    return rows
  }
}

/// Where a strategy's knowledge comes from: a run, or numbers in a test.
protocol PruneSources: Sendable {
  /// A signal of the training, E × n for each seed.
  func epochs(of signal: ExampleSignal) throws -> [Matrix<Float>]
  /// How likely each label is wrong, n values, higher = more suspect.
  func suspicion() throws -> [Float]
  /// τ(z_i, z_i), n values.
  func selfInfluence() throws -> [Float]
  /// The mean score of each example for the others of some rows, n values; positive = helps.
  func help(for rows: [Int]) throws -> [Float]
  /// Features of all examples.
  func features() throws -> any FeatureRows
  /// The tokens of the training and of the test texts.
  func texts() throws -> PruneTexts
  /// Whether the training recorded margins.
  var hasMargins: Bool { get }
  /// How many labels are wrong, and which; nil where nobody estimates it.
  func wrongLabels() throws -> WrongLabels?
}

/// Texts as tokens, without padding.
struct PruneTexts: Sendable {
  /// Of the n training examples.
  let training: [[Int32]]
  /// Of those that they are compared with.
  let target: [[Int32]]
}

/// Features that are read by blocks of rows.
protocol FeatureRows: Sendable {
  /// Number n of rows.
  var rows: Int { get }
  /// Number k of columns.
  var columns: Int { get }
  /// Some rows, each of k values.
  func read(_ range: Range<Int>) throws -> Matrix<Float>
}

/// An estimate of how many labels are wrong, with the labels in order of suspicion.
public struct WrongLabels: Sendable, Equatable {
  /// All n rows, most suspect first.
  public let order: [Int]
  /// The lower limit of the number of wrong labels.
  public let low: Double
  /// How many of the order to drop.
  public let cut: Int

  /// An estimate.
  public init(order: [Int], low: Double, cut: Int) {
    (self.order, self.low, self.cut) = (order, low, cut)
  }
}

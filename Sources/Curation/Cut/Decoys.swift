// Letters: n training examples, D decoys, K classes.
import Datasets
import Foundation
import Randomness

/// Training examples whose labels are changed on purpose, to see how many of such are found again.
///
/// A function of the data, the kind and the seed alone.
public struct Decoys: Sendable, Equatable {
  /// How decoys are chosen.
  public enum Kind: String, Sendable, Codable, CaseIterable {
    /// Any example, any other label.
    case uniform
    /// Examples that the regression without them is unsure of, with its second choice as label.
    case hard
    /// Any example of one class with the label of another, as often as among the suspects.
    case adaptive
  }

  /// Share of the training set whose labels are changed.
  public static let share = 0.04
  /// Fewest decoys that say anything.
  public static let leastCount = 20

  /// Most of a class that becomes adaptive decoys.
  static let mostOfClass = 0.15

  /// How they were chosen.
  public let kind: Kind
  /// The rows whose labels are changed, in increasing order, D values.
  public let rows: [Int]
  /// The labels of the whole training set with the decoys', n values.
  public let labels: [Int32]

  /// Decoys in a training set of n examples: 4 % of them, at least 20.
  public static func count(of n: Int) -> Int {
    max(leastCount, Int((share * Double(n)).rounded()))
  }

  /// For each example whether it is a decoy, n values.
  public var isDecoy: [Bool] {
    var result = [Bool](repeating: false, count: labels.count)
    for row in rows { result[row] = true }
    return result
  }

  /// Any examples, any other labels.
  public static func uniform(_ labels: [Int32], classes: Int, seed: UInt64) -> Decoys {
    let streams = Streams(seed)
    var changed = labels
    let rows = streams.choice.sample(count(of: labels.count), of: labels.count)
    for row in rows {
      let other = Int32(streams.value.integer(below: classes - 1, at: UInt64(row)))
      changed[row] = other < labels[row] ? other : other + 1
    }
    return Decoys(kind: .uniform, rows: rows.sorted(), labels: changed)
  }

  /// Examples of classes and with labels as transitions say.
  ///
  /// At most 15 % of a class become decoys, so that the model still learns it: where more are asked of
  /// it there are fewer.
  ///
  /// - Parameter suspects: rows that are left alone: a label that is wrong already, changed once more,
  ///   is wrong in another way.
  public static func adaptive(
    _ labels: [Int32], _ transitions: LabelTransitions, without suspects: [Int] = [], seed: UInt64
  ) -> Decoys {
    let streams = Streams(seed)
    var waiting = [[Int]](repeating: [], count: transitions.classes)
    for row in streams.choice.permutation(of: labels.count) {
      waiting[Int(labels[row])].append(row)
    }
    var left = waiting.map { max(1, Int(mostOfClass * Double($0.count))) }
    let spared = Set(suspects)
    waiting = waiting.map { $0.filter { !spared.contains($0) } }
    var changed = labels
    var rows: [Int] = []
    for decoy in 0..<count(of: labels.count) {
      let pair = transitions.pair(at: streams.value.uniform(at: UInt64(decoy)))
      guard left[pair.suggested] > 0, let row = waiting[pair.suggested].popLast() else { continue }
      left[pair.suggested] -= 1
      changed[row] = Int32(pair.given)
      rows.append(row)
    }
    return Decoys(kind: .adaptive, rows: rows.sorted(), labels: changed)
  }

  /// Examples that the regression without them is unsure of, with its second choice as label.
  ///
  /// Drawn without replacement among those whose label it gives, with weights e^(−4 · margin): the
  /// first by −log(u)/weight (Efraimidis & Spirakis 2006).
  ///
  /// - Parameters:
  ///   - margins: leave-one-out margins, n values.
  ///   - second: the best class but the label, n values.
  public static func hard(
    _ labels: [Int32], margins: [Float], second: [Int32], seed: UInt64
  ) -> Decoys {
    let streams = Streams(seed)
    let keys = labels.indices.filter { margins[$0] > 0 }.map { row in
      (key: -log1mUniform(streams.choice, row) * exp(4 * Double(margins[row])), row: row)
    }
    let rows = keys.sorted { ($0.key, $0.row) < ($1.key, $1.row) }
      .prefix(count(of: labels.count)).map(\.row)
    var changed = labels
    for row in rows { changed[row] = second[row] }
    return Decoys(kind: .hard, rows: rows.sorted(), labels: changed)
  }

  /// log(1 − u) of a row: u < 1, so that it is finite.
  private static func log1mUniform(_ stream: RandomStream, _ row: Int) -> Double {
    log1p(-stream.uniform(at: UInt64(row)))
  }

  /// Which examples, and which labels.
  private struct Streams {
    let choice, value: RandomStream

    init(_ seed: UInt64) {
      choice = RandomStream(seed: seed, purpose: .decoy, index: 0)
      value = RandomStream(seed: seed, purpose: .decoy, index: 1)
    }
  }
}

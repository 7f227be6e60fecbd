import HeapModule
import Tensors

/// The k largest positive and k smallest negative of a stream of scores, without keeping the others.
///
/// What helped is never among what harmed, nor the other way round: a side with fewer than k scores
/// of its sign is shorter, and a score of 0 is on neither.
/// Equal scores keep the earlier row: the result does not depend on how the stream is cut.
public struct TopExamples: Sendable {
  /// A training row with its score.
  public struct Entry: Sendable, Hashable, Comparable {
    /// Row of the training set.
    public let row: Int
    /// Its score.
    public let score: Float

    /// By score; of equal scores the later row is the smaller.
    public static func < (a: Entry, b: Entry) -> Bool {
      a.score != b.score ? a.score < b.score : a.row > b.row
    }
  }

  /// An entry ordered for the lowest scores: of equal scores the earlier row comes first.
  private struct Reversed: Comparable, Sendable {
    let entry: Entry
    static func < (a: Reversed, b: Reversed) -> Bool {
      a.entry.score != b.entry.score
        ? a.entry.score > b.entry.score : a.entry.row > b.entry.row
    }
  }

  private let limit: Int
  private var high = Heap<Entry>()
  private var low = Heap<Reversed>()

  /// Room for `limit` entries at each end.
  public init(limit: Int) { self.limit = max(0, limit) }

  /// Takes a score; NaN and 0 are passed over.
  public mutating func take(row: Int, score: Float) {
    guard limit > 0, !score.isNaN else { return }
    let entry = Entry(row: row, score: score)
    if score > 0 { insert(entry) } else if score < 0 { insert(Reversed(entry: entry)) }
  }

  private mutating func insert(_ entry: Entry) {
    if high.count < limit {
      high.insert(entry)
    } else if let least = high.min, least < entry {
      high.replaceMin(with: entry)
    }
  }

  private mutating func insert(_ entry: Reversed) {
    if low.count < limit {
      low.insert(entry)
    } else if let least = low.min, least < entry {
      low.replaceMin(with: entry)
    }
  }

  /// Scores that are looked at together, for one beyond what is kept.
  private static let run = 256

  /// Takes a row of scores whose first belongs to `start`.
  ///
  /// - Complexity: a vectorised comparison for most runs of 256 scores.
  public mutating func take(_ scores: UnsafeBufferPointer<Float>, from start: Int = 0) {
    guard limit > 0, let base = scores.baseAddress else { return }
    for range in (0..<scores.count).blocks(of: TopExamples.run) {
      // A later row must be beyond what is kept; an earlier one may also be equal to it.
      let least = high.count == limit ? high.min : nil
      let most = low.count == limit ? low.min?.entry : nil
      if max(least?.row ?? -1, most?.row ?? -1) < start + range.lowerBound,
        !VectorMath.anyBeyond(
          base + range.lowerBound, count: range.count, low: most?.score ?? 0,
          high: least?.score ?? 0)
      {
        continue
      }
      for offset in range { take(row: start + offset, score: base[offset]) }
    }
  }

  /// Takes what another kept: the result is that of one that saw both streams.
  ///
  /// Associative and commutative: whoever saw which rows, and in which order, does not matter.
  ///
  /// - Precondition: both have the same limit, and saw different rows.
  public mutating func merge(_ other: TopExamples) {
    precondition(limit == other.limit, "\(limit) and \(other.limit) entries")
    for entry in other.high.unordered { insert(entry) }
    for entry in other.low.unordered { insert(entry) }
  }

  /// Largest first: the most helpful, all above 0.
  public var highest: [Entry] { high.unordered.sorted(by: >) }

  /// Smallest first: the most harmful, all below 0.
  public var lowest: [Entry] {
    low.unordered.map { Reversed(entry: $0.entry) }.sorted(by: >).map(\.entry)
  }
}

// Letters: n training texts, t tokens.
import Foundation

extension PruneStrategy {
  /// Those that the words of the test texts find first.
  ///
  ///     Σ_t q_t idf_t f_t (k₁ + 1)/(f_t + k₁(1 − b + b length/mean length)),   k₁ = 1.5, b = .75
  ///
  /// f_t is how often the text has token t, idf_t = log(1 + (n − n_t + ½)/(n_t + ½)), and q_t the share of
  /// the test texts with it: the mean over the test texts as queries. Of the test set the texts are read,
  /// not what they are to be answered with.
  static let bm25 = PruneStrategy(
    "bm25", keeps: "the texts that those of the test set find first",
    source: "Robertson & Zaragoza 2009", needs: [.texts], cost: "the tokens"
  ) { context, kept in
    let texts = try context.sources.texts()
    let values = relevance(texts.training, to: texts.target).map { Float($0) }
    return PruneSelection(first: kept, of: context.order(falling: values)) { _ in .redundant }
  }

  /// The mean score of each text for some queries.
  static func relevance(_ texts: [[Int32]], to queries: [[Int32]]) -> [Double] {
    let n = Double(texts.count)
    var having: [Int32: Double] = [:]
    for text in texts { for token in Set(text) { having[token, default: 0] += 1 } }
    var asked: [Int32: Double] = [:]
    for query in queries {
      for token in Set(query) { asked[token, default: 0] += 1 / Double(queries.count) }
    }
    let mean = Double(texts.reduce(0) { $0 + $1.count }) / max(1, n)
    return texts.map { text in
      var counts: [Int32: Double] = [:]
      for token in text { counts[token, default: 0] += 1 }
      let scale = 1.5 * (0.25 + 0.75 * Double(text.count) / max(1, mean))
      // In the order of the tokens, so that sums have one order.
      return counts.keys.sorted().reduce(0.0) { sum, token in
        guard let share = asked[token], let frequency = counts[token] else { return sum }
        let known = having[token] ?? 0
        let rarity = log(1 + (n - known + 0.5) / (known + 0.5))
        return sum + share * rarity * frequency * 2.5 / (frequency + scale)
      }
    }
  }
}

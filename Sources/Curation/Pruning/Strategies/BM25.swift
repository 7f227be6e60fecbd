// Letters: n training texts, t tokens.
import Influence

extension PruneStrategy {
  /// Those that the words of the test texts find first.
  ///
  /// `BM25Index` with the share of the test texts that have a token as its weight: the mean over the test
  /// texts as queries. Of the test set the texts are read,
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
    var asked: [Int32: Double] = [:]
    for query in queries {
      for token in Set(query) { asked[token, default: 0] += 1 / Double(queries.count) }
    }
    return BM25Index(texts).scores(asked)
  }
}

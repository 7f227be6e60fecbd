// Letters: n training texts, m queries, t terms.
import Datasets
import Factors
import Foundation
import Tensors

/// How well texts are found by the words of another.
///
///     Σ_t q_t idf_t f_t (k₁ + 1)/(f_t + k₁(1 − b + b length/mean length)),   k₁ = 1.5, b = .75
///
/// f_t is how often the text has term t, idf_t = log(1 + (n − n_t + ½)/(n_t + ½)), q_t the weight of the
/// term in the query.
///
/// - Source: Robertson & Zaragoza 2009.
package struct BM25Index: Sendable {
  private let counts: [[Int32: Double]]
  private let lengths: [Double]
  private let having: [Int32: Double]
  private let mean: Double

  /// An index of texts as terms.
  package init(_ texts: [[Int32]]) {
    counts = texts.map { $0.reduce(into: [:]) { $0[$1, default: 0] += 1 } }
    lengths = texts.map { Double($0.count) }
    having = counts.reduce(into: [:]) { all, text in
      for term in text.keys { all[term, default: 0] += 1 }
    }
    mean = lengths.reduce(0, +) / Double(max(1, texts.count))
  }

  /// The score of every text for some terms with weights, n values.
  package func scores(_ asked: [Int32: Double]) -> [Double] {
    let n = Double(counts.count)
    // In the order of the terms, so that sums have one order.
    let terms = asked.sorted { $0.key < $1.key }.map { term, share in
      (term, share * log(1 + (n - (having[term] ?? 0) + 0.5) / ((having[term] ?? 0) + 0.5)))
    }
    return zip(counts, lengths).map { text, length in
      let scale = 1.5 * (0.25 + 0.75 * length / max(1, mean))
      return terms.reduce(0.0) { sum, term in
        guard let frequency = text[term.0] else { return sum }
        return sum + term.1 * frequency * 2.5 / (frequency + scale)
      }
    }
  }
}

/// `bm25`: training texts by the words that they share with the query; no network.
///
/// Terms are the words of the decoded text, lowercased; without a tokenizer its tokens. What the other
/// methods must beat on texts: a score that knows nothing of the model.
struct BM25: WholeExampleScorer {
  static let noParts = (
    token: "bm25 is of whole texts",
    component: "bm25 knows no network"
  )

  private let index: BM25Index
  private let terms: TextTerms

  init(_ context: ScoringContext) throws {
    terms = TextTerms(context.training)
    index = BM25Index(terms.terms(of: context.training))
  }

  var notes: [String] { [terms.note] }

  func scores(of queries: Dataset, mean: Bool) throws -> any TrainingProducts {
    let asked = terms.terms(of: queries)
    let rows = Workers.map(slices: asked.count) { query in
      index.scores(asked[query].reduce(into: [:]) { $0[$1, default: 0] += 1 })
    }
    let n = rows.first?.count ?? 0
    let result = Matrix<Float>(rows: mean ? 1 : rows.count, columns: n)
    for (query, row) in rows.enumerated() {
      for (i, value) in row.enumerated() {
        if mean {
          result.storage.base[i] += Float(value / Double(max(1, rows.count)))
        } else {
          result.storage.base[query * n + i] = Float(value)
        }
      }
    }
    return HeldProducts(result)
  }

  func selfScores(of training: Dataset) throws -> [Float] {
    let rows = terms.terms(of: training)
    return Workers.map(slices: rows.count) { row in
      Float(index.scores(rows[row].reduce(into: [:]) { $0[$1, default: 0] += 1 })[row])
    }
  }
}

/// Texts as terms.
struct TextTerms: Sendable {
  private let vocabulary: [String: Int32]
  private let decodes: Bool

  static func isText(_ data: Dataset) -> Bool {
    if case .tokens = data.targets { return true }
    return data.tokenizer != nil
  }

  init(_ training: Dataset) {
    decodes = training.tokenizer != nil
    var vocabulary: [String: Int32] = [:]
    for row in 0..<training.count {
      for word in TextTerms.words(training, row) where vocabulary[word] == nil {
        vocabulary[word] = Int32(vocabulary.count)
      }
    }
    self.vocabulary = vocabulary
  }

  var note: String {
    decodes
      ? "terms are the words of the texts, lowercased" : "terms are tokens: there is no tokenizer"
  }

  /// The terms of every text; words that no training text has are left out, and score nothing.
  func terms(of data: Dataset) -> [[Int32]] {
    (0..<data.count).map { row in
      decodes
        ? TextTerms.words(data, row).compactMap { vocabulary[$0] } : TextTerms.tokens(data, row)
    }
  }

  private static func tokens(_ data: Dataset, _ row: Int) -> [Int32] {
    let width = data.featureCount
    return (0..<width).map { Int32(data.inputs.storage.base[row * width + $0]) }.filter { $0 >= 0 }
  }

  private static func words(_ data: Dataset, _ row: Int) -> [String] {
    guard let tokenizer = data.tokenizer else { return [] }
    return tokenizer.text(of: tokens(data, row).map { Int($0) }).lowercased()
      .split { !($0.isLetter || $0.isNumber) }.map(String.init)
  }
}

extension Method {
  /// Words in common.
  public static let bm25 = Method(
    name: "bm25", title: "words that the texts share, the rarer the more: no network",
    source: "Robertson & Zaragoza 2009", gradients: .loss, scope: .data, unit: .similarity,
    needs: [.layers, .texts], cost: { $0.words() }, prepare: { try BM25($0) })
}

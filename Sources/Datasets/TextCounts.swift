import Foundation
import Tensors

/// How long the texts of a source are, and what became of them.
public struct TextCounts: Codable, Equatable, Sendable {
  /// The texts that are used.
  public let texts: Int
  /// Tokens of the shortest and the longest text and their mean, special tokens around it included,
  /// before texts are cut.
  public let least, greatest: Int
  /// The mean.
  public let mean: Double
  /// Texts that are cut off at the length, and their tokens beyond it.
  public let cutTexts, cutTokens: Int
  /// Texts without a letter, or without a token to predict, that were passed over on request.
  public let emptyTexts: Int
  /// Tokens to predict in all texts; nil where texts have labels.
  public let predictedTokens: Int?

  /// - Parameter lengths: tokens of each text, at least one text.
  init(
    lengths: [Int], length: Int, emptyTexts: Int = 0, cutsTexts: Bool = true, predicted: Int?
  ) {
    texts = lengths.count
    (least, greatest) = (lengths.min() ?? 0, lengths.max() ?? 0)
    mean = Double(lengths.reduce(0, +)) / Double(max(1, lengths.count))
    let cut = cutsTexts ? lengths.filter { $0 > length } : []
    (cutTexts, cutTokens) = (cut.count, cut.reduce(0) { $0 + $1 - length })
    self.emptyTexts = emptyTexts
    predictedTokens = predicted
  }

  /// Of sequences that are as they are: n × T ids, padding below 0.
  init(_ inputs: Tensor) {
    let width = inputs.rowLength
    let lengths = (0..<inputs.shape[0]).map { row in
      (0..<width).count { inputs.storage.base[row * width + $0] >= 0 }
    }
    self.init(
      lengths: lengths, length: width, predicted: lengths.reduce(0) { $0 + max(0, $1 - 1) })
  }

  /// For reading: `lengths of 12 texts: 3 to 80 tokens, mean 21.4; 214 tokens to predict`.
  var line: String {
    "lengths of \(texts) \(texts == 1 ? "text" : "texts"): \(least) to \(greatest) tokens, mean "
      + String(format: "%.1f", mean)
      + (predictedTokens.map { "; \($0) tokens to predict" } ?? "")
  }
}

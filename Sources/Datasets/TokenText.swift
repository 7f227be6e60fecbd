import Tensors

/// Sequences of tokens as text.
public enum TokenText {
  /// The text of one example of a dataset up to its padding, or nil when its inputs are no tokens.
  ///
  /// By the tokenizer where there is one, so that tokens which are parts of a character make one.
  public static func text(of row: Int, in data: Dataset) -> String? {
    if let tokenizer = data.tokenizer {
      return oneLine(tokenizer.text(of: ids(of: row, data.inputs), .kept))
    }
    return data.vocabulary.map { text(of: row, data.inputs, $0) }
  }

  /// The tokens of one sequence up to its padding, one after the other.
  ///
  /// Line ends stand as ⏎, so that a text fits in a line.
  public static func text(of row: Int, _ tokens: Tensor, _ vocabulary: [String]) -> String {
    pieces(of: row, tokens, vocabulary).joined()
  }

  /// The text of each token of one sequence up to its padding.
  ///
  /// Tokens that are whole numbers (of an array without a vocabulary) have a space before them, but
  /// for the first.
  public static func pieces(of row: Int, _ tokens: Tensor, _ vocabulary: [String]) -> [String] {
    let areNumbers = vocabulary.count > 1 && vocabulary[1] == "1" && vocabulary[0] == "0"
    return ids(of: row, tokens).enumerated().map { place, id in
      (areNumbers && place > 0 ? " " : "") + oneLine(id < vocabulary.count ? vocabulary[id] : "?")
    }
  }

  /// The tokens of one sequence up to its padding.
  static func ids(of row: Int, _ tokens: Tensor) -> [Int] {
    let width = tokens.rowLength
    return (0..<width).map { Int(tokens[row * width + $0]) }.prefix { $0 >= 0 }.map(\.self)
  }

  private static func oneLine(_ text: String) -> String {
    text.contains("\n") || text.contains("\r\n")
      ? String(text.map { $0.isNewline ? "⏎" : $0 }) : text
  }
}

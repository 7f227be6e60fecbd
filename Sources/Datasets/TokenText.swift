import Tensors

/// Sequences of tokens as text.
public enum TokenText {
  /// The tokens of one sequence up to its padding, one after the other.
  ///
  /// Tokens that are whole numbers (of an array without a vocabulary) are set apart by spaces. Line
  /// ends stand as ⏎, so that a text fits in a line.
  public static func text(of row: Int, _ tokens: Tensor, _ vocabulary: [String]) -> String {
    pieces(of: row, tokens, vocabulary).joined(
      separator: vocabulary.count > 1 && vocabulary[1] == "1" && vocabulary[0] == "0" ? " " : "")
  }

  /// The text of each token of one sequence up to its padding.
  public static func pieces(of row: Int, _ tokens: Tensor, _ vocabulary: [String]) -> [String] {
    let width = tokens.rowLength
    return (0..<width).map { Int(tokens[row * width + $0]) }.prefix { $0 >= 0 }.map { id in
      let piece = id < vocabulary.count ? vocabulary[id] : "?"
      return piece == "\n" ? "⏎" : piece
    }
  }
}

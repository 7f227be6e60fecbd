/// How a word becomes tokens: the `model` of a tokenizer.json.
enum TokenModel: Sendable {
  case bytePairs(BytePairModel)
  case wordPieces(WordPieceModel)
  case unigrams(UnigramModel)

  /// The tokens of a word, each with the place of its first scalar in the word.
  func tokens(of word: [Unicode.Scalar]) -> [Token] {
    switch self {
    case .bytePairs(let model): model.tokens(of: word)
    case .wordPieces(let model): model.tokens(of: word)
    case .unigrams(let model): model.tokens(of: word)
    }
  }

  struct Token: Sendable, Equatable {
    let id: Int32
    let place: Int
  }
}

/// The tokens of words that were seen before.
///
/// Words repeat: of a megabyte of English nine in ten are known.
package struct WordMemory {
  private var known: [[Unicode.Scalar]: [TokenModel.Token]] = [:]

  package init() {}

  mutating func tokens(of word: [Unicode.Scalar], by model: TokenModel) -> [TokenModel.Token] {
    if word.count > 64 { return model.tokens(of: word) }
    if let tokens = known[word] { return tokens }
    let tokens = model.tokens(of: word)
    if known.count >= 200_000 { known = [:] }
    known[word] = tokens
    return tokens
  }
}

/// Greedy longest match from the left, as in BERT.
struct WordPieceModel: Sendable {
  let ids: [[Unicode.Scalar]: Int32]
  let unknown: Int32
  /// What begins pieces that do not begin a word.
  let continuing: [Unicode.Scalar]
  /// Longer words are unknown.
  let longestWord: Int
  private let longestToken: Int

  init(
    ids: [[Unicode.Scalar]: Int32], unknown: Int32, continuing: [Unicode.Scalar], longestWord: Int
  ) {
    (self.ids, self.unknown) = (ids, unknown)
    (self.continuing, self.longestWord) = (continuing, longestWord)
    longestToken = ids.keys.lazy.map(\.count).max() ?? 0
  }

  /// The pieces of a word, or the unknown token alone when one is missing.
  func tokens(of word: [Unicode.Scalar]) -> [TokenModel.Token] {
    let failure = [TokenModel.Token(id: unknown, place: 0)]
    guard word.count <= longestWord else { return failure }
    var tokens: [TokenModel.Token] = []
    var start = 0
    while start < word.count {
      let prefix = start > 0 ? continuing : []
      let longest = min(word.count, start + longestToken)
      guard
        let end = stride(from: longest, to: start, by: -1).first(where: {
          ids[prefix + word[start..<$0]] != nil
        }), let id = ids[prefix + word[start..<end]]
      else { return failure }
      tokens.append(TokenModel.Token(id: id, place: start))
      start = end
    }
    return tokens
  }
}

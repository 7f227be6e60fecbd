/// The likeliest way to cut a word into tokens, each as likely as it is by itself.
///
///     max over cuts of Σ score(token),   score of an unknown scalar: least score − 10
///
/// Viterbi's algorithm over the scalars of the word, O(n · longest token); of equally likely ways to a
/// place the one that is found first: of tokens that begin earlier.
/// - Source: Kudo 2018, *Subword regularization*; details as in the `tokenizers` library.
struct UnigramModel: Sendable {
  /// The ids by text.
  let ids: [[Unicode.Scalar]: Int32]
  /// The log-probability of each id.
  let scores: [Double]
  /// What scalars without a token become, those in a row one token; nil: nothing.
  let unknown: Int32?
  /// The tokens `<0x00>` … `<0xFF>`, where those stand for what is unknown.
  let bytes: [Int32?]?
  private let unknownScore: Double
  /// The node behind a node (high half) and a scalar (low half); 0 is the root.
  private var edges: [UInt64: Int32] = [:]
  /// The id that ends at each node, −1 without.
  private var ends: [Int32] = [-1]

  /// - Parameter scores: one a token, all finite.
  init(
    ids: [[Unicode.Scalar]: Int32], scores: [Double], unknown: Int32?, bytes: [Int32?]?
  ) {
    (self.ids, self.scores, self.unknown, self.bytes) = (ids, scores, unknown, bytes)
    unknownScore = (scores.min() ?? 0) - 10
    for (text, id) in ids where !text.isEmpty && scores.indices.contains(Int(id)) {
      var node: Int32 = 0
      for scalar in text {
        let key = Self.edge(node, scalar)
        if let next = edges[key] {
          node = next
        } else {
          node = Int32(ends.count)
          edges[key] = node
          ends.append(-1)
        }
      }
      ends[Int(node)] = id
    }
  }

  private static func edge(_ node: Int32, _ scalar: Unicode.Scalar) -> UInt64 {
    UInt64(node) << 32 | UInt64(scalar.value)
  }

  /// The best way to a place of the word.
  private struct Way {
    var score = 0.0
    /// Where its last token begins; −1: there is no way yet.
    var start = -1
    /// Its last token; −1: a scalar without one.
    var id: Int32 = -1

    mutating func offer(_ score: Double, from start: Int, _ id: Int32) {
      if self.start < 0 || score > self.score { self = Way(score: score, start: start, id: id) }
    }
  }

  func tokens(of word: [Unicode.Scalar]) -> [TokenModel.Token] {
    var tokens: [TokenModel.Token] = []
    for part in parts(of: word) {
      if part.id >= 0 {
        tokens.append(TokenModel.Token(id: part.id, place: part.range.lowerBound))
      } else if let id = ids[Array(word[part.range])] {
        // Scalars without a token that together are one.
        tokens.append(TokenModel.Token(id: id, place: part.range.lowerBound))
      } else if let found = bytes(of: word[part.range]) {
        tokens += found.map { TokenModel.Token(id: $0.id, place: $0.place) }
      } else if let unknown {
        tokens.append(TokenModel.Token(id: unknown, place: part.range.lowerBound))
      }
    }
    return tokens
  }

  /// The tokens of the likeliest way; −1 for scalars without one, those in a row together.
  private func parts(of word: [Unicode.Scalar]) -> [(range: Range<Int>, id: Int32)] {
    var ways = [Way](repeating: Way(), count: word.count + 1)
    for start in word.indices {
      let here = ways[start].score
      var hasSingle = false
      var node: Int32 = 0
      for end in start..<word.count {
        guard let next = edges[Self.edge(node, word[end])] else { break }
        node = next
        let id = ends[Int(node)]
        guard id >= 0 else { continue }
        ways[end + 1].offer(scores[Int(id)] + here, from: start, id)
        if end == start { hasSingle = true }
      }
      if !hasSingle { ways[start + 1].offer(unknownScore + here, from: start, -1) }
    }
    var parts: [(range: Range<Int>, id: Int32)] = []
    var end = word.count
    while end > 0 {
      let way = ways[end]
      let isUnknown = way.id < 0 || way.id == unknown
      if isUnknown, let last = parts.last, last.id < 0, last.range.lowerBound == end {
        parts[parts.count - 1].range = way.start..<last.range.upperBound
      } else {
        parts.append((way.start..<end, isUnknown ? -1 : way.id))
      }
      end = way.start
    }
    return parts.reversed()
  }

  /// A token for each byte; nil where one is missing, or bytes are no tokens.
  private func bytes(of scalars: ArraySlice<Unicode.Scalar>) -> [(id: Int32, place: Int)]? {
    guard let bytes else { return nil }
    var found: [(id: Int32, place: Int)] = []
    for (place, scalar) in zip(scalars.indices, scalars) {
      for byte in UTF8.encoded(scalar) {
        guard let id = bytes[Int(byte)] else { return nil }
        found.append((id, place))
      }
    }
    return found
  }
}

import JSON

extension TokenModel {
  enum Kind: String, CaseIterable { case BPE, WordPiece, Unigram }

  /// Which `model` of a tokenizer.json it is.
  static func kind(_ node: JSONNode) throws(JSONError) -> Kind {
    if let kind = try node.member(ifPresent: "type")?.choice(Kind.self) { return kind }
    // Files of old have no type; only byte pairs have merges, only unigrams lists of scores.
    if case .list = try node.member("vocab").value { return .Unigram }
    return try node.member(ifPresent: "merges") != nil ? .BPE : .WordPiece
  }

  /// The `model` of a tokenizer.json.
  init(_ node: JSONNode, _ kind: Kind, _ vocabulary: TokenVocabulary) throws(JSONError) {
    switch kind {
    case .BPE: self = .bytePairs(try BytePairModel(node, vocabulary))
    case .WordPiece: self = .wordPieces(try WordPieceModel(node, vocabulary))
    case .Unigram: self = .unigrams(try UnigramModel(node, vocabulary))
    }
  }
}

extension JSONNode {
  /// What stands before or behind symbols, of at most 64 scalars.
  fileprivate func affix(_ name: String) throws(JSONError) -> [Unicode.Scalar]? {
    guard let node = try member(ifPresent: name) else { return nil }
    let scalars = try node.scalars()
    guard scalars.count <= 64 else { throw node.wrong("text of at most 64 characters") }
    return scalars
  }
}

extension WordPieceModel {
  fileprivate init(_ node: JSONNode, _ vocabulary: TokenVocabulary) throws(JSONError) {
    try node.checkMembers([
      "type", "vocab", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word",
    ])
    let unknown = try node.member("unk_token")
    guard let id = vocabulary.ids[try unknown.scalars()] else {
      throw unknown.damaged("the vocabulary does not have it")
    }
    let prefix = try node.affix("continuing_subword_prefix")
    let longest = try node.member(ifPresent: "max_input_chars_per_word")?.whole(in: 1...1_000)
    self.init(
      ids: vocabulary.ids, unknown: id, continuing: prefix ?? ["#", "#"],
      longestWord: longest ?? 100)
  }
}

extension TokenVocabulary {
  /// The tokens `<0x00>` … `<0xFF>`, as far as they are there.
  fileprivate var bytes: [Int32?] {
    (UInt8.min...UInt8.max).map { byte in
      let digits = String(byte, radix: 16, uppercase: true)
      let name = "<0x" + (digits.count == 1 ? "0" : "") + digits + ">"
      return ids[Array(name.unicodeScalars)]
    }
  }
}

extension UnigramModel {
  /// A `vocab` of pairs of a text and its log-probability, the ids in their order.
  fileprivate init(_ node: JSONNode, _ vocabulary: TokenVocabulary) throws(JSONError) {
    try node.checkMembers(["type", "vocab", "unk_id", "byte_fallback"])
    let pairs = try node.member("vocab").elements()
    var scores: [Double] = []
    scores.reserveCapacity(pairs.count)
    for pair in pairs {
      let score = try pair.elements()[1]
      switch score.value {
      case .whole(let number): scores.append(Double(number))
      case .number(let number) where number.isFinite: scores.append(number)
      default: throw score.wrong("a finite number, the logarithm of a probability")
      }
    }
    let unknown = try node.member(ifPresent: "unk_id")?.whole(in: 0...pairs.count - 1)
    self.init(
      ids: vocabulary.ids, scores: scores, unknown: unknown.map { Int32($0) },
      bytes: try node.bool("byte_fallback", default: false) ? vocabulary.bytes : nil)
  }
}

extension BytePairModel {
  fileprivate init(_ node: JSONNode, _ vocabulary: TokenVocabulary) throws(JSONError) {
    try node.checkMembers([
      "type", "vocab", "merges", "dropout", "unk_token", "continuing_subword_prefix",
      "end_of_word_suffix", "fuse_unk", "byte_fallback", "ignore_merges",
    ])
    switch try node.member(ifPresent: "dropout")?.value {
    case nil, .whole(0), .number(0): break
    default:
      throw .unsupported(
        file: node.file, place: .member(line: nil, path: "model.dropout"),
        feature: "dropout of merges", supported: "a model without dropout")
    }
    self.init(merges: [:], ids: vocabulary.ids)
    continuing = try node.affix("continuing_subword_prefix") ?? []
    ending = try node.affix("end_of_word_suffix") ?? []
    fusesUnknown = try node.bool("fuse_unk", default: false)
    ignoresMerges = try node.bool("ignore_merges", default: false)
    if let token = try node.member(ifPresent: "unk_token") {
      guard let id = ids[try token.scalars()] else {
        throw token.damaged("the vocabulary does not have it")
      }
      unknown = id
    }
    if try node.bool("byte_fallback", default: false) { bytes = vocabulary.bytes }
    try readMerges(node.member("merges"))
  }

  /// `"a b"` or `["a", "b"]`, the first learnt first; both and what they become are tokens.
  private mutating func readMerges(_ node: JSONNode) throws(JSONError) {
    let elements = try node.elements()
    merges.reserveCapacity(elements.count)
    for (rank, element) in elements.enumerated() {
      let parts: [[Unicode.Scalar]]
      if case .list = element.value {
        var texts: [[Unicode.Scalar]] = []
        for part in try element.elements() { texts.append(try part.scalars()) }
        parts = texts
      } else {
        parts = try element.scalars().split(separator: " ", omittingEmptySubsequences: false)
          .map(Array.init)
      }
      guard parts.count == 2 else { throw element.damaged("a merge is of two tokens") }
      let whole = parts[0] + parts[1].dropFirst(continuing.count)
      guard let left = ids[parts[0]], let right = ids[parts[1]], let id = ids[whole] else {
        let missing = [parts[0], parts[1], whole].first { ids[$0] == nil } ?? []
        throw element.damaged("the vocabulary does not have `\(missing.string)`")
      }
      // The last of two equal merges counts.
      merges[Self.key(left, right)] = Merge(rank: Int32(clamping: rank), id: id)
    }
  }
}

import JSON

/// What a tokenizer.json describes, from text to tokens and back.
struct TokenizerParts: Sendable {
  let normalizer: TextNormalizer?
  let preTokenizer: PreTokenizer?
  let model: TokenModel
  let added: AddedTokens
  let decoder: TokenDecoder?
  /// What stands before and after a whole document.
  let template: TokenTemplate
  /// The text of each id as the file has it.
  let tokens: [[Unicode.Scalar]]

  /// Reads the file's value; what is not known in it is refused by its name.
  ///
  /// `truncation` and `padding` are left aside: the run file says how long sequences are.
  init(_ root: JSONNode) throws(JSONError) {
    try root.checkMembers([
      "version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
      "post_processor", "decoder", "model",
    ])
    func part<Part>(
      _ name: String, _ read: (JSONNode) throws(JSONError) -> Part
    ) throws(JSONError) -> Part? {
      guard let node = try root.member(ifPresent: name) else { return nil }
      return try read(node)
    }
    normalizer = try part("normalizer") { node throws(JSONError) in
      try TextNormalizer(node)
    }
    preTokenizer = try part("pre_tokenizer") { node throws(JSONError) in
      try PreTokenizer(node)
    }
    decoder = try part("decoder") { node throws(JSONError) in try TokenDecoder(node) }
    template =
      try part("post_processor") { node throws(JSONError) in try TokenTemplate(node) }
      ?? TokenTemplate()
    let modelNode = try root.member("model")
    // Its kind first: other kinds have other vocabularies.
    let kind = try TokenModel.kind(modelNode)
    let vocabulary =
      try kind == .Unigram
      ? TokenVocabulary(pairs: modelNode.member("vocab"))
      : TokenVocabulary(modelNode.member("vocab"))
    model = try TokenModel(modelNode, kind, vocabulary)
    var known = vocabulary
    var tokens: [AddedTokens.Token] = []
    for node in try root.member(ifPresent: "added_tokens")?.elements() ?? [] {
      let token = try AddedTokens.Token(node)
      try known.add(token.content, id: Int(token.id), node)
      tokens.append(token)
    }
    do throws(ScalarPattern.TooSlow) {
      added = try AddedTokens(tokens, normalizer: normalizer)
    } catch {
      throw root.damaged("its normalizer takes too many steps")
    }
    self.tokens = try known.texts(root)
    for id in template.prefix + template.suffix where !self.tokens.indices.contains(Int(id)) {
      throw root.damaged("post_processor has the token \(id) of \(self.tokens.count)")
    }
  }
}

/// The ids of the texts of a vocabulary.
struct TokenVocabulary {
  private(set) var ids: [[Unicode.Scalar]: Int32] = [:]
  private var texts: [Int: [Unicode.Scalar]] = [:]
  static let greatestID = (1 << 24) - 1

  /// An object of texts with their ids.
  init(_ node: JSONNode) throws(JSONError) {
    let members = try node.members()
    guard !members.isEmpty else { throw node.damaged("the vocabulary is empty") }
    ids.reserveCapacity(members.count)
    for (name, node) in members {
      try add(Array(name.unicodeScalars), id: try node.whole(in: 0...Self.greatestID), node)
    }
  }

  /// A list of pairs of a text and a number; the ids are their places.
  init(pairs node: JSONNode) throws(JSONError) {
    let pairs = try node.elements()
    guard !pairs.isEmpty else { throw node.damaged("the vocabulary is empty") }
    ids.reserveCapacity(pairs.count)
    for (id, pair) in pairs.enumerated() {
      let members = try pair.elements()
      guard members.count == 2 else { throw pair.wrong("a pair of a text and a number") }
      try add(try members[0].scalars(), id: id, members[0])
    }
  }

  mutating func add(
    _ text: [Unicode.Scalar], id: Int, _ node: JSONNode
  ) throws(JSONError) {
    if let other = ids[text], Int(other) != id {
      throw node.damaged("its id is \(id), and \(other) elsewhere in the file")
    }
    if let other = texts[id], other != text {
      throw node.damaged("`\(other.string)` has the id \(id), too")
    }
    ids[text] = Int32(id)
    texts[id] = text
  }

  /// The text of each id from 0; ids without one, of which there are few, have an empty text.
  func texts(_ root: JSONNode) throws(JSONError) -> [[Unicode.Scalar]] {
    let greatest = texts.keys.max() ?? 0
    guard greatest < 2 * texts.count + 1_000 else {
      throw root.damaged("its greatest token is \(greatest), and there are \(texts.count)")
    }
    return (0...greatest).map { texts[$0] ?? [] }
  }
}

extension AddedTokens.Token {
  fileprivate init(_ node: JSONNode) throws(JSONError) {
    try node.checkMembers([
      "id", "content", "single_word", "lstrip", "rstrip", "normalized", "special",
    ])
    self.init(
      id: Int32(try node.member("id").whole(in: 0...TokenVocabulary.greatestID)),
      content: try node.member("content").scalars())
    isSingleWord = try node.bool("single_word", default: false)
    stripsLeft = try node.bool("lstrip", default: false)
    stripsRight = try node.bool("rstrip", default: false)
    isSpecial = try node.bool("special", default: false)
    isNormalised = try node.bool("normalized", default: !isSpecial)
  }
}

extension [Unicode.Scalar] {
  /// The text.
  var string: String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: self)
    return String(view)
  }
}

import JSON

extension JSONNode {
  /// The type of a part, or the error that it is not known.
  fileprivate func type<Kind: CaseIterable & RawRepresentable<String>>(
    _ kinds: Kind.Type
  ) throws(JSONError) -> Kind {
    try member("type").choice(kinds)
  }

  /// `{"String": …}` or `{"Regex": …}`.
  fileprivate func pattern() throws(JSONError) -> TextPattern {
    try checkMembers(["String", "Regex"])
    if let literal = try member(ifPresent: "String") { return .literal(try literal.scalars()) }
    let node = try member("Regex")
    return .expression(try node.expression(node.text()))
  }

  fileprivate func expression(_ text: String) throws(JSONError) -> ScalarPattern {
    do throws(PatternProblem) {
      return try ScalarPattern(text)
    } catch {
      throw .unsupported(
        file: file, place: place, feature: "\(error.text) in a pattern",
        supported: "texts, classes, groups, alternatives, repetitions and (?!…)")
    }
  }

  fileprivate func scalar() throws(JSONError) -> Unicode.Scalar {
    let scalars = try scalars()
    guard scalars.count == 1 else { throw wrong("text of one character") }
    return scalars[0]
  }
}

extension TextNormalizer {
  private enum Kind: String, CaseIterable {
    case Sequence, Prepend, Replace, NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Strip
    case BertNormalizer, Precompiled
  }

  /// The `normalizer` of a tokenizer.json.
  init(_ node: JSONNode) throws(JSONError) {
    let kind = try node.type(Kind.self)
    switch kind {
    case .Sequence:
      try node.checkMembers(["type", "normalizers"])
      var parts: [TextNormalizer] = []
      for part in try node.member("normalizers").elements() { parts.append(try Self(part)) }
      self = .sequence(parts)
    case .Prepend:
      try node.checkMembers(["type", "prepend"])
      self = .prepend(try node.member("prepend").scalars())
    case .Replace:
      try node.checkMembers(["type", "pattern", "content"])
      self = .replace(
        try node.member("pattern").pattern(), try node.member("content").scalars())
    case .NFC, .NFD, .NFKC, .NFKD:
      try node.checkMembers(["type"])
      self = .unicode(Form(rawValue: kind.rawValue) ?? .NFC)
    case .Precompiled:
      try node.checkMembers(["type", "precompiled_charsmap"])
      self = .precompiled(try PrecompiledCharacters(node.member("precompiled_charsmap")))
    case .Lowercase, .StripAccents:
      try node.checkMembers(["type"])
      self = kind == .Lowercase ? .lowercase : .stripAccents
    case .Strip:
      try node.checkMembers(["type", "strip_left", "strip_right"])
      self = .strip(
        left: try node.bool("strip_left", default: true),
        right: try node.bool("strip_right", default: true))
    case .BertNormalizer:
      try node.checkMembers([
        "type", "clean_text", "handle_chinese_chars", "strip_accents", "lowercase",
      ])
      let lowercases = try node.bool("lowercase", default: true)
      self = .bert(
        BertCleaning(
          cleansText: try node.bool("clean_text", default: true),
          separatesChinese: try node.bool("handle_chinese_chars", default: true),
          stripsAccents: try node.bool("strip_accents", default: lowercases),
          lowercases: lowercases))
    }
  }
}

extension PreTokenizer {
  private enum Kind: String, CaseIterable {
    case Sequence, ByteLevel, Split, Metaspace, Whitespace, WhitespaceSplit, Digits, Punctuation
    case BertPreTokenizer
  }

  /// The `pre_tokenizer` of a tokenizer.json.
  init(_ node: JSONNode) throws(JSONError) {
    switch try node.type(Kind.self) {
    case .Sequence:
      try node.checkMembers(["type", "pretokenizers"])
      var parts: [PreTokenizer] = []
      for part in try node.member("pretokenizers").elements() { parts.append(try Self(part)) }
      self = .sequence(parts)
    case .ByteLevel:
      try node.checkMembers(["type", "add_prefix_space", "trim_offsets", "use_regex"])
      let cuts = try node.bool("use_regex", default: true)
      self = .byteLevel(
        addsPrefixSpace: try node.bool("add_prefix_space", default: true),
        pattern: cuts ? try node.expression(Self.gpt2Pattern) : nil)
    case .Split:
      try node.checkMembers(["type", "pattern", "behavior", "invert"])
      self = .split(
        try node.member("pattern").pattern(),
        try node.member("behavior").choice(TextPiece.Cut.self),
        invert: try node.bool("invert", default: false))
    case .Metaspace:
      try node.checkMembers([
        "type", "replacement", "prepend_scheme", "split", "add_prefix_space", "str_rep",
      ])
      // Files of old have add_prefix_space instead of prepend_scheme.
      let old: Prepending = try node.bool("add_prefix_space", default: true) ? .always : .never
      self = .metaspace(
        replacement: try node.member(ifPresent: "replacement")?.scalar() ?? "▁",
        try node.member(ifPresent: "prepend_scheme")?.choice(Prepending.self) ?? old,
        splits: try node.bool("split", default: true))
    case .Whitespace:
      try node.checkMembers(["type"])
      self = .split(
        .expression(try node.expression(#"\w+|[^\w\s]+"#)), .removed, invert: true)
    case .WhitespaceSplit:
      try node.checkMembers(["type"])
      self = .whitespaceSplit
    case .Digits:
      try node.checkMembers(["type", "individual_digits"])
      self = .digits(isIndividual: try node.bool("individual_digits", default: false))
    case .Punctuation:
      try node.checkMembers(["type", "behavior"])
      self = .punctuation(
        try node.member(ifPresent: "behavior")?.choice(TextPiece.Cut.self) ?? .isolated)
    case .BertPreTokenizer:
      try node.checkMembers(["type"])
      self = .bert
    }
  }
}

extension TokenDecoder {
  private enum Kind: String, CaseIterable {
    case Sequence, ByteLevel, ByteFallback, Fuse, Strip, Replace, Metaspace, WordPiece, BPEDecoder
  }

  /// The `decoder` of a tokenizer.json.
  init(_ node: JSONNode) throws(JSONError) {
    switch try node.type(Kind.self) {
    case .Sequence:
      try node.checkMembers(["type", "decoders"])
      var parts: [TokenDecoder] = []
      for part in try node.member("decoders").elements() { parts.append(try Self(part)) }
      self = .sequence(parts)
    case .ByteLevel:
      try node.checkMembers(["type", "add_prefix_space", "trim_offsets", "use_regex"])
      self = .byteLevel
    case .ByteFallback:
      try node.checkMembers(["type"])
      self = .byteFallback
    case .Fuse:
      try node.checkMembers(["type"])
      self = .fuse
    case .Strip:
      try node.checkMembers(["type", "content", "start", "stop"])
      self = .strip(
        try node.member("content").scalar(), left: try node.member("start").whole(in: 0...1 << 20),
        right: try node.member("stop").whole(in: 0...1 << 20))
    case .Replace:
      try node.checkMembers(["type", "pattern", "content"])
      self = .replace(
        try node.member("pattern").pattern(), try node.member("content").scalars())
    case .Metaspace:
      try node.checkMembers([
        "type", "replacement", "prepend_scheme", "split", "add_prefix_space", "str_rep",
      ])
      let old: PreTokenizer.Prepending =
        try node.bool("add_prefix_space", default: true) ? .always : .never
      let scheme =
        try node.member(ifPresent: "prepend_scheme")?.choice(PreTokenizer.Prepending.self) ?? old
      self = .metaspace(
        try node.member(ifPresent: "replacement")?.scalar() ?? "▁", dropsFirst: scheme != .never)
    case .WordPiece:
      try node.checkMembers(["type", "prefix", "cleanup"])
      self = .wordPiece(
        prefix: try node.member(ifPresent: "prefix")?.scalars() ?? ["#", "#"],
        cleansUp: try node.bool("cleanup", default: true))
    case .BPEDecoder:
      try node.checkMembers(["type", "suffix"])
      self = .wordEnd(
        try node.member(ifPresent: "suffix")?.scalars() ?? Array("</w>".unicodeScalars))
    }
  }
}

/// Special tokens around a document: the `post_processor` of a tokenizer.json.
struct TokenTemplate: Sendable, Equatable {
  var prefix: [Int32] = []
  var suffix: [Int32] = []

  private enum Kind: String, CaseIterable {
    case Sequence, TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel
  }

  init() {}

  init(_ node: JSONNode) throws(JSONError) {
    switch try node.type(Kind.self) {
    case .Sequence:
      try node.checkMembers(["type", "processors"])
      for part in try node.member("processors").elements() {
        let template = try TokenTemplate(part)
        prefix = template.prefix + prefix
        suffix += template.suffix
      }
    case .ByteLevel:
      try node.checkMembers(["type", "add_prefix_space", "trim_offsets", "use_regex"])
    case .BertProcessing, .RobertaProcessing:
      try node.checkMembers(["type", "sep", "cls", "trim_offsets", "add_prefix_space"])
      func id(_ name: String) throws(JSONError) -> Int32 {
        let pair = try node.member(name).elements()
        guard pair.count == 2 else { throw try node.member(name).wrong("a token and its id") }
        return Int32(try pair[1].whole(in: 0...TokenVocabulary.greatestID))
      }
      (prefix, suffix) = ([try id("cls")], [try id("sep")])
    case .TemplateProcessing: try readTemplate(node)
    }
  }

  private mutating func readTemplate(_ node: JSONNode) throws(JSONError) {
    try node.checkMembers(["type", "single", "pair", "special_tokens"])
    var hasText = false
    for part in try node.member("single").elements() {
      if try part.member(ifPresent: "Sequence") != nil {
        guard !hasText else { throw part.damaged("the text stands twice in the template") }
        hasText = true
        continue
      }
      let name = try part.member("SpecialToken").member("id").text()
      let ids = try node.member("special_tokens").member(name).member("ids").elements()
      for id in ids {
        let id = Int32(try id.whole(in: 0...TokenVocabulary.greatestID))
        if hasText { suffix.append(id) } else { prefix.append(id) }
      }
    }
    guard hasText else { throw node.damaged("the template has no text") }
  }
}

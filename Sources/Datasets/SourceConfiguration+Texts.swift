import Configuration

extension TokenUnit {
  /// `tokens: characters` (default), `bytes`, or the path of a tokenizer.json.
  init(from map: ConfigurationMap, relativeTo folder: String) throws(ConfigurationError) {
    switch try map.string(ifPresent: "tokens") {
    case nil, "characters": self = .characters
    case "bytes": self = .bytes
    case let file? where file.hasSuffix(".json"): self = .file(resolved(file, in: folder))
    case let word?:
      throw .notAChoice(
        map.place("tokens"), value: word,
        choices: ["characters", "bytes", "the path of a tokenizer.json"])
    }
  }
}

extension JSONLinesReader {
  init(
    from map: ConfigurationMap, file: String, relativeTo folder: String, isRegression: Bool
  ) throws(ConfigurationError) {
    self.init(file: file, length: try map.int("length", in: 2...1 << 20))
    self.isRegression = isRegression
    switch try map.atMostOne(of: ["text", "messages", "prompt"]) {
    case "messages":
      parts = .chat(field: try map.string("messages"), try ChatForm(ifPresentIn: map))
    case "prompt":
      parts = .pair(prompt: try map.string("prompt"), completion: try map.string("completion"))
    default: text = try map.string("text", default: text)
    }
    label = try map.string(ifPresent: "label")
    id = try map.string(ifPresent: "id")
    unit = try TokenUnit(from: map, relativeTo: folder)
    packs = try map.bool("packing", default: false)
    separator = try map.string("separator", default: separator)
    skipsEmpty = try map.bool("skipEmpty", default: false)
    addsSpecial = try map.bool("special", default: true)
    if let parts {
      for (key, isThere) in [("label", label != nil), ("packing", packs)] where isThere {
        throw .wrongType(
          map.place(key), found: "`\(key)` beside \(parts.description)",
          expected: "texts of one field with it: of these a part is to be predicted")
      }
    }
    if packs && label != nil {
      throw .wrongType(
        map.place("packing"), found: "true", expected: "false: a text with a label is one example")
    }
    if !packs && map.has("separator") {
      throw .wrongType(
        map.place("separator"), found: "a separator", expected: "`packing: true` with it")
    }
  }
}

extension ChatForm {
  /// `chat: {user: "User: {}\n", assistant: "…{}…"}`, `{}` for what is said; ChatML without.
  fileprivate init(ifPresentIn map: ConfigurationMap) throws(ConfigurationError) {
    guard let form = try map.map(ifPresent: "chat") else { return }
    var turns: [String: Turn] = [:]
    for role in form.keys {
      let text = try form.string(role)
      guard let place = text.firstRange(of: "{}") else {
        throw .wrongType(
          form.place(role), found: "the text `\(text)`",
          expected: "a text with {} where what is said stands")
      }
      turns[role] = Turn(
        before: String(text[..<place.lowerBound]), after: String(text[place.upperBound...]))
    }
    guard turns["assistant"] != nil else {
      throw .missingKey(form.place(), key: "assistant", present: form.keys)
    }
    self.turns = turns
  }
}

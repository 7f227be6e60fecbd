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
    text = try map.string("text", default: text)
    label = try map.string(ifPresent: "label")
    id = try map.string(ifPresent: "id")
    unit = try TokenUnit(from: map, relativeTo: folder)
    packs = try map.bool("packing", default: false)
    separator = try map.string("separator", default: separator)
    skipsEmpty = try map.bool("skipEmpty", default: false)
    addsSpecial = try map.bool("special", default: true)
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

import JSON

extension JSONLinesReader {
  /// Reads texts from outside: JSON lines of the run's fields, with or without labels, from a file
  /// that is called .jsonl, .ndjson or .json; from any other, all of it as one text.
  func read(input: String) throws -> RawInput {
    var reader = self
    reader.file = input
    let isJSON = [".jsonl", ".ndjson", ".json"].contains { input.lowercased().hasSuffix($0) }
    var (lines, remarks) = ([Line](), [String]())
    if isJSON {
      // All or none have them: where some do, one without is named.
      var nodes: [(node: JSONNode, number: Int)] = []
      try reader.forEachLine { nodes.append(($0, $1)) }
      func has(_ field: String?) throws -> Bool {
        guard let field else { return false }
        return try nodes.contains { try $0.node.member(ifPresent: field) != nil }
      }
      if try !has(label) { reader.label = nil }
      if try !has(id) { reader.id = nil }
      // A text by itself is predicted whole.
      if let parts, try !parts.fields.contains(where: has), try has(text) { reader.parts = nil }
      guard !nodes.isEmpty else { throw DatasetError.noExamples(file: input) }
      lines = try nodes.enumerated().map { try reader.line($1.node, $1.number, index: $0) }
    } else {
      (reader.label, reader.id, reader.parts) = (nil, nil, nil)
      let (text, hasLineEnd) = try reader.wholeText()
      lines = [Line(number: nil, text: text, name: "doc:0")]
      remarks.append("read as one text" + (hasLineEnd ? " without its last line end" : ""))
    }
    let read = try reader.read(lines, needed: label == nil ? 2 : 1)
    var examples = read.examples
    if label != nil && reader.label == nil { examples.labels = .unlabelled }
    if reader.id == nil && !packs { examples.ids = nil }
    if read.counts.cutTokens > 0 {
      remarks.append(
        "\(read.counts.cutTokens) tokens beyond the run's length of \(length) are cut off")
    }
    if let parts {
      remarks.append(
        reader.parts == nil
          ? "asked about the whole text: it has no \(parts.fields.map { "`\($0)`" }.joined(separator: " and "))"
          : "asked about \(parts.predicted) alone")
    }
    return RawInput(examples: examples, remarks: remarks + examples.inputs.paddingRemarks)
  }

  /// All of the file, and whether a line end behind it was left out: editors write one.
  private func wholeText() throws(DatasetError) -> (String, Bool) {
    let text = try FileBytes(file).text()
    return text.last?.isNewline == true ? (String(text.dropLast()), true) : (text, false)
  }
}

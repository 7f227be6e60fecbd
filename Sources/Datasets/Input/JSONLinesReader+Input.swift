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
      let fields = try reader.fields(among: [label, id].compactMap(\.self))
      if !fields.contains(label ?? "") { reader.label = nil }
      if !fields.contains(id ?? "") { reader.id = nil }
      lines = try reader.lines()
    } else {
      (reader.label, reader.id) = (nil, nil)
      let (text, hasLineEnd) = try reader.wholeText()
      lines = [Line(number: nil, text: text, name: "doc:0")]
      remarks.append("read as one text" + (hasLineEnd ? " without its last line end" : ""))
    }
    let read = try reader.read(lines, needed: label == nil ? 2 : 1)
    var examples = read.examples
    if label != nil && reader.label == nil { examples.labels = .unlabelled }
    if reader.id == nil && !packs { examples.ids = nil }
    if read.cut > 0 {
      remarks.append("\(read.cut) tokens beyond the run's length of \(length) are cut off")
    }
    return RawInput(examples: examples, remarks: remarks + examples.inputs.paddingRemarks)
  }

  /// Those of some fields that a line has.
  private func fields(among names: [String]) throws -> Set<String> {
    var found = Set<String>()
    try forEachLine { node, _ in
      for name in names where try node.member(ifPresent: name) != nil { found.insert(name) }
    }
    return found
  }

  /// All of the file, and whether a line end behind it was left out: editors write one.
  private func wholeText() throws(DatasetError) -> (String, Bool) {
    guard let text = String(validating: try FileBytes(file).bytes, as: UTF8.self) else {
      throw .malformed(file: file, place: .file, problem: "it is not UTF-8 text")
    }
    return text.last?.isNewline == true ? (String(text.dropLast()), true) : (text, false)
  }
}

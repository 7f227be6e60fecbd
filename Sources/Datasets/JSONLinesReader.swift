import JSON
import Tensors
import Text

/// Reads texts from a file with a JSON object a line: for language modelling, or with a label each.
///
/// A document is one row of `length` tokens, cut off or padded with −1 at the end; with `packs`, the
/// documents follow one another with a separator behind each, cut every `length` tokens. Of `parts` a
/// part alone is to be predicted, such as the completion behind a prompt.
struct JSONLinesReader: Sendable {
  var file: String
  var text = "text"
  /// What a text is put together from; nil: the field `text`.
  var parts: TextParts?
  /// The field of the class or number; nil: the next token is to be predicted.
  var label: String?
  /// The field of the id; nil: `doc:0`, `doc:1`, ….
  var id: String?
  var unit = TokenUnit.characters
  var length: Int
  var packs = false
  var separator = "\n"
  /// Whether a tokenizer.json's special tokens stand around each document.
  var addsSpecial = true
  var isRegression = false
  /// Whether texts without a letter, or without a token to predict, are passed over, and counted.
  var skipsEmpty = false

  /// Whether a label may be missing, as of test examples that are asked about.
  var allowsUnlabelled = false

  /// A line's fields.
  struct Line {
    /// From 1; nil where the file is one text.
    var number: Int?
    var text: String
    var name: String
    var label: JSONNode?
    /// The bytes of the text that are to be predicted; nil: all.
    var predicted: [Range<Int>]?

    /// Whether the text, and what of it is to be predicted, has a letter.
    var hasLetter: Bool {
      guard let predicted else { return text.contains { !$0.isWhitespace } }
      let bytes = Array(text.utf8)
      return predicted.contains { range in
        String(decoding: bytes[range], as: UTF8.self).contains { !$0.isWhitespace }
      }
    }
  }

  /// The examples of some texts, and what became of the texts.
  struct Texts {
    var examples: RawExamples
    var counts: TextCounts
  }

  func read() throws -> RawExamples {
    let lines = try lines()
    let taken = skipsEmpty ? lines.filter(\.hasLetter) : lines
    guard !taken.isEmpty else { throw DatasetError.noExamples(file: file) }
    let texts = try read(taken, needed: label == nil ? 2 : 1, passedOver: lines.count - taken.count)
    var (examples, counts) = (texts.examples, texts.counts)
    let rows = packs ? "packed in rows of \(length) tokens" : "\(length) tokens each"
    examples.reading.inputs =
      "texts of \(parts?.description ?? "`\(text)`"), \(rows) "
      + "(\(unit.description(examples.tokenizer)))"
    examples.reading.labels = label.map { "`\($0)`" } ?? ""
    examples.reading.texts = counts
    if counts.emptyTexts > 0 {
      examples.reading.notes.append(
        "\(counts.emptyTexts) empty \(counts.emptyTexts == 1 ? "text is" : "texts are") passed over"
      )
    }
    let blank = skipsEmpty ? 0 : lines.count { !$0.hasLetter }
    if blank > 0 {
      examples.reading.notes.append(
        "\(blank) \(blank == 1 ? "text has" : "texts have") no letter; `skipEmpty: true` passes over such"
      )
    }
    if counts.cutTexts > 0 {
      examples.reading.notes.append(
        "\(counts.cutTokens) tokens beyond the length are cut off, of \(counts.cutTexts) "
          + "\(counts.cutTexts == 1 ? "text" : "texts")")
    }
    if let parts {
      examples.reading.notes.append("the loss is that of \(parts.predicted) alone")
    }
    return examples
  }

  /// The examples of some texts, and what became of the texts.
  ///
  /// - Parameters:
  ///   - needed: the fewest tokens of a text.
  ///   - passedOver: empty texts that are not among them.
  func read(_ lines: [Line], needed: Int, passedOver: Int = 0) throws -> Texts {
    let tokenizer = try unit.tokenizer(for: lines.map(\.text) + (packs ? [separator] : []))
    let (documents, lengths) = try documents(lines, tokenizer)
    let taken =
      skipsEmpty
      ? documents.indices.filter { documents[$0].isTarget?.contains(true) != false }
      : Array(documents.indices)
    let used = taken.map { documents[$0] }
    let rows =
      packs
      ? try TokenRows.blocks(used, of: length, file: file)
      : try TokenRows.documents(used, of: length, needed: needed, file: file)
    var examples = RawExamples(
      file: file, labelFile: file, ids: rows.ids, inputs: rows.inputs,
      labels: try label == nil ? .tokens(vocabulary: tokenizer.vocabulary) : labels(lines),
      tokenizer: tokenizer)
    examples.nextTokens = rows.targets
    let predicted = label == nil ? TokenRows.targetCount(rows.targets ?? rows.inputs) : nil
    let counts = TextCounts(
      lengths: taken.map { lengths[$0] }, length: length,
      emptyTexts: passedOver + documents.count - taken.count, cutsTexts: !packs,
      predicted: predicted)
    return Texts(examples: examples, counts: counts)
  }

  // MARK: Lines

  /// The fields of the lines, at least one.
  func lines() throws -> [Line] {
    var lines: [Line] = []
    try forEachLine { node, number in lines.append(try line(node, number, index: lines.count)) }
    guard !lines.isEmpty else { throw DatasetError.noExamples(file: file) }
    return lines
  }

  /// Calls `body` with the value and the number of one line after the other, empty ones left out.
  func forEachLine(_ body: (JSONNode, Int) throws -> Void) throws {
    let bytes = try FileBytes(plain: file).bytes
    if try forEachElement(of: bytes, body) { return }
    // Some editors write a mark of UTF-8 before the first line.
    var (start, number) = (bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0, 0)
    while start < bytes.count {
      let end = bytes[start...].firstIndex(of: 10) ?? bytes.count
      number += 1
      if bytes[start..<end].contains(where: { $0 != 32 && $0 != 9 && $0 != 13 }) {
        let node = try bytes.withUnsafeBufferPointer { bytes throws(JSONError) in
          try JSONNode(
            parsing: UnsafeBufferPointer(rebasing: bytes[start..<end]), file: file, line: number)
        }
        try body(node, number)
      }
      start = end + 1
    }
  }

  /// Calls `body` with the elements of a file that is one array; false when it is none.
  private func forEachElement(
    of bytes: [UInt8], _ body: (JSONNode, Int) throws -> Void
  ) throws -> Bool {
    let start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    guard bytes[start...].first(where: { ![32, 9, 10, 13].contains($0) }) == UInt8(ascii: "[")
    else {
      return false
    }
    let node = try bytes[start...].withUnsafeBufferPointer { bytes throws(JSONError) in
      try JSONNode(parsing: bytes, file: file)
    }
    guard case .list(let elements) = node.value else { return false }
    for (index, element) in elements.enumerated() {
      try body(JSONNode(element, file: file, path: "[\(index)]"), index + 1)
    }
    return true
  }

  /// The fields of one line, the `index`-th that is not empty.
  func line(_ node: JSONNode, _ number: Int, index: Int) throws -> Line {
    try requireText(node)
    var line = Line(number: number, text: "", name: "doc:\(index)")
    if let parts {
      let made = try parts.text(of: node)
      (line.text, line.predicted) = (made.text, made.predicted)
    } else {
      line.text = try node.member(text).text()
    }
    if let id {
      let node = try node.member(id)
      switch node.value {
      case .text(let name) where !name.isEmpty: line.name = name
      case .whole(let number): line.name = String(number)
      default: throw node.wrong("text or a whole number")
      }
    }
    if let label {
      line.label =
        allowsUnlabelled ? try node.member(ifPresent: label) : try present(label, of: node)
    }
    return line
  }

  /// A member that is there and not null.
  private func present(_ name: String, of node: JSONNode) throws -> JSONNode {
    if try node.member(ifPresent: name) == nil,
      try node.members().contains(where: { $0.name == name })
    {
      throw DatasetError.notAClass(
        file: file, place: .member(line: node.line, path: name), value: "")
    }
    return try node.member(name)
  }

  /// Names the forms of chats and of pairs, where one text is expected.
  private func requireText(_ node: JSONNode) throws {
    let names = try node.members().map(\.name)
    guard parts == nil, !names.contains(text) else { return }
    let ways = [
      (["messages"], "`messages: messages` in the run file, for lists of {role, content}"),
      (["conversations"], "lists of {role, content}, named by `messages`"),
      (["prompt", "completion"], "`prompt: prompt, completion: completion` in the run file"),
    ]
    for (form, way) in ways where form.allSatisfy(names.contains) {
      throw DatasetError.unsupported(
        file: file, place: node.line.map { .line($0) } ?? .file,
        feature: form.count == 1
          ? "a chat (`\(form[0])`) as a text"
          : "a pair of `\(form[0])` and `\(form[1])` as a text",
        supported: "a field `\(text)`, or \(way)")
    }
  }

  // MARK: Tokens

  /// The texts' tokens, cut off, and how many they were before.
  private func documents(
    _ lines: [Line], _ tokenizer: Tokenizer
  ) throws -> (documents: [TokenDocument], lengths: [Int]) {
    var memory = WordMemory()
    let template = addsSpecial ? tokenizer.template : (prefix: [], suffix: [])
    // Of a document that is cut, the special tokens stay.
    let room = packs ? Int.max : length - template.prefix.count - template.suffix.count
    guard room > 0 else {
      throw DatasetError.lengthTooShort(file: file, length: length, special: length - room)
    }
    let between = packs ? try tokenizer.tokens(of: separator, &memory) : []
    var (documents, lengths) = ([TokenDocument](), [Int]())
    let field = parts?.field ?? text
    for line in lines {
      let place = line.number.map { DataPlace.member(line: $0, path: field) } ?? .file
      var tokens = try tokenizer.tokens(of: line.text, &memory)
      if tokens.isEmpty && !packs {
        throw DatasetError.shortText(file: file, place: place, tokens: 0, needed: 1)
      }
      lengths.append(template.prefix.count + tokens.count + template.suffix.count)
      let end = line.text.utf8.count
      var isTarget = line.predicted.map { TokenDocument.targets(tokens, in: $0, end: end) }
      tokens.removeLast(max(0, tokens.count - room))
      tokens.insert(contentsOf: template.prefix.map { .init(id: $0, byte: 0) }, at: 0)
      if let own = isTarget {
        // What ends a text belongs to what the text ends with.
        isTarget =
          template.prefix.map { _ in false } + own.prefix(room)
          + template.suffix.map { _ in line.predicted?.last?.upperBound == end }
      }
      tokens += template.suffix.map { .init(id: $0, byte: end) }
      tokens += between.map { .init(id: $0.id, byte: end) }
      // The first token is predicted by nothing.
      if let isTarget, !skipsEmpty, !isTarget.dropFirst().contains(true) {
        throw DatasetError.noTarget(file: file, place: place, length: length)
      }
      documents.append(
        TokenDocument(name: line.name, tokens: tokens, place: place, isTarget: isTarget))
    }
    return (documents, lengths)
  }

  // MARK: Labels

  private func labels(_ lines: [Line]) throws -> RawLabels {
    let numbers = lines.map(\.number)
    let name = label ?? ""
    let places: @Sendable (Int) -> DataPlace = { .member(line: numbers[$0], path: name) }
    guard isRegression else {
      var words: [String] = []
      for line in lines { words.append(try line.label.map(word) ?? "") }
      return .words(words, places: places)
    }
    let nodes = lines.compactMap(\.label)
    var values: [Double] = []
    for node in nodes {
      switch node.value {
      case .whole(let value): values.append(Double(value))
      case .number(let value) where Float(value).isFinite: values.append(value)
      case .number(let value):
        throw DatasetError.notFinite(file: file, place: DataPlace(node.place), value: "\(value)")
      default: throw node.wrong("a number")
      }
    }
    return .numbers(values, outputs: 1, places: places)
  }

  private func word(_ node: JSONNode) throws -> String {
    switch node.value {
    case .text(let word):
      if word.isEmpty && !allowsUnlabelled {
        throw DatasetError.notAClass(file: file, place: DataPlace(node.place), value: "")
      }
      return word
    case .whole(let number): return String(number)
    case .number(let number):
      // As tables of pandas are exported: 1.0 is class 1.
      if let whole = Int(exactly: number) { return String(whole) }
      throw DatasetError.notAClass(file: file, place: DataPlace(node.place), value: "\(number)")
    case .truth(let truth): return truth ? "true" : "false"
    default: throw node.wrong("a class: text, a whole number, true or false")
    }
  }
}

import Configuration

/// A value of a JSON file that knows its place, for errors.
struct JSONNode {
  let value: StrictJSON
  let file: String
  /// `model.vocab`; empty for the whole.
  let path: String
  /// The line, from 1, in files of one value a line.
  let line: Int?

  init(_ value: StrictJSON, file: String, path: String = "", line: Int? = nil) {
    (self.value, self.file, self.path, self.line) = (value, file, path, line)
  }

  /// All of some bytes.
  init(
    parsing bytes: UnsafeBufferPointer<UInt8>, file: String, line: Int? = nil
  ) throws(DatasetError) {
    do throws(JSONProblem) {
      self.init(try StrictJSONReader.parse(bytes, as: .full), file: file, line: line)
    } catch {
      throw .malformed(
        file: file, place: line.map { .line($0) } ?? .byte(error.byte),
        problem: error.problem + (line == nil ? "" : ", byte \(error.byte)"))
    }
  }

  var place: DataPlace {
    path.isEmpty ? line.map { .line($0) } ?? .file : .member(line: line, path: path)
  }

  /// What kind of value it is, in words.
  var kind: String {
    switch value {
    case .text: "text"
    case .whole, .number: "a number"
    case .truth: "true or false"
    case .null: "null"
    case .list: "a list"
    case .object: "an object"
    }
  }

  func wrong(_ expected: String) -> DatasetError {
    .wrongField(file: file, place: place, expected: expected, found: kind)
  }

  func damaged(_ problem: String) -> DatasetError {
    .malformed(file: file, place: place, problem: problem)
  }

  // MARK: Members

  /// The members of an object.
  func members() throws(DatasetError) -> [(name: String, node: JSONNode)] {
    guard case .object(let members) = value else { throw wrong("an object") }
    return members.map { ($0.name, child($0.value, $0.name)) }
  }

  /// A member, unless it is missing or null.
  func member(ifPresent name: String) throws(DatasetError) -> JSONNode? {
    guard case .object(let members) = value else { throw wrong("an object") }
    guard let value = members.first(where: { $0.name == name })?.value else { return nil }
    if case .null = value { return nil }
    return child(value, name)
  }

  /// A member that must be there.
  func member(_ name: String) throws(DatasetError) -> JSONNode {
    if let node = try member(ifPresent: name) { return node }
    throw .missingField(
      file: file, place: place, field: name, present: try members().map(\.name))
  }

  /// Refuses members of other names, unless they are null or false.
  func checkMembers(_ known: [String]) throws(DatasetError) {
    for (name, node) in try members() where !known.contains(name) {
      switch node.value {
      case .null, .truth(false): continue
      default:
        throw .unsupported(
          file: file, place: node.place, feature: "the field `\(name)`",
          supported: "fields of \(known.joined(separator: ", "))")
      }
    }
  }

  private func child(_ value: StrictJSON, _ name: String) -> JSONNode {
    JSONNode(value, file: file, path: path.isEmpty ? name : "\(path).\(name)", line: line)
  }

  // MARK: Values

  func elements() throws(DatasetError) -> [JSONNode] {
    guard case .list(let values) = value else { throw wrong("a list") }
    return values.enumerated().map { index, value in
      JSONNode(value, file: file, path: "\(path)[\(index)]", line: line)
    }
  }

  func text() throws(DatasetError) -> String {
    guard case .text(let text) = value else { throw wrong("text") }
    return text
  }

  func scalars() throws(DatasetError) -> [Unicode.Scalar] { Array(try text().unicodeScalars) }

  func whole(in range: ClosedRange<Int>) throws(DatasetError) -> Int {
    guard case .whole(let number) = value, range.contains(number) else {
      throw wrong("a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  func bool(_ name: String, default fallback: Bool) throws(DatasetError) -> Bool {
    guard let node = try member(ifPresent: name) else { return fallback }
    guard case .truth(let truth) = node.value else { throw node.wrong("true or false") }
    return truth
  }

  func choice<Choice: CaseIterable & RawRepresentable<String>>(
    _ type: Choice.Type
  ) throws(DatasetError) -> Choice {
    let word = try text()
    guard let choice = Choice(rawValue: word) else {
      throw .unsupported(
        file: file, place: place, feature: "`\(word)`",
        supported: Choice.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return choice
  }
}

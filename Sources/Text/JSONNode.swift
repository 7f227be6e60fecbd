import Configuration

/// A value of a JSON file that knows its place, for errors.
package struct JSONNode {
  package let value: StrictJSON
  package let file: String
  /// `model.vocab`; empty for the whole.
  package let path: String
  /// The line, from 1, in files of one value a line.
  package let line: Int?

  package init(_ value: StrictJSON, file: String, path: String = "", line: Int? = nil) {
    (self.value, self.file, self.path, self.line) = (value, file, path, line)
  }

  /// All of some bytes.
  package init(
    parsing bytes: UnsafeBufferPointer<UInt8>, file: String, line: Int? = nil
  ) throws(TextError) {
    do throws(JSONProblem) {
      self.init(try StrictJSONReader.parse(bytes, as: .full), file: file, line: line)
    } catch {
      throw .malformed(
        file: file, place: line.map { .line($0) } ?? .byte(error.byte),
        problem: error.problem + (line == nil ? "" : ", byte \(error.byte)"))
    }
  }

  package var place: TextPlace {
    path.isEmpty ? line.map { .line($0) } ?? .file : .member(line: line, path: path)
  }

  /// What kind of value it is, in words.
  package var kind: String {
    switch value {
    case .text: "text"
    case .whole, .number: "a number"
    case .truth: "true or false"
    case .null: "null"
    case .list: "a list"
    case .object: "an object"
    }
  }

  package func wrong(_ expected: String) -> TextError {
    .wrongField(file: file, place: place, expected: expected, found: kind)
  }

  package func damaged(_ problem: String) -> TextError {
    .malformed(file: file, place: place, problem: problem)
  }

  // MARK: Members

  /// The members of an object.
  package func members() throws(TextError) -> [(name: String, node: JSONNode)] {
    guard case .object(let members) = value else { throw wrong("an object") }
    return members.map { ($0.name, child($0.value, $0.name)) }
  }

  /// A member, unless it is missing or null.
  package func member(ifPresent name: String) throws(TextError) -> JSONNode? {
    guard case .object(let members) = value else { throw wrong("an object") }
    guard let value = members.first(where: { $0.name == name })?.value else { return nil }
    if case .null = value { return nil }
    return child(value, name)
  }

  /// A member that must be there.
  package func member(_ name: String) throws(TextError) -> JSONNode {
    if let node = try member(ifPresent: name) { return node }
    throw .missingField(
      file: file, place: place, field: name, present: try members().map(\.name))
  }

  /// Refuses members of other names, unless they are null or false.
  package func checkMembers(_ known: [String]) throws(TextError) {
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

  package func elements() throws(TextError) -> [JSONNode] {
    guard case .list(let values) = value else { throw wrong("a list") }
    return values.enumerated().map { index, value in
      JSONNode(value, file: file, path: "\(path)[\(index)]", line: line)
    }
  }

  package func text() throws(TextError) -> String {
    guard case .text(let text) = value else { throw wrong("text") }
    return text
  }

  package func scalars() throws(TextError) -> [Unicode.Scalar] { Array(try text().unicodeScalars) }

  package func whole(in range: ClosedRange<Int>) throws(TextError) -> Int {
    guard case .whole(let number) = value, range.contains(number) else {
      throw wrong("a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  package func bool(_ name: String, default fallback: Bool) throws(TextError) -> Bool {
    guard let node = try member(ifPresent: name) else { return fallback }
    guard case .truth(let truth) = node.value else { throw node.wrong("true or false") }
    return truth
  }

  package func choice<Choice: CaseIterable & RawRepresentable<String>>(
    _ type: Choice.Type
  ) throws(TextError) -> Choice {
    let word = try text()
    guard let choice = Choice(rawValue: word) else {
      throw .unsupported(
        file: file, place: place, feature: "`\(word)`",
        supported: Choice.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return choice
  }
}

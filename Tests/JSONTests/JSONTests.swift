import Foundation
import JSON
import TestSupport
import Testing

@Suite("JSON") struct JSONTests {
  struct Answer: Encodable {
    var score: Float = 0.1
    var exact = 0.1 + 0.2
    var nan = Float.nan
    var bad: [Double] = [1, .infinity, -2.5]
    var missing: Int?
    var nested = ["b": [true], "a": []]
    var id = "x\"\\\n\u{1}é/"
    var big = UInt64.max
  }

  @Test("JSON sorts keys, prints the shortest exact numbers, and writes null for NaN and infinity")
  func json() throws {
    #expect(
      try JSON.text(Answer(), layout: .compact) == #"{"bad":[1.0,null,-2.5],"#
        + #""big":18446744073709551615,"exact":0.30000000000000004,"id":"x\"\\\n\u0001é/","#
        + #""nan":null,"nested":{"a":[],"b":[true]},"score":0.1}"#)
  }

  @Test("indented JSON keeps rows of numbers on their line")
  func indentedJSON() throws {
    #expect(
      try JSON.text(["rows": [[1, 2], [3]], "none": []]) == """
        {
          "none": [],
          "rows": [
            [1,2],
            [3]
          ]
        }
        """)
    #expect(try JSON.text("alone") == "\"alone\"")
    #expect(try JSON.text([String: Int]()) == "{}")
    #expect(try JSON.text(Int?.none) == "null")
  }

  @Test("members on a line each have compact values")
  func members() {
    let value = JSONValue.object([
      ("b", .object([("y", .whole(2)), ("x", .list([.text("t"), .null]))])), ("a", .number(2)),
    ])
    #expect(
      JSON.text(value, layout: .members) == """
        {
          "a": 2.0,
          "b": {"x":["t",null],"y":2}
        }
        """)
  }

  func read(_ text: String, as grammar: JSONReader.Grammar = .full) throws(JSONProblem) -> JSONValue
  {
    let bytes = Array(text.utf8)
    let result = bytes.withUnsafeBufferPointer { bytes in
      Result { () throws(JSONProblem) in try JSONReader.parse(bytes, as: grammar) }
    }
    return try result.get()
  }

  @Test("what is written is read as the same value, for any texts and numbers", arguments: 0..<40)
  func roundTrip(seed: Int) throws {
    var random = Draws(seed: seed)
    let value = random.value(depth: 0)
    for layout in [JSON.Layout.compact, .indented, .members] {
      let text = JSON.text(value, layout: layout)
      #expect(try JSON.text(read(text), layout: layout) == text, "seed \(seed)")
      #expect(try JSON.text(read(text)) == JSON.text(value), "seed \(seed)")
    }
  }

  @Test("every scalar below U+0800 survives as text, as Foundation reads it, too")
  func escapes() throws {
    let scalars = (0..<0x800).compactMap { Unicode.Scalar($0) }
    let text = String(String.UnicodeScalarView(scalars))
    guard case .text(let back) = try read(JSON.quoted(text)) else {
      Issue.record("no text")
      return
    }
    #expect(Array(back.unicodeScalars) == scalars)
    let foundation = try JSONDecoder().decode(String.self, from: Data(JSON.quoted(text).utf8))
    #expect(Array(foundation.unicodeScalars) == scalars)
  }

  @Test(
    "what is not JSON is refused with its byte",
    arguments: [
      ("{\"a\":1,\"a\":2}", 7, "the name \"a\" is given twice"), ("[01]", 1, "begins with 0"),
      ("[1,]", 3, "expected a value"), ("\"\u{1}\"", 1, "a control character"),
      ("\"\\ud800\"", 7, "half of a character"), ("1 2", 2, "something follows"),
      ("[1e999]", 1, "beyond 64 bits"), ("{\"a\"", 4, "expected :"),
      (String(repeating: "[", count: 70), 65, "nested too deeply"), ("\"\\x\"", 2, "escape"),
    ])
  func refused(text: String, byte: Int, problem: String) {
    let error = #expect(throws: JSONProblem.self) { try read(text) }
    #expect(error?.problem.contains(problem) == true, "\(error?.problem ?? "none")")
    #expect(error?.byte == byte)
  }

  @Test("headers have texts, whole numbers from 0, lists and objects alone")
  func headers() throws {
    for text in ["-1", "1.5", "true", "null", "{\"a\":false}"] {
      #expect(throws: JSONProblem.self) { try read(text, as: .header) }
    }
    guard case .object(let members) = try read("{\"a\": [1, \"x\"]}", as: .header),
      case .list(let items) = members.first?.value
    else {
      Issue.record("no object")
      return
    }
    #expect(items.count == 2)
  }

  @Test("an error names the line and the field, and the fields that are there")
  func places() throws {
    let bytes = Array("{\"model\":{\"vocab\":[1]}}".utf8)
    let node = try bytes.withUnsafeBufferPointer { bytes throws(JSONError) in
      try JSONNode(parsing: bytes, file: "t.jsonl", line: 3)
    }
    let error = diagnosed { _ = try node.member("model").member("vocap") }
    #expect(
      error?.description == """
        error: there is no field `vocap`; did you mean `vocab`?
          at:  t.jsonl, line 3, field model
          fix: the fields here are vocab.
        """)
    #expect(
      diagnosed { _ = try node.member("model").member("vocab").elements()[0].text() }?.description
        == """
        error: a number stands where text is expected.
          at:  t.jsonl, line 3, field model.vocab[0]
          fix: correct the value.
        """)
  }
}

extension Draws {
  /// A text of any scalars, those beyond the basic plane and the unassigned ones included.
  fileprivate mutating func text() -> String {
    var view = String.UnicodeScalarView()
    for _ in 0..<integer(below: 6) {
      if let scalar = Unicode.Scalar(UInt32(integer(below: 0x11_0000))) { view.append(scalar) }
    }
    return String(view)
  }

  fileprivate mutating func value(depth: Int) -> JSONValue {
    switch integer(below: depth < 4 ? 8 : 5) {
    case 0: return .text(text())
    case 1: return .whole(Int(bitPattern: UInt(bits())))
    case 2: return .number(Double(integer(below: 1_000_000)) / 7 * pick([1e-30, -1e30]))
    case 3: return .truth(integer(below: 2) == 0)
    case 4: return .null
    case 5, 6: return .list((0..<integer(below: 4)).map { _ in value(depth: depth + 1) })
    default:
      return .object((0..<integer(below: 4)).map { ("\($0)" + text(), value(depth: depth + 1)) })
    }
  }
}

import Configuration
import Foundation
import TestSupport
import Testing

/// Every failure, word for word.
@Suite struct ConfigurationErrorTests {
  struct Failure: Sendable {
    var yaml: String
    var read: @Sendable (ConfigurationMap) throws -> Void = { _ in }
    var text: String
  }

  static let failures: [Failure] = [
    Failure(
      yaml: "",
      text: """
        error: run.yaml is empty.
          at:  run.yaml
          fix: write the keys of a run; Examples/digits.yaml is one to start from.
        """),
    Failure(
      yaml: "# only this\n---\n",
      text: """
        error: run.yaml is empty.
          at:  run.yaml
          fix: write the keys of a run; Examples/digits.yaml is one to start from.
        """),
    Failure(
      yaml: "[1, 2]",
      text: """
        error: expected keys and values in the top level, found a list of 2.
          at:  run.yaml
          fix: write `key: value` pairs here.
        """),
    Failure(
      yaml: "a: [1\nb: 2\n",
      text: """
        error: this is not YAML: while parsing a flow sequence, did not find expected ',' or ']'.
          at:  run.yaml:2
          fix: check indentation, colons and quotes near this place.
        """),
    Failure(
      yaml: "a: 1\nb: 2\na: 3\n",
      text: """
        error: the key `a` is given twice in the top level.
          at:  run.yaml:1
          fix: keep one of the two.
        """),
    Failure(
      yaml: "m:\n  1: a\n  \"1\": b\n",
      text: """
        error: the key `1` is given twice in m.
          at:  run.yaml:3, m
          fix: keep one of the two.
        """),
    Failure(
      yaml: "[a]: 1",
      text: """
        error: a key in the top level is not a word.
          at:  run.yaml:1
          fix: use a plain word as key.
        """),
    Failure(
      yaml: "lerning: {}", read: { _ = try $0.map("learning") },
      text: """
        error: the key `learning` is missing in the top level; is `lerning` meant to be it?
          at:  run.yaml
          fix: add `learning: …` here.
        """),
    Failure(
      yaml: "\ntraining:\n  rate: fast", read: { _ = try $0.map("training").double("rate") },
      text: """
        error: training.rate is the text `fast`, expected a number.
          at:  run.yaml:3, training.rate
          fix: write a number.
        """),
    Failure(
      yaml: "rate: -1", read: { _ = try $0.double("rate", in: .positive) },
      text: """
        error: rate is -1, outside its bounds: greater than 0.
          at:  run.yaml:1, rate
          fix: choose a number that is greater than 0.
        """),
    Failure(
      yaml: "rate: .nan", read: { _ = try $0.double("rate") },
      text: """
        error: rate is nan, not a finite number.
          at:  run.yaml:1, rate
          fix: choose a finite number.
        """),
    Failure(
      yaml: "n: 0", read: { _ = try $0.int("n", in: 1...9) },
      text: """
        error: n is 0, outside its bounds: at least 1 and at most 9.
          at:  run.yaml:1, n
          fix: choose a number that is at least 1 and at most 9.
        """),
    Failure(
      yaml: "n: 99999999999999999999", read: { _ = try $0.int("n") },
      text: """
        error: n is the number 1e+20, expected a whole number.
          at:  run.yaml:1, n
          fix: write a whole number.
        """),
    Failure(
      yaml: "name: 12", read: { _ = try $0.string("name") },
      text: """
        error: name is the whole number 12, expected text (in quotes if it looks so).
          at:  run.yaml:1, name
          fix: write text (in quotes if it looks so).
        """),
    Failure(
      yaml: "ok: on", read: { _ = try $0.bool("ok") },
      text: """
        error: ok is the text `on`, expected true or false.
          at:  run.yaml:1, ok
          fix: write true or false.
        """),
    Failure(
      yaml: "o: adm", read: { _ = try $0.choice("o", of: ConfigurationMapTests.Optimizer.self) },
      text: """
        error: o cannot be `adm`; did you mean `adam`?
          at:  run.yaml:1, o
          fix: choose one of adam, sgd.
        """),
    Failure(
      yaml: "m: 3", read: { _ = try $0.map("m") },
      text: """
        error: expected keys and values in m, found the whole number 3.
          at:  run.yaml:1, m
          fix: write `key: value` pairs here.
        """),
    Failure(
      yaml: "s: [0, a]", read: { _ = try $0.doubles(ifPresent: "s") },
      text: """
        error: s[1] is the text `a`, expected a number.
          at:  run.yaml:1, s[1]
          fix: write a number.
        """),
    Failure(
      yaml: "s: [0]", read: { _ = try $0.doubles(ifPresent: "s", count: 2) },
      text: """
        error: s is a list of 1, expected a list of 2 numbers.
          at:  run.yaml:1, s
          fix: write a list of 2 numbers.
        """),
    Failure(
      yaml: "test: 1\nsplit: 2", read: { _ = try $0.exactlyOne(of: ["test", "split"]) },
      text: """
        error: the top level has split, test, which exclude each other.
          at:  run.yaml
          fix: keep one of them.
        """),
    Failure(
      yaml: "a: 1", read: { _ = try $0.exactlyOne(of: ["test", "split"]) },
      text: """
        error: the top level has none of the keys split, test.
          at:  run.yaml
          fix: give one of split, test.
        """),
    Failure(
      yaml: "a: 1", read: { try $0.finish() },
      text: """
        error: unknown key `a` in the top level.
          at:  run.yaml:1
          fix: remove it; there are no keys here.
        """),
  ]

  @Test(arguments: failures.indices)
  func eachFailureSaysWhatWhereAndWhatToDo(index: Int) {
    let failure = Self.failures[index]
    let error = diagnosed {
      try failure.read(ConfigurationMap(yaml: failure.yaml, file: "run.yaml"))
    }
    #expect(error is ConfigurationError)
    #expect(error?.description == failure.text)
    #expect(error?.exitCode == 3)
  }

  @Test func aFileThatIsNotThereOrNotAFileIsRefused() {
    #expect(
      diagnosed { _ = try ConfigurationMap(contentsOf: "/nowhere/x.yaml") }?.description == """
        error: there is no run file /nowhere/x.yaml.
          at:  /nowhere/x.yaml
          fix: give the path of a run file; Examples/digits.yaml is one to start from.
        """)
    #expect(
      diagnosed { _ = try ConfigurationMap(contentsOf: "/") }?.description == """
        error: / is not a file.
          at:  /
          fix: give the path of a run file, not of a folder or device.
        """)
  }

  @Test func bytesThatAreNotTextAreRefused() throws {
    let file = FileManager.default.temporaryDirectory.path + "/ascribe-\(UUID().uuidString).yaml"
    try Data([0x61, 0x3A, 0xFF, 0xFE]).write(to: URL(fileURLWithPath: file))
    defer { try? FileManager.default.removeItem(atPath: file) }
    let error = diagnosed { _ = try ConfigurationMap(contentsOf: file) }
    #expect(error as? ConfigurationError == .notText(file))
    #expect(error?.remedy == "save the file as UTF-8.")
  }

  @Test func aTowerOfBracketsOrAliasesIsRefused() {
    let deep = String(repeating: "[", count: 50_000)
    #expect(diagnosed { _ = try ConfigurationMap(yaml: deep, file: "f") } is ConfigurationError)
    var laughs = "a0: &a0 [x, x]\n"
    for i in 1...24 { laughs += "a\(i): &a\(i) [*a\(i - 1), *a\(i - 1)]\n" }
    let error = diagnosed { _ = try ConfigurationMap(yaml: laughs, file: "f") }
    #expect(
      error?.what == "f has 100001 values, more than the 100000 of a run file.")
    let huge = "a: " + String(repeating: "x", count: 8 << 20)
    #expect(
      diagnosed { _ = try ConfigurationMap(yaml: huge, file: "f") }?.what
        == "f has 8388611 bytes, more than the 8388608 of a run file.")
  }
}

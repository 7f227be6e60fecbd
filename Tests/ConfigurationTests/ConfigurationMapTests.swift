import Configuration
import Foundation
import Tensors
import TestSupport
import Testing

private func read(_ yaml: String) throws -> ConfigurationMap {
  try ConfigurationMap(yaml: yaml, file: "run.yaml")
}

@Suite struct ConfigurationMapTests {
  enum Optimizer: String, CaseIterable { case sgd, adam }

  @Test func eachTypeIsReadAsItIsWritten() throws {
    let map = try read(
      """
      text: abc
      quoted: "12"
      whole: -7
      hex: 0x10
      plain: 007
      real: 0.5
      small: 1e-3
      bare: .5
      open: 5.
      yes: yes
      truth: true
      nothing: ~
      list: [1, 2, 3]
      reals: [0, 0.5]
      words: [a, b]
      choice: adam
      """)
    #expect(try map.string("text") == "abc")
    #expect(try map.string("quoted") == "12")
    #expect(try map.int("whole") == -7)
    #expect(try map.int("hex") == 16)
    #expect(try map.int("plain") == 7)
    #expect(try map.double("real") == 0.5)
    #expect(try map.double("small") == 1e-3)
    #expect(try map.double("bare") == 0.5)
    #expect(try map.double("open") == 5)
    #expect(try map.double("whole") == -7)
    #expect(try map.string("yes") == "yes")
    #expect(try map.bool("truth"))
    #expect(try map.string(ifPresent: "nothing") == nil)
    #expect(try map.ints("list") == [1, 2, 3])
    #expect(try map.doubles(ifPresent: "reals", count: 2) == [0, 0.5])
    #expect(try map.strings(ifPresent: "words") == ["a", "b"])
    #expect(try map.choice("choice", of: Optimizer.self) == .adam)
    try map.finish()
  }

  @Test func whatIsMissingHasItsDefault() throws {
    let map = try read("given: 1")
    #expect(try map.int("epochs", in: 1...9, default: 3) == 3)
    #expect(try map.double("rate", default: 0.5) == 0.5)
    #expect(try map.string("name", default: "x") == "x")
    #expect(try map.bool("nesterov", default: true))
    #expect(try map.choice("optimizer", default: Optimizer.sgd) == .sgd)
    #expect(try map.map(ifPresent: "model") == nil)
    #expect(!map.has("other"))
    #expect(try map.int("given") == 1)
    try map.finish()
  }

  @Test func listsOfMappingsKnowTheirPlaces() throws {
    let map = try read("steps:\n  - {at: 1}\n  - {at: x}\n")
    let steps = try #require(try map.maps(ifPresent: "steps"))
    #expect(try steps[0].int("at") == 1)
    let error = diagnosed { _ = try steps[1].int("at") }
    #expect(error?.location == "run.yaml:3, steps[1].at")
  }

  @Test func finishReachesTheMappingsThatWereTaken() throws {
    let map = try read("training:\n  rate: 1\n  momentun: 0.9\n")
    let training = try map.map("training")
    _ = try training.double("rate")
    _ = try training.double("momentum", default: 0)
    let error = diagnosed { try map.finish() }
    #expect(
      error?.description == """
        error: unknown key `momentun` in training; did you mean `momentum`?
          at:  run.yaml:3, training
          fix: the keys here are momentum, rate.
        """)
    #expect(error?.exitCode == 3)
  }

  @Test func canonicalFormDependsOnTheValueAlone() throws {
    let a = try read("b: {y: [1, 2.0, 'a\"\\'], x: ~}\na: true\nc: 1e-3\n")
    let b = try read("{c: 0.001, a: true, b: {x: null, y: [1, 2.0, \"a\\\"\\\\\"]}}")
    let text = #"{"a":true,"b":{"x":null,"y":[1,2.0,"a\"\\"]},"c":0.001}"#
    #expect(a.canonicalJSON == text)
    #expect(b.canonicalJSON == text)
    #expect(try read(text).values == a.values)
    let data = try JSONEncoder().encode(ConfigurationValue.map(a.values))
    let decoded = try JSONDecoder().decode(ConfigurationValue.self, from: data)
    // JSONEncoder writes 2.0 as 2: equal as a number.
    #expect(
      decoded.canonicalJSON == text.replacingOccurrences(of: "2.0", with: "2"))
  }

  @Test func aliasesStandForTheirValues() throws {
    let map = try read("a: &x {p: 1}\nb: *x\n")
    #expect(try map.map("b").int("p") == 1)
  }

  @Test func aFileIsReadFromDisk() throws {
    let file = FileManager.default.temporaryDirectory.path + "/ascribe-\(UUID().uuidString).yaml"
    try Data("a: 1".utf8).write(to: URL(fileURLWithPath: file))
    defer { try? FileManager.default.removeItem(atPath: file) }
    #expect(try ConfigurationMap(contentsOf: file).int("a") == 1)
  }

  @Test(arguments: [
    ("momentun", "momentum"), ("epoch", "epochs"), ("lerning_rate", "learning_rate"),
    ("formt", "format"), ("fecth", "fetch"), ("Rate", "rate"), ("norm", "normalisation"),
  ])
  func theNearestWordIsFound(_ pair: (String, String)) {
    let known = [
      "momentum", "epochs", "learning_rate", "format", "fetch", "rate", "normalisation",
    ]
    #expect(nearest(to: pair.0, among: known) == pair.1)
  }

  @Test func nothingIsSuggestedForAFarWord() {
    #expect(nearest(to: "xyzzy", among: ["momentum", "rate"]) == nil)
  }

  @Test(arguments: 0..<300)
  func aDamagedFileIsReadOrRefused(seed: Int) throws {
    var bytes = Array(
      "name: a\ndata: {train: [1, 2.5, 'x'], flip: {f: 0.1}}\nlist:\n  - &q a\n  - *q\n# e\n".utf8)
    var generator = SystemRandomNumberGenerator.seeded(seed)
    for _ in 0..<(1 + seed % 4) {
      bytes[generator.next() % bytes.count] = UInt8(generator.next() % 256)
    }
    if seed % 3 == 0 { bytes.removeLast(generator.next() % bytes.count) }
    let text = String(decoding: bytes, as: UTF8.self)
    do {
      let map = try read(text)
      #expect(try read(map.canonicalJSON.isEmpty ? "" : map.canonicalJSON).keys == map.keys)
    } catch {
      #expect(error is ConfigurationError, "seed \(seed): \(error)")
    }
  }
}

/// A small generator with a seed, for damage.
struct Damage {
  var state: UInt64
  mutating func next() -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33)
  }
}

extension SystemRandomNumberGenerator {
  static func seeded(_ seed: Int) -> Damage {
    var damage = Damage(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1)
    _ = damage.next()
    return damage
  }
}

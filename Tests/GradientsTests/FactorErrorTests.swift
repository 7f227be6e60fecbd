import Datasets
import Foundation
import Storage
import Tensors
import TestSupport
import Testing

@testable import Gradients

/// What files of factors are refused for, word for word.
@Suite("Files of factors that are refused") struct FactorErrorTests {
  func refusal(_ write: (String) throws -> Void) throws -> String {
    let folder = try ScratchFolder()
    let error = diagnosed { _ = try StoredFactorsTests.sealed(folder, write) }
    let text = (error.map { "\($0)" } ?? "none").replacingOccurrences(of: folder.path, with: "")
    #expect(!(try folder.contents().keys.contains("sealed.h5")))
    return text
  }

  @Test("a shape that does not fit names the dataset, what it should be and what it is")
  func shapes() throws {
    #expect(
      try refusal { try StoredFactorsTests.writeHand(to: $0, left: [1, 2], leftShape: [1, 2, 1]) }
        == """
        error: left/prediction/fc has shape [1, 2, 1], expected n × T × O, n = 2
          at:  /plain.h5:left/prediction/fc
          fix: write it in this shape; Projections/README.md has the layout
        """)
    #expect(
      try refusal {
        try StoredFactorsTests.writeHand(to: $0, left: [1, 2], leftShape: [2, 1, 1])
      } == """
        error: right/fc has shape [2, 2, 2], expected n × T × I, n = 2, T = 1
          at:  /plain.h5:right/fc
          fix: write it in this shape; Projections/README.md has the layout
        """)
    #expect(
      try refusal {
        try StoredFactorsTests.writeHand(to: $0, left: [1, 2, 3, 4], leftShape: [2, 1, 2, 1])
      }.contains("left/prediction/fc has shape [2, 1, 2, 1], expected n × T × O"))
    #expect(
      try refusal {
        try StoredFactorsTests.writeHand(to: $0, leftShape: [2, 1, 2, 1], function: "trace")
      }.contains("left/trace/fc has shape [2, 1, 2, 1], expected n × T × C × O, n = 2, C = 1"))
  }

  @Test(
    "values that are not finite name the dataset and the example",
    arguments: [Float.nan, .infinity])
  func values(bad: Float) throws {
    #expect(
      try refusal { try StoredFactorsTests.writeHand(to: $0, left: [1, 2, 3, bad]) } == """
        error: left/prediction/fc is not a finite number at example 1
          at:  /plain.h5:left/prediction/fc
          fix: find the example that gives it, and leave it out
        """)
    #expect(
      try refusal { try StoredFactorsTests.writeHand(to: $0, outputs: [bad, 1]) }.contains(
        "outputs is not a finite number at example 0"))
    #expect(
      try refusal { try StoredFactorsTests.writeHand(to: $0, labels: [1, bad]) }.contains(
        "labels is not a finite number at example 1"))
    #expect(
      try refusal {
        try StoredFactorsTests.writeHand(to: $0, right: [0, 0, 0, 0, bad, 0, 0, 0])
      }.contains("right/fc is not a finite number at example 1"))
  }

  @Test("functions, labels, ids, classes and biases that cannot be are refused by name")
  func contents() throws {
    #expect(
      try refusal { try StoredFactorsTests.writeHand(to: $0, function: "logits") } == """
        error: `left/logits` names no function that is differentiated
          at:  /plain.h5
          fix: name one of margin, hardMargin, loss, logit, logProbability, prediction, \
        negativeHalfSquaredError, trace
        """)
    #expect(
      try refusal { try StoredFactorsTests.writeHand(to: $0, bias: 2) }.contains(
        "right/fc@bias holds another value, expected 0 or 1"))
    func write(
      _ path: String, layers: [String] = ["f"], labels: [Int64] = [0, 1],
      ids: [String] = ["a", "b"],
      classes: [String] = ["x", "y"], without: String = ""
    ) throws {
      let file = try HDF5File(creating: path)
      if without != "outputs" {
        try file.write([Float](repeating: 0, count: 4), shape: [2, 2], to: "outputs")
      }
      if without != "labels" { try file.write(labels, shape: [labels.count], to: "labels") }
      try file.write(ids, to: "ids")
      try file.write(classes, to: "classes")
      try file.write(layers, to: "layers")
      if without != "left" {
        try file.write([Float](arrayLiteral: 1, 2), shape: [2, 1], to: "left/margin/f")
      }
      try file.close()
    }
    #expect(
      try refusal { try write($0, labels: [0, 2]) }.contains(
        "the label of example b is 2; there are 2 classes"))
    #expect(
      try refusal { try write($0, labels: [-1, 0]) }.contains(
        "the label of example a is -1; there are 2 classes"))
    #expect(
      try refusal { try write($0, labels: [0]) }.contains("labels has shape [1], expected n = 2"))
    #expect(try refusal { try write($0, ids: ["a", "a"]) }.contains("a is there twice"))
    #expect(try refusal { try write($0, ids: ["a"]) }.contains("ids has shape [1], expected n = 2"))
    #expect(
      try refusal { try write($0, classes: ["x"]) }.contains(
        "classes has shape [1], expected C = 2"))
    #expect(
      try refusal { try write($0, layers: ["f", "f"]) } == """
        error: f is there twice
          at:  /plain.h5:layers
          fix: give each a name of its own
        """)
    #expect(
      try refusal { try write($0, layers: ["g"]) }.contains("there is no dataset left/margin/g"))
    for name in ["outputs", "labels", "left"] {
      #expect(try refusal { try write($0, without: name) }.contains("there is no dataset \(name)"))
    }
  }

  @Test("another model's file, an unknown example and a target that does not follow are refused")
  func together() throws {
    let folder = try ScratchFolder()
    let file = try StoredFactorsTests.sealed(folder) { try StoredFactorsTests.writeHand(to: $0) }
    let other = try ScratchFolder()
    let wide = try StoredFactorsTests.sealed(other) {
      try StoredFactorsTests.writeHand(
        to: $0, left: [1, 1], right: [1, 2, 3, 4, 5, 6], leftShape: [2, 1], rightShape: [2, 3])
    }
    let error = diagnosed { _ = try StoredFactors([file, wide]) }
    #expect(
      error?.what
        == "layers differ between the files: fc 1 × 2 + bias in the first, fc 1 × 3 + bias here")
    #expect(error?.exitCode == 4 && error?.location == wide.path)
    let source = try StoredFactors([file])
    #expect(
      diagnosed { _ = try source.outputs(of: wide.data) }
        as? GradientError == .noExample(id: "0", file: file.path))
    let unknown = Dataset(
      ids: [.name("z")], inputs: Tensor(uninitialized: [1, 0]),
      targets: .values(Tensor([1], shape: [1, 1])), origin: file.digest)
    #expect(
      diagnosed { _ = try source.outputs(of: unknown) }
        as? GradientError == .noExample(id: "z", file: file.path))
    let missing = diagnosed { _ = try source.gradients(of: file.data, target: .jacobian) }
    #expect(missing?.what == "there are no factors of trace: the file has those of prediction")
    #expect(
      diagnosed { _ = try source.network(for: "a score by token") }?.what
        == "a score by token is made of passes through the network; these gradients come from elsewhere"
    )
    #expect(
      diagnosed { _ = try source.gradients(of: file.data, target: .output(.margin)) }
        as? GradientError == .outputFunction(name: "margin"))
  }

  @Test("damage is noticed wherever it is, and another kind of file refused")
  func damage() throws {
    let folder = try ScratchFolder()
    let file = try StoredFactorsTests.sealed(folder) { try StoredFactorsTests.writeHand(to: $0) }
    let bytes = try folder.bytes("sealed.h5")
    for place in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 97)) {
      var changed = bytes
      changed[place] ^= 0x10
      try Data(changed).write(to: URL(fileURLWithPath: folder / "changed.h5"))
      #expect(throws: StorageError.self, "byte \(place)") {
        try Verification.verify(folder / "changed.h5")
      }
      #expect(throws: (any Error).self, "byte \(place)") {
        let changed = try FactorFile(folder / "changed.h5")
        let source = try StoredFactors([changed])
        _ = try source.gradients(of: changed.data, target: .output(.prediction))
      }
    }
    #expect(
      diagnosed { _ = try FactorFile(folder / "plain.h5") } as? StorageError
        == .notSealed(file: folder / "plain.h5"))
    #expect(file.layout.targets == [.output(.prediction)])
  }

  @Test("a damaged file of another program is refused or read, and never ends the process")
  func plainDamage() throws {
    let folder = try ScratchFolder()
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: fixture("Factors/train.h5"))))
    var refused = 0
    for seed in 0..<fuzzSeeds(60) {
      try Data(damaged(bytes, seed: seed)).write(to: URL(fileURLWithPath: folder / "plain.h5"))
      let error = diagnosed {
        try FactorFile.seal(folder / "plain.h5", to: folder / "sealed.h5", model: "m")
        _ = try FactorFile(folder / "sealed.h5")
      }
      if let error {
        refused += 1
        #expect(!error.what.isEmpty && !error.remedy.isEmpty, "seed \(seed)")
      }
    }
    #expect(refused > 0)
  }
}

import Configuration
import Datasets
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Networks

/// Which tokens of texts are predicted, and what the loss sums.
@Suite("Targets of texts") struct TokenMaskTests {
  static func data(_ source: String) throws -> Dataset {
    let scratch = try ScratchFolder()
    try Data("{\"text\":\"ab\"}\n{\"text\":\"cab\"}\n{\"text\":\"abcab\"}\n".utf8)
      .write(to: URL(fileURLWithPath: scratch / "t.jsonl"))
    let yaml = "{format: jsonl, path: t.jsonl, \(source)}"
    return try DataConfiguration(
      from: ConfigurationMap(yaml: "train: \(yaml)\ntest: \(yaml)", file: "run.yaml"),
      relativeTo: scratch.path
    ).load().train
  }

  /// ln C for each target when all logits are equal.
  static func losses(_ data: Dataset) -> [Double] {
    let shape = data.inputs.shape
    let outputs = Tensor(repeating: 0, shape: shape + [data.outputCount])
    return (0..<data.count).map { row in
      Double(
        Loss.nextToken.values(
          outputs.prefixSlice(row..<row + 1), TargetValues(data.targets).gathered([row]))[0])
    }
  }

  @Test("a document a row: its second to last tokens are targets, padding and what is cut are not")
  func rows() throws {
    let data = try Self.data("length: 4")
    #expect(data.inputs.elements == [0, 1, -1, -1, 2, 0, 1, -1, 0, 1, 2, 0])
    let targets = TargetValues(data.targets)
    let wanted: [Int?] = [1, nil, nil, nil, 0, 1, nil, nil, 1, 2, 0, nil]
    #expect((0..<12).map { targets.trueClass(row: $0) } == wanted)
    for (loss, count) in zip(Self.losses(data), [1.0, 2, 3]) {
      #expect(abs(loss - count * log(3)) < 1e-5)
    }
  }

  @Test("packed: separators are targets and predict the next document; the first of a row is none")
  func packed() throws {
    let data = try Self.data("length: 4, packing: true")
    // Ids \n 0, a 1, b 2, c 3: a b \n c | a b \n a | b c a b | \n, alone, is left out.
    #expect(data.inputs.elements == [1, 2, 0, 3, 1, 2, 0, 1, 2, 3, 1, 2])
    let targets = TargetValues(data.targets)
    let wanted: [Int?] = [2, 0, 3, nil, 2, 0, 1, nil, 3, 1, 2, nil]
    #expect((0..<12).map { targets.trueClass(row: $0) } == wanted)
    for loss in Self.losses(data) { #expect(abs(loss - 3 * log(4)) < 1e-5) }
  }
}

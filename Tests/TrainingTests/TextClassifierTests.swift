import Configuration
import Foundation
import TestSupport
import Testing

@testable import Runs

/// A BERT whose examples are the texts of a run file.
@Suite("Classes of texts") struct TextClassifierTests {
  let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: folder / name))
  }

  func configuration(_ tokens: String, _ more: String = "") throws -> RunConfiguration {
    let lines = ["anna", "aida", "otto", "bo", "ada", "toto"].map {
      #"{"text":"\#($0)","label":"\#($0.hasSuffix("a") ? "a" : "o")"}"#
    }
    try write(lines.joined(separator: "\n"), to: "names.jsonl")
    try write(
      """
      data:
        source: {format: jsonl, path: names.jsonl, label: label, tokens: \(tokens), length: 5}
        split: {test: 2, seed: 0}
      model: {kind: bert, layers: 1, heads: 1, width: 4\(more)}
      training: {rate: 0.1, batch: 2, epochs: 1}
      """, to: "run.yaml")
    return try RunConfiguration(contentsOf: folder / "run.yaml")
  }

  @Test("it takes the tokenizer's vocabulary, and none of its tokens is padding")
  func vocabulary() throws {
    // The character `a` is token 0, and ends names.
    let run = try TrainingJob(
      try configuration("characters"), checkpointsFolder: folder / "Checkpoints"
    ).run().run
    let sizes = try #require(try run.configuration().model.transformer)
    #expect(sizes.vocabulary == 7 && sizes.padding == -1)
    #expect(run.record.parameters.contains { $0.shape == [7, 4] })
    let reopened = try Run(folder: run.folder)
    #expect(try reopened.configuration().model == run.configuration().model)
  }

  @Test("what the run file says goes before")
  func given() throws {
    let sizes = try configuration("bytes", ", vocabulary: 300, padding: 0").model.transformer
    #expect(sizes?.vocabulary == 300 && sizes?.padding == 0)
    let data = try configuration("bytes").data.load().train
    #expect(try configuration("bytes").fitted(to: data).model.transformer?.vocabulary == 256)
  }

  @Test("arrays of ids still need a vocabulary, and have token 0 as their padding")
  func arrays() throws {
    func arrays(_ more: String) throws -> RunConfiguration {
      try write(
        """
        data:
          source: {format: npz, path: x.npz, inputs: x, labels: y}
          split: {test: 2, seed: 0}
        model: {kind: bert, layers: 1, heads: 1, width: 4\(more)}
        training: {rate: 0.1, batch: 2, epochs: 1}
        """, to: "arrays.yaml")
      return try RunConfiguration(contentsOf: folder / "arrays.yaml")
    }
    #expect(try arrays(", vocabulary: 9").model.transformer?.padding == 0)
    let error = diagnosed { _ = try arrays("") }
    #expect(error?.what == "the key `vocabulary` is missing in model.")
  }
}

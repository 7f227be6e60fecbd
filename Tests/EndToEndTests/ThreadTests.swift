import Foundation
import Testing

@Suite struct ThreadTests {
  /// Gradients, scores and a bank of a network, by its kind.
  static let models = [
    "gpt2": "{kind: gpt2, layers: 1, heads: 2, width: 8}",
    "vit": "{kind: vit, layers: 1, heads: 2, width: 8, patch: 2, image: [1, 8, 8]}",
    "resnet": "{kind: resnet, blocks: 1, width: 4, image: [1, 8, 8]}",
  ]

  @Test(
    "transformers, residual networks and their banks have the same bytes for one thread and for two",
    arguments: models.keys.sorted())
  func networks(kind: String) throws {
    func files(threads: String) throws -> [String: [UInt8]] {
      let work = try Workspace()
      let model = try #require(Self.models[kind])
      let training = "{optimizer: adamw, rate: 0.01, batch: 8, epochs: 2}"
      if kind == "gpt2" {
        try work.write(
          (0..<40).map { "line \($0) of a text that repeats itself\n" }.joined(), to: "t.txt")
        try work.write(
          """
          name: r
          data:
            source: {format: text, path: t.txt, tokens: characters, length: 24}
            split: {test: 8, seed: 0}
          model: \(model)
          training: \(training)

          """, to: "r.yaml")
      } else {
        let header = (0..<64).map { "p\($0)" }.joined(separator: ",") + ",label\n"
        for (name, rows) in [("train.csv", 24), ("test.csv", 8)] {
          let lines = (0..<rows).map { row in
            (0..<64).map { "\((row * row + 7 * $0 * $0 + row * $0) % 17)" }.joined(separator: ",")
              + ",\(row % 3)\n"
          }
          try work.write(header + lines.joined(), to: name)
        }
        try work.write(Workspace.runFile(model: model, training: training), to: "r.yaml")
      }
      var commands = [
        ["train", "r.yaml"], ["collect", "r", "--dim", "16"], ["score", "r", "--method", "trak"],
      ]
      // Banks are of classes and numbers.
      if kind != "gpt2" { commands.append(["retrain", "r", "--subsets", "2", "--seeds", "1"]) }
      for command in commands {
        let result = try AscribeProcess(command + ["--threads", threads], in: work.path).wait()
        #expect(result.code == 0, "\(command): \(result.errors)")
      }
      return work.files("Checkpoints", "Projections").mapValues { [UInt8]($0) }
    }
    let one = try files(threads: "1")
    #expect(one.count > 5)
    #expect(try files(threads: "2") == one)
  }

  @Test("runs, stores and scores have the same bytes for one thread and for two")
  func sameBytes() throws {
    func files(threads: String) throws -> [String: [UInt8]] {
      let work = try Workspace()
      let more = ["--threads", threads]
      for command in [
        ["train", "r.yaml", "--seeds", "2"], ["collect", "r", "--dim", "16"],
        ["collect", "r", "--split", "test", "--dim", "16"],
        ["collect", "r", "--dim", "12", "--projector", "sjlt", "--out", "Projections/sjlt.h5"],
        ["score", "r"], ["score", "r", "--method", "trak", "--kernel", "features"],
        ["mislabeled", "r", "--csv", "Projections/suspects.csv"],
      ] {
        let result = try AscribeProcess(command + more, in: work.path).wait()
        #expect(result.code == 0, "\(command): \(result.errors)")
      }
      return work.files("Checkpoints", "Projections").mapValues { [UInt8]($0) }
    }
    let one = try files(threads: "1")
    #expect(one.count > 20)
    #expect(try files(threads: "2") == one)
  }
}

import ArgumentParser
import Checkpoints
import Configuration
import Foundation
import Influence
import Reports
import Storage
import Training

/// `ascribe inspect`.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "What a run, store, score file or checkpoint holds.")

  @Argument(help: "A run's name or folder, an .h5 file or a .safetensors file.") var path: String
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var common: CommonOptions

  func run() throws {
    common.begin()
    if path.hasSuffix(".safetensors") { return try showCheckpoint() }
    if path.hasSuffix(".h5") { return try show(try StoreDescription(path)) }
    try show(try common.find(path))
  }

  private func show(_ store: StoreDescription) throws {
    if json { return Console.output(try JSON.text(store, layout: .compact)) }
    Console.output("\(store.path): \(store.format), \(store.bytes) bytes, seal \(store.seal)")
    var table = TextTable(["dataset", "shape", "type", "row checksums"])
    for dataset in store.datasets {
      table.append([
        dataset.name, dataset.shape.map(String.init).joined(separator: " × "), dataset.type,
        dataset.hasRowChecksums ? "yes" : "",
      ])
    }
    Console.output(table.text)
    if !store.groups.isEmpty {
      Console.output("groups: " + store.groups.joined(separator: ", "))
      Console.output(
        "shards of rows: " + store.shardRows.map(String.init).joined(separator: ", "))
    }
    for field in store.fingerprint.fields { Console.output("\(field.name): \(field.value)") }
    if let scores = try? ScoreFile(store.path) {
      for part in scores.header.damping {
        Console.output(part.name)
        Console.output(part.report.lines.map { "  " + $0 }.joined(separator: "\n"))
      }
    }
  }

  private func show(_ run: Run) throws {
    if json { return Console.output(try JSON.text(run.record, layout: .compact)) }
    let record = run.record
    Console.output("\(run.name) (\(record.status.rawValue)) in \(run.folder)")
    let counts = record.exampleCounts.sorted { $0.key < $1.key }
    Console.output(
      counts.map { "\($0.key): \($0.value) examples, hash \(record.dataHashes[$0.key] ?? "")" }
        .joined(separator: "\n"))
    Console.output(
      (run.isForeign ? "layers, differentiated elsewhere: " : "network: ")
        + record.parameters.map {
          "\($0.name) \($0.shape.map(String.init).joined(separator: "×"))"
        }.joined(separator: ", "))
    Console.output("seeds: " + run.seeds.map(String.init).joined(separator: ", "))
    Console.output(
      "checkpoints: epochs " + record.checkpointEpochs.map(String.init).joined(separator: ", "))
    Console.output("engine \(record.engineVersion), BLAS core \(record.blasCore)")
  }

  private func showCheckpoint() throws {
    let file = try SafetensorsFile(reading: path)
    let tensors = file.entries.map {
      TensorAnswer(name: $0.name, dtype: $0.type, shape: $0.shape)
    }
    if json {
      return Console.output(
        try JSON.text(
          CheckpointAnswer(
            path: path, sha256: "\(file.fileHash)", metadata: file.metadata, tensors: tensors),
          layout: .compact))
    }
    var table = TextTable(["tensor", "dtype", "shape"])
    for tensor in tensors {
      table.append([
        tensor.name, tensor.dtype, tensor.shape.map(String.init).joined(separator: " × "),
      ])
    }
    Console.output(table.text)
    Console.output("SHA-256 \(file.fileHash)")
    for (key, value) in file.metadata.sorted(by: { $0.key < $1.key }) {
      Console.output("\(key): \(value)")
    }
  }
}

private struct TensorAnswer: Encodable {
  let name, dtype: String
  let shape: [Int]
}

private struct CheckpointAnswer: Encodable {
  let path, sha256: String
  let metadata: [String: String]
  let tensors: [TensorAnswer]
}

import Answers
import Components
import Foundation
import Influence
import JSON
import Models
import Reports
import Runs
import Storage
import Tensors

/// Says what a run, a store, a score file or a checkpoint holds.
public struct InspectJob: Sendable {
  /// A run's name or folder, or a file whose name ends in `.h5` or `.safetensors`.
  public var path: String
  /// The folder of all runs.
  public var checkpointsFolder: String
  /// Where the paths of the run file begin now, for a run or data that was moved; nil: where they did.
  public var dataFolder: String?
  /// Whether is looked at a run's data: how they were read, and what is wrong with them.
  public var looksAtData = false

  /// A run or a file.
  public init(_ path: String, checkpointsFolder: String = "Checkpoints") {
    (self.path, self.checkpointsFolder) = (path, checkpointsFolder)
  }

  /// What was found.
  public enum Result: Sendable {
    /// A file of weights.
    case checkpoint(CheckpointAnswer)
    /// A store or another sealed file.
    case store(StoreDescription)
    /// A run.
    case run(Run)
    /// A run's data.
    case data(DataAnswer)

    /// One JSON object: of a run the whole of its record.
    public func json() throws -> String {
      switch self {
      case .checkpoint(let answer): try answer.json()
      case .store(let store): try JSON.text(store, layout: .compact)
      case .run(let run): try JSON.text(run.record, layout: .compact)
      case .data(let answer): try answer.json()
      }
    }

    /// For reading.
    public var text: String {
      switch self {
      case .checkpoint(let answer): answer.text
      case .store(let store): InspectJob.text(store)
      case .run(let run): InspectJob.text(run)
      case .data(let answer): answer.text
      }
    }
  }

  /// Reads what is asked about.
  ///
  /// - Throws: errors of the file or the run.
  public func run(control: JobControl = .silent) throws -> Result {
    if looksAtData {
      let run = try Run.found(
        path, checkpointsFolder: checkpointsFolder, dataFolder: dataFolder, control)
      return .data(DataAnswer(run: run.name, try run.loadData(describing: true)))
    }
    if path.hasSuffix(".safetensors") { return .checkpoint(try CheckpointAnswer(reading: path)) }
    if path.hasSuffix(".h5") { return .store(try StoreDescription(path)) }
    return .run(
      try Run.found(
        path, checkpointsFolder: checkpointsFolder, dataFolder: dataFolder, control))
  }

  private static func text(_ store: StoreDescription) -> String {
    var lines = ["\(store.path): \(store.format), \(store.bytes) bytes, seal \(store.seal)"]
    var table = TextTable(["dataset", "shape", "type", "row checksums"])
    for dataset in store.datasets {
      table.append([
        dataset.name, dataset.shape.map(String.init).joined(separator: " × "), dataset.type,
        dataset.hasRowChecksums ? "yes" : "",
      ])
    }
    if store.format == AblationBank.format, let bank = try? AblationBank(store.path) {
      lines.append(bank.sentence)
    }
    lines.append(table.text)
    if !store.groups.isEmpty {
      lines.append("groups: " + store.groups.joined(separator: ", "))
      lines.append("shards of rows: " + store.shardRows.map(String.init).joined(separator: ", "))
    }
    lines += store.fingerprint.fields.map { "\($0.name): \($0.value)" }
    if let scores = try? ScoreFile(store.path) {
      for part in scores.header.damping {
        lines.append(part.name)
        lines.append(part.report.lines.map { "  " + $0 }.joined(separator: "\n"))
      }
    }
    return lines.joined(separator: "\n")
  }

  private static func text(_ run: Run) -> String {
    let record = run.record
    var lines = ["\(run.name) (\(record.status.rawValue)) in \(run.folder)"]
    for (part, count) in record.exampleCounts.sorted(by: { $0.key < $1.key }) {
      lines.append("\(part): \(count) examples, hash \(record.dataHashes[part] ?? "")")
    }
    let parameters = record.parameters.map { parameter -> String in
      let shape = parameter.shape.map(String.init).joined(separator: "×")
      return "\(parameter.name) \(shape)"
    }
    let kind = run.isForeign ? "layers, differentiated elsewhere: " : "network: "
    lines.append(kind + parameters.joined(separator: ", "))
    lines.append("seeds: " + run.seeds.map(String.init).joined(separator: ", "))
    let epochs = record.checkpointEpochs.map(String.init).joined(separator: ", ")
    lines.append("checkpoints: epochs " + epochs)
    lines.append("engine \(record.engineVersion), BLAS core \(record.blasCore)")
    return lines.joined(separator: "\n")
  }
}

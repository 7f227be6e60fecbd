import Answers
import Configuration
import Curation
import Datasets
import Evaluation
import Foundation
import JSON
import Runs
import Storage
import SystemPackage
import Tensors

/// Takes over decisions about a run's examples: a corrected run file, and what training on it changes.
public struct ReviewJob: Sendable {
  /// The decisions (`ReviewDecisions`).
  public var decisions: String
  /// The corrected run's name; nil: the run's with `-reviewed`.
  public var name: String?
  /// Pairs of models that are trained; 0: none.
  public var seeds = 5
  /// Whether test examples may be changed too.
  public var touchTest = false
  /// Whether files of that name are replaced.
  public var overwrites = false

  /// The decisions of a file.
  public init(_ decisions: String) { self.decisions = decisions }

  /// Writes the corrected run file with a copy of the decisions beside the run's own file, then trains
  /// pairs of models.
  ///
  /// - Throws: `DatasetError.decision` and others for decisions that do not fit; errors of training
  ///   and of files; `JobCancelled`: what was finished is kept.
  public func run(in session: Session) throws -> ReviewAnswer {
    try EvaluationError.require(seeds, in: 0...1_000, field: "seeds")
    let decided = try ReviewDecisions(reading: decisions)
    guard !decided.decisions.isEmpty else { throw DatasetError.noExamples(file: decisions) }
    let influence = try session.influence()
    let (run, data) = (influence.run, influence.data)
    let after = try decided.applied(to: data, touchesTest: touchTest)
    if seeds > 0 { try data.requireTest() }
    let corrected = try run.configuration().renamed(name ?? run.name + "-reviewed")
    let (runFile, table) = try write(corrected, decided)
    session.control.note("corrected run file: \(runFile)")
    let pairs =
      seeds == 0
      ? []
      : try ReviewTraining(run, before: data, after: after, seeds: seeds)
        .pairs(control: session.control)
    let accuracies = pairs.compactMap { pair in
      pair.before.accuracy.flatMap { before in pair.after.accuracy.map { (before, $0) } }
    }
    let test = decided.decisions.count { $0.part == .test && $0.verdict != .keep }
    return ReviewAnswer(
      run: run.name, corrected: corrected.name, runFile: runFile, decisions: table,
      counts: (
        decided.count(.keep), decided.count(.relabel), decided.count(.drop), decided.undecided
      ), testChanged: test, seeds: seeds,
      loss: pairs.isEmpty ? nil : .init(pairs.map { ($0.before.loss, $0.after.loss) }),
      accuracy: accuracies.isEmpty ? nil : .init(accuracies.map { ($0.0, $0.1) }))
  }

  /// The run file and the decisions, in the folder where the paths of the run's data begin.
  private func write(
    _ corrected: RunConfiguration, _ decided: ReviewDecisions
  ) throws -> (runFile: String, decisions: String) {
    let folder = corrected.folder
    let runFile = FilePath(folder).appending("\(corrected.name).yaml").string
    let table = FilePath(folder).appending("\(corrected.name)-decisions.csv").string
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: decided.file)))
    let text = try corrected.reviewed(
      decisions: "\(corrected.name)-decisions.csv", touchesTest: touchTest)
    for (path, contents) in [(table, bytes), (runFile, Array(text.utf8))] {
      if !overwrites, try AtomicFile.isThere(path),
        FileManager.default.contents(atPath: path).map({ [UInt8]($0) }) != contents
      {
        throw CurationError.request(
          problem: "there is another file \(path)", field: "‹name›",
          remedy: "give the corrected run another name, or replace the file with ‹overwrites›")
      }
      try AtomicFile.write(contents, to: path)
    }
    return (runFile, table)
  }
}

extension RunConfiguration {
  /// The run file with decisions as part of its data.
  ///
  /// - Throws: `CurationError` never; only what writing JSON throws.
  func reviewed(decisions: String, touchesTest: Bool) throws -> String {
    guard case .map(var values) = value, case .map(var data) = values["data"] else { return "" }
    var files: [ConfigurationValue] = []
    if case .list(let known) = data["decisions"] { files = known }
    if case .string(let known) = data["decisions"] { files = [.string(known)] }
    data["decisions"] = .list(files + [.string(decisions)])
    if touchesTest { data["touchTest"] = .bool(true) }
    values["data"] = .map(data)
    // JSON is YAML: a run file may be written in either.
    return JSON.text(ConfigurationValue.map(values).json, layout: .indented) + "\n"
  }
}

import ArgumentParser
import Datasets
import Evaluation
import Foundation
import Influence
import Reports
import Storage
import Tensors

/// `ascribe score`.
struct ScoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score",
    abstract: "All scores of a split against the training examples, in one HDF5 file.")

  @Argument(help: ArgumentHelp("The run's name, or its folder.", valueName: "run"))
  var runName: String
  @Option(help: "The queries: test or train.") var split: Split = .test
  @Option(help: "The file to write (default: Projections/RUN/scores-METHOD.h5).")
  var out: String?
  @Option(help: "Checkpoints whose spectrum and cross-validation are computed: none, last, all.")
  var diagnose: DampingDiagnosis = .last
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var fusing: FuseOptions
  @OptionGroup var method: MethodOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    try CommonOptions.requireHDF5Name(out)
    if fusing.fuse != nil && split == .train {
      throw ValidationError(
        "--fuse is for test examples: a bank holds no outputs on the training set")
    }
  }

  func run() throws {
    common.begin()
    let setup = try ScoringSetup(
      run: runName, method, common, diagnosesDamping: diagnose,
      asks: split == .test ? .test : .train)
    let queries = try split.part(of: setup.influence.data)
    let train = setup.influence.data.train
    let folder = setup.influence.run.projectionsFolder
    let fused = try fusing.scorer(setup)
    let name = fused == nil ? setup.options.method.name : "fused"
    let path = out ?? "\(folder)/scores-\(name).h5"
    if out == nil {
      try AtomicFile.makeFolder(folder)
    }
    // Asked for after the scores: checkpoints that do not all fit in memory are prepared once.
    func header() throws -> ScoreDescription {
      try ScoreDescription(
        setup.scorer, of: setup.influence, queries: queries, fusion: fused?.record)
    }
    let bar = Progress("scoring", unit: "queries")
    try ScoreFile.write(try header(), train: train, queries: queries, to: path) { take in
      func next(_ range: Range<Int>, _ block: Matrix<Float>) throws {
        try Interruption.check()
        try take(block)
        bar.update(range.upperBound, of: queries.count)
      }
      if let fused {
        try fused.forEachBlock(Array(0..<queries.count), next)
      } else {
        try setup.scorer.forEachBlock(of: queries, once: true, next)
      }
    }
    try setup.explain()
    Console.line("wrote \(path): \(queries.count) × \(train.count) scores")
    if json {
      Console.output(
        try JSON.text(
          ScoreAnswer(
            path: path, queries: queries.count, trainingExamples: train.count, header: try header()),
          layout: .compact))
    }
  }
}

/// `score --json`.
private struct ScoreAnswer: Encodable {
  let path: String
  let queries, trainingExamples: Int
  let header: ScoreDescription
}

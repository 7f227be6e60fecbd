import ArgumentParser
import Datasets
import Foundation
import Gradients
import Influence
import Networks
import Projections
import Reports
import Storage
import Training

extension ProjectorKind: ExpressibleByArgument {}

/// How features are stored.
enum FeatureType: String, ExpressibleByArgument, CaseIterable {
  case float32, float16, bfloat16

  var storageType: StorageType {
    switch self {
    case .float32: .float32
    case .float16: .float16
    case .bfloat16: .bfloat16
    }
  }
}

/// `ascribe collect`.
struct CollectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "collect",
    abstract: "Projected per-example gradients of a split into a store.",
    discussion: "Interrupted, it goes on where it was and leaves the same bytes.")

  @Argument(help: ArgumentHelp("The run's name, or its folder.", valueName: "run"))
  var runName: String
  @Option(help: "train or test.") var split: Split = .train
  @Option(help: "The method that will read them, such as trajectory (default: trak).")
  var method: String?
  @Option(
    help:
      "identity, rademacher, gaussian, sjlt, kronecker, factoredSJLT, mask or landmarks (default: landmarks, or kronecker where they cost too much)."
  )
  var projector: ProjectorKind?
  @Option(help: "Features k of an example.") var dim = 2_048
  @Option(help: "Seed of the projection.") var projectionSeed: UInt64 = 0
  @Option(help: "float32, float16 or bfloat16.") var dtype: FeatureType = .float32
  @Option(help: "The measurement whose gradient is projected (default: margin, or prediction).")
  var outputFunction: String?
  @Option(help: "final, log, all, or epochs such as 1,2,5 (default: the method's own).")
  var checkpoints: String?
  @OptionGroup var layers: LayerOptions
  @Option(help: "The store (default: Projections/RUN/SPLIT.h5).") var out: String?
  @Flag(help: "Replace a store that was made from something else.") var overwrite = false
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var common: CommonOptions

  func validate() throws {
    try CommonOptions.requireHDF5Name(out)
    if dim < 1 { throw ValidationError("--dim must be at least 1, not \(dim)") }
    if let checkpoints, CheckpointChoice(checkpoints) == nil {
      throw ValidationError("--checkpoints takes final, log, all or epochs, not '\(checkpoints)'")
    }
    if let outputFunction, OutputFunction(rawValue: outputFunction) == nil {
      throw ValidationError("there is no output function '\(outputFunction)'")
    }
  }

  func run() throws {
    common.begin()
    let run = try common.open(runName)
    let influence = try RunInfluence(run, layers: layers.patterns)
    if let layers = influence.layersSentence { Console.line(layers) }
    let data = try split.part(of: influence.data)
    let projection =
      try projector.map { ProjectionChoice(kind: $0, dimension: dim, seed: projectionSeed) }
      ?? influence.standardProjection(dimension: dim, seed: projectionSeed)
    let work = try influence.collecting(
      for: try MethodTable.standard.method(named: method ?? Method.trak.name),
      outputFunction: outputFunction.flatMap { OutputFunction(rawValue: $0) },
      projection: projection,
      choice: checkpoints.flatMap { CheckpointChoice($0) } ?? .standard, split: split.rawValue)
    if out != nil && work.parts.count > 1 {
      throw ValidationError(
        "--out names one store, and \(method ?? "") reads \(work.parts.count): leave it out")
    }
    if projector == nil {
      Console.line("projector: \(projection.kind.rawValue), by counted flops (--projector)")
    }
    let cost = try influence.cost(of: work, examples: data.count)
    EstimateText.announce(
      "\(projection.kind.rawValue) features of \(data.count) examples", flops: cost.flops,
      peakBytes: cost.peakBytes)
    for part in work.parts {
      let path = out ?? part.path
      let bar = Progress("collecting", unit: "rows")
      do {
        try part.collection.collect(
          data, to: path, dtype: dtype.storageType, overwrite: overwrite
        ) { done, total in
          try Interruption.check()
          bar.update(done, of: total)
        }
      } catch is Interrupted {
        throw Interrupted(
          isResumable: work.parts.contains { FeatureStoreWriter.hasBegun(out ?? $0.path) })
      }
      let count = work.references.count
      Console.line(
        "wrote \(path): \(data.count) rows of \(projection.kind.rawValue) features of "
          + "\(part.target.name) at \(count) checkpoint\(count == 1 ? "" : "s")")
      let store = try StoreDescription(path)
      if let note = part.collection.identity.machine.note(on: store.fingerprint) {
        Console.line("note: \(path) was \(note)")
      }
      if json { Console.output(try JSON.text(store, layout: .compact)) }
    }
  }
}

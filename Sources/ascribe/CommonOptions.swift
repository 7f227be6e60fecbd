import ArgumentParser
import Datasets
import Influence
import Models
import Networks
import Runs
import Session
import Tensors
import Training

/// Options of every command.
struct CommonOptions: ParsableArguments {
  @Option(help: "Worker threads (default: ASCRIBE_THREADS, else all cores).")
  var threads: Int?

  @Option(
    help:
      "Memory that a block of examples may take in a network, such as 2G (default: 512M). Results change by rounding."
  )
  var memory: String?

  @Option(help: "The folder of all runs.")
  var checkpointsFolder = "Checkpoints"

  @Option(
    help:
      "Where the paths of the run file begin (default: in its own folder), for a run or data that was moved."
  )
  var dataFolder: String?

  func validate() throws {
    try CommonOptions.requireThreads(threads)
    if let memory, CommonOptions.bytes(memory) == nil {
      throw ValidationError("--memory takes a size such as 512M or 2G, not '\(memory)'")
    }
  }

  /// Refuses thread counts that are none.
  static func requireThreads(_ threads: Int?) throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads must be from 1 to 1024, not \(threads)")
    }
  }

  /// Opens a run to be asked.
  func session(_ run: String, needsWeights: Bool = true) throws -> Session {
    try Session(
      run, checkpointsFolder: checkpointsFolder, dataFolder: dataFolder,
      needsWeights: needsWeights, control: .terminal)
  }

  /// Refuses names that the other commands would not know as files of HDF5.
  static func requireHDF5Name(_ out: String?) throws {
    if let out, !out.hasSuffix(".h5") {
      throw ValidationError("--out takes a name that ends in .h5, not '\(out)'")
    }
  }

  /// A size in bytes: 800000, 64K, 512M, 2G (powers of 1,024).
  static func bytes(_ text: String) -> Int? {
    let units: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
    let unit = text.last.flatMap { units[Character($0.uppercased())] }
    guard let count = Int(unit == nil ? text[...] : text.dropLast()), count > 0 else { return nil }
    let (bytes, overflows) = count.multipliedReportingOverflow(by: unit ?? 1)
    return overflows ? nil : bytes
  }

  /// The numbers in a text such as `10,20,50`, one at the least.
  static func list<Number: LosslessStringConvertible>(
    _ text: String, refused problem: @autoclosure () -> String
  ) throws -> [Number] {
    let words = text.split(separator: ",")
    let numbers = words.compactMap { Number($0.trimmingCharacters(in: .whitespaces)) }
    guard numbers.count == words.count, !numbers.isEmpty else {
      throw ValidationError(problem())
    }
    return numbers
  }

  /// Takes over Ctrl-C.
  func begin() { Interruption.watch() }

  /// Does a command's work with the thread count and the size of blocks that it was given.
  static func settled(_ command: any ParsableCommand, _ body: () throws -> Void) throws {
    let settled = command as? any SettledCommand
    if let settled {
      try AddressLimit.reserve(threads: settled.workers ?? Execution.standard.workers)
    }
    try Execution.with(workers: settled?.workers, memory: settled?.blockBytes, body)
  }
}

/// A command that is told how many threads and how much memory it may take.
protocol SettledCommand: ParsableCommand {
  /// nil: as many as there are.
  var workers: Int? { get }
  /// Bytes of a block of examples; nil: the standard.
  var blockBytes: Int? { get }
}

/// A command with the options of every command.
protocol CommonCommand: SettledCommand {
  var common: CommonOptions { get }
}

extension CommonCommand {
  var workers: Int? { common.threads }
  var blockBytes: Int? { common.memory.flatMap { CommonOptions.bytes($0) } }
}

extension DemoCommand: SettledCommand {
  var workers: Int? { threads }
  var blockBytes: Int? { nil }
}

extension CalibrateCommand: CommonCommand {}
extension CollectCommand: CommonCommand {}
extension ComponentsCommand: CommonCommand {}
extension EditCommand: CommonCommand {}
extension EvaluateCommand: CommonCommand {}
extension ExportCommand: CommonCommand {}
extension GroupCommand: CommonCommand {}
extension ImportCommand: CommonCommand {}
extension InspectCommand: CommonCommand {}
extension MislabeledCommand: CommonCommand {}
extension OutputsCommand: CommonCommand {}
extension PlanCommand: CommonCommand {}
extension PruneCommand: CommonCommand {}
extension QueryCommand: CommonCommand {}
extension ReviewCommand: CommonCommand {}
extension RetrainCommand: CommonCommand {}
extension ScoreCommand: CommonCommand {}
extension TrainCommand: CommonCommand {}
extension VerifyCommand: CommonCommand {}

/// The option of every command that takes gradients.
struct LayerOptions: ParsableArguments {
  @Option(
    help:
      "Layers whose gradients count, such as 'h.3' or '*.mlp.*,!*.bias' (default: all that are trained)."
  )
  var layers: String?

  /// The layers asked for; nil: all.
  var patterns: LayerPatterns? { layers.map { LayerPatterns(text: $0) } }
}

/// Options of every command that scores.
struct MethodOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "trajectory (default), or one of: "
        + MethodTable.standard.methods.map(\.name).joined(separator: ", ") + ".",
      valueName: "method"))
  var method: String?

  @Option(
    help:
      "margin, hardMargin, loss, logit, logProbability; for numbers prediction, negativeHalfSquaredError."
  )
  var outputFunction: String?

  @Option(help: "final, trajectory, leaveOneOut, none, or sqrt- before one of them.")
  var exampleWeight: String?

  @Option(
    help:
      "λ: mean (default; of curvatures 0.1·mean), 2·mean, gcv, loo or a number."
  )
  var damping: String?

  @Option(
    help:
      "Of influence functions: trueFisher or empiricalFisher (ekfac and its like), gaussNewton or hessian (if-…)."
  )
  var curvature: Curvature?

  @Option(
    help: "Damping the same for all examples (uniform), or more for what is learnt (residual).")
  var dampingProfile: DampingProfile?

  @Option(
    help:
      "final, log, all, or epochs such as 1,2,5 (default: log for trajectory and tracin, else final)."
  )
  var checkpoints: String?

  @OptionGroup var layers: LayerOptions

  @Option(help: "Seeds of the run to use, such as 0,1 (default: all).")
  var seeds: String?

  @Option(
    help:
      "auto, exact (kernel of unprojected gradients), features (ascribe collect) or steps (saved in training)."
  )
  var kernel: ScoringRequest.Kernel?

  @Option(
    help:
      "Training examples up to which auto takes the exact kernel (default: by cost, 20000 at the most)."
  )
  var exactLimit: Int?

  @Option(
    help: ArgumentHelp(
      "Disk for factors of large exact kernels, so that later questions are quick: 8G (default), 0 = none.",
      valueName: "bytes"))
  var keepFactors: String?

  func validate() throws {
    if let keepFactors, keepFactors != "0", CommonOptions.bytes(keepFactors) == nil {
      throw ValidationError("--keep-factors takes a size such as 2G or 0, not '\(keepFactors)'")
    }
    if method == "fused" {
      throw ValidationError("fused scores need a bank: write --fuse BANK, with any --method")
    }
    if let checkpoints, CheckpointChoice(checkpoints) == nil {
      throw ValidationError(
        "--checkpoints takes final, log, all or epochs such as 1,2,5, not '\(checkpoints)'")
    }
    if let outputFunction, OutputFunction(rawValue: outputFunction) == nil {
      throw ValidationError(
        "--output-function takes \(OutputFunction.allCases.map(\.rawValue).joined(separator: ", ")), not '\(outputFunction)'"
      )
    }
    if let exactLimit, exactLimit < 1 { throw ValidationError("--exact-limit must be at least 1") }
    _ = try seedList()
  }

  /// The options that were given, by their names.
  var given: [String] {
    let options: [(name: String, isGiven: Bool)] = [
      ("--method", method != nil), ("--output-function", outputFunction != nil),
      ("--example-weight", exampleWeight != nil), ("--damping", damping != nil),
      ("--damping-profile", dampingProfile != nil), ("--curvature", curvature != nil),
      ("--checkpoints", checkpoints != nil),
      ("--layers", layers.layers != nil), ("--seeds", seeds != nil), ("--kernel", kernel != nil),
      ("--exact-limit", exactLimit != nil), ("--keep-factors", keepFactors != nil),
    ]
    return options.filter(\.isGiven).map(\.name)
  }

  /// The seeds asked for.
  func seedList() throws -> [UInt64]? {
    guard let seeds else { return nil }
    return try seeds.split(separator: ",").map {
      guard let seed = UInt64($0) else {
        throw ValidationError("--seeds takes numbers such as 0,1, not '\(seeds)'")
      }
      return seed
    }
  }

  /// What is asked for; what is left open takes the run file's `defaults`, then the run's own.
  func request(diagnosesDamping: DampingDiagnosis = .none) throws -> ScoringRequest {
    ScoringRequest(
      method: try method.map { try MethodTable.standard.method(named: $0) },
      outputFunction: outputFunction.flatMap { OutputFunction(rawValue: $0) },
      exampleWeight: try exampleWeight.map { try ExampleWeight(name: $0) },
      damping: try damping.map { try DampingRule($0) }, dampingProfile: dampingProfile,
      checkpoints: checkpoints.flatMap { CheckpointChoice($0) }, seeds: try seedList(),
      kernel: kernel, exactLimit: exactLimit,
      factorBytes: keepFactors.map { CommonOptions.bytes($0) ?? 0 }, curvature: curvature,
      diagnosesDamping: diagnosesDamping)
  }
}

extension DampingProfile: ExpressibleByArgument {}
extension Curvature: ExpressibleByArgument {}
extension DampingDiagnosis: ExpressibleByArgument {}
extension ScoringRequest.Kernel: ExpressibleByArgument {}

extension DataPart: ExpressibleByArgument {}

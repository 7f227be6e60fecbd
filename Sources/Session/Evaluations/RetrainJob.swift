import Answers
import Datasets
import Evaluation
import Foundation
import Influence
import Runs
import Tensors
import Training

/// Trains a run again on subsets of its data: the truth of the evaluations.
public struct RetrainJob: Sendable {
  /// Which subsets.
  public enum Design: Sendable {
    /// Random ones of the same size.
    case random(subsets: Int = 50, fraction: Double = 0.5)
    /// All but one of some examples: ids such as `3,17`, or `@FILE` with one a line.
    case leaveOneOut(ids: String)
    /// All but one of a random sample; nil: 50.
    case leaveOneOutSample(count: Int? = nil)
    /// Without the most helpful, the most harmful or random examples.
    case removal(RemovalRequest = RemovalRequest())
    /// Those of a file: one a line, as ids, `all`, or `all but` and ids; or JSON.
    case file(String)
    /// The run itself (seed, order, draws) without random examples, their weights at 0; `removed` is
    /// their share.
    case sameRun(removed: Double = 0.01, subsets: Int = 30)
    /// The run itself on the subsets of a file.
    case sameRunFile(String)
  }

  /// Which subsets.
  public var design: Design
  /// The seed of all random choices of examples.
  public var subsetSeed: UInt64 = 0
  /// Models of each subset; of the run itself so many of its own seeds.
  public var seeds: Int?
  /// The bank's name; nil: the design's own.
  public var bank: String?
  /// Of sequences whether the outputs of each token are kept too; nil: where they take 256 MB or
  /// less, or a token is asked about.
  public var tokenOutputs: Bool?
  /// Whether a bank that was made from something else is replaced.
  public var overwrites = false

  /// The retraining on some subsets.
  public init(_ design: Design = .random()) { self.design = design }

  /// Trains what is missing; stopped, the same job goes on and leaves the same bytes.
  ///
  /// - Throws: `EvaluationError` for subsets that cannot be made;
  ///   `StorageError.fingerprintMismatch` for a bank made from something else; errors of the
  ///   scoring that ranks and of training; `JobCancelled`, resumable.
  public func run(in session: Session) throws -> RetrainAnswer {
    if let seeds { try EvaluationError.require(seeds, in: 1...1_000, field: "seeds") }
    _ = try SubsetDesign.Kind.random.bankName(bank)
    let subsets = try subsets(session)
    let influence = try session.influence()
    let run = influence.run
    if tokenOutputs != nil { try influence.data.test.requireTokens(option: "‹tokenOutputs›") }
    if subsets.kind == .sameRun, let seeds, seeds > run.seeds.count {
      throw EvaluationError.request(
        problem:
          "\(run.name) was trained with \(run.seeds.count) seeds, and \(seeds) are asked for",
        field: "‹seeds›", remedy: "‹seeds: \(run.seeds.count)› or fewer")
    }
    let made = try RetrainingJob(
      run, data: influence.data, design: subsets,
      seeds: seeds ?? (subsets.kind == .sameRun ? 1 : 3),
      keepsTokens: tokenOutputs ?? (subsets.ranking?.token == nil ? nil : true)
    ).run(
      to: RetrainingJob.path(run, bank: try bankName(subsets)),
      overwrites: overwrites, session.control)
    let answer = RetrainAnswer(run: run.name, made)
    session.control.note(answer.text)
    if let keepsTokens = made.keepsTokens {
      session.control.note(
        keepsTokens
          ? "outputs of test passages and of each of their tokens are kept"
          : "outputs of whole test passages are kept; ‹token› needs those of each token: "
            + "‹tokenOutputs›")
    }
    if let note = try run.identity().machine.note(on: made.fingerprint) {
      session.control.note("note: \(made.path) was \(note)")
    }
    return answer
  }

  private func bankName(_ subsets: SubsetDesign) throws -> String {
    if bank == nil, case .sameRun(let removed, _) = design {
      return SameRunRequest(removed: removed).bankName
    }
    return try subsets.kind.bankName(bank)
  }

  private func subsets(_ session: Session) throws -> SubsetDesign {
    switch design {
    case .random(let subsets, let fraction):
      return try SubsetDesign(subsets: subsets, fraction: fraction, seed: subsetSeed)
    case .leaveOneOut(let ids):
      let train = try session.influence().data.train
      return try .leaveOneOut(rows: try train.rows(named: ids, field: "‹ids›"), of: train.count)
    case .leaveOneOutSample(let count):
      let train = try session.influence().data.train
      return try .leaveOneOut(
        sampling: count ?? min(50, train.count), of: train.count, seed: subsetSeed)
    case .removal(let request):
      return try request.design(session, seed: subsetSeed)
    case .sameRun(let removed, let subsets):
      let count = try session.influence().data.train.count
      return try .sameRun(removing: removed, subsets: subsets, of: count, seed: subsetSeed)
    case .sameRunFile(let path):
      let train = try session.influence().data.train
      return try .sameRun(try rows(of: path, in: train), of: train.count)
    case .file(let path):
      let train = try session.influence().data.train
      return try .list(try rows(of: path, in: train), of: train.count)
    }
  }

  private func rows(of path: String, in train: Dataset) throws -> [[Int]] {
    guard FileManager.default.fileExists(atPath: path) else {
      throw EvaluationError.design(
        problem: "there is no design and no file '\(path)'", field: "‹design›",
        remedy: "name random, leave-one-out, removal or a file of subsets")
    }
    return try SubsetFile.rows(path, in: train)
  }
}

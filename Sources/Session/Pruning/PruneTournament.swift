import Answers
import Curation
import Datasets
import Evaluation
import Foundation
import Influence
import Reports
import Tensors

/// Candidates that are compared on training examples held out from all of them, so that the test set is
/// asked once, about the winner.
struct PruneTournament {
  /// Models of each candidate.
  static let seeds = 2
  /// Where the seeds of the candidates begin; those of the proof are others.
  static let firstSeed = 1_000
  /// The share of the training examples that is held out.
  static let heldOut = 0.1

  let influence: RunInfluence
  let control: JobControl
  /// Of the rows that are held out.
  let seed: UInt64

  /// The best candidate at each share, in the order of the shares.
  ///
  /// - Throws: errors of training; `JobCancelled`, resumable.
  func winners(_ choices: [PruneChoice]) throws -> [PruneChoice] {
    let train = influence.data.train
    let held = Set(
      try PruneStrategy.random.selection(
        PruneContext(RunPruneSources(influence), seed: seed &+ 1), keep: Self.heldOut
      ).kept)
    var (members, roles) = ([[Int]](), [SubsetRole]())
    for choice in choices {
      let rows = choice.selection.kept.filter { !held.contains($0) }
      guard !rows.isEmpty else { throw PruningError.nothingLeft(strategy: choice.strategy) }
      for seed in 0..<Self.seeds {
        members.append(rows)
        roles.append(
          SubsetRole(
            .pruned, removed: train.count - rows.count, seed: Self.firstSeed + seed))
      }
    }
    let validation = train.subset(held.sorted())
    let bank = try PruneBank(
      try .pruning(members, roles: roles, of: train.count), influence.run,
      SplitData(train: train, test: validation, normalisation: influence.data.normalisation)
    ).made(control)
    let values = try PruneTrials.values(bank, validation)
    let means = values.map { $0.reduce(0, +) / Double(max(1, $0.count)) }
    let standing = choices.indices.map { index in
      (0..<Self.seeds).reduce(0.0) { $0 + means[index * Self.seeds + $1] } / Double(Self.seeds)
    }
    return shares(choices).compactMap { keep in
      let own = choices.indices.filter { choices[$0].keep == keep }.sorted {
        standing[$0] > standing[$1] || standing[$0] == standing[$1] && $0 < $1
      }
      control.note(
        "tournament at \(keep), \(validation.count) training examples held out: "
          + own.map {
            "\(choices[$0].strategy) \(NumberText.fixed(standing[$0], decimals: 2))"
          }.joined(separator: ", "))
      return own.first.map { choices[$0] }
    }
  }

  /// The shares in the order in which they were asked for.
  private func shares(_ choices: [PruneChoice]) -> [Double] {
    choices.map(\.keep).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }
}

import Answers
import Datasets
import Evaluation
import Influence
import Networks
import Tensors
import Runs
import Training

/// Whether scores that should know nothing come out at chance.
public struct RandomizedJob: Sendable {
  /// The bank that is the truth; nil: `bank`.
  public var bank: String?
  /// Of sequences the only token of each test example that is asked about, from 1; nil: all.
  public var token: Int?
  /// How the scores are made.
  public var scoring: ScoringRequest
  /// The layers that scores are over; nil: all that were trained.
  public var layers: LayerPatterns?

  /// The run's own scores against its standard bank, unless told otherwise.
  public init(
    bank: String? = nil, scoring: ScoringRequest = ScoringRequest(), layers: LayerPatterns? = nil
  ) {
    (self.bank, self.scoring, self.layers) = (bank, scoring, layers)
  }

  /// Scores all test examples by the run and by every control that it can have; trains the run on
  /// shuffled labels, once.
  ///
  /// - Throws: `EvaluationError` where there is no bank that suits; errors of the scoring and of
  ///   training; `JobCancelled`.
  public func run(in session: Session) throws -> Evaluated<RandomizedAnswer> {
    let designs = [SubsetDesign.Kind.random, .list]
    let name = try designs[0].bankName(bank)
    let setup = try ScoringSession(session, scoring, layers: layers)
    let queries = try setup.queries(token: token)
    let test = queries.data
    let truth = try RetrainingBank.named(name, of: setup.influence, designs: designs)
    let outputs = try truth.outputs(setup.options.outputFunction, of: queries)
    func score(_ scores: Matrix<Float>) -> LinearDatamodelingScore {
      LinearDatamodelingScore(scores: scores, masks: truth.masks, outputs: outputs)
    }
    let scores = try setup.scorer.scores(test)
    let own = score(scores)
    let measured = try controls(setup, scores, of: test).map { control, scores in
      let scores = try scores()
      return (
        control, score(scores),
        LinearDatamodelingScore.chanceRange(
          scores: scores, masks: truth.masks, outputs: outputs)
      )
    }
    let answer = RandomizedAnswer(
      EvaluationSettings(try setup.description(), truth, token: token), own,
      controls: measured.map { RandomizedAnswer.Control($0, $1, chanceRange: $2) })
    return Evaluated(
      answer,
      page: answer.page(
        queries: [.init("the run's scores", own.perQuery)]
          + measured.map { .init($0.0.rawValue, $0.1.perQuery) }))
  }

  /// The controls that the run can have, and what makes their scores.
  private func controls(
    _ setup: ScoringSession, _ scores: Matrix<Float>, of test: Dataset
  ) throws -> [(NegativeControl, () throws -> Matrix<Float>)] {
    let influence = setup.influence
    var controls: [(NegativeControl, () throws -> Matrix<Float>)] = [
      (
        .randomScores,
        {
          NegativeControl.randomScores(
            queries: scores.rows, trainingExamples: scores.columns)
        }
      ), (.permutedScores, { NegativeControl.permuted(scores) }),
    ]
    guard setup.scorer.isExact, influence.run.record.status != .imported else {
      setup.control.note(
        "note: shuffledLabels and randomizedWeights are left out: they need the exact kernel and "
          + "a run trained here")
      return controls
    }
    let limit = setup.scoring.exactLimit
    let references = try setup.scoring.choice.references(
      of: influence.run, seeds: setup.scoring.seeds, method: setup.options.method)
    controls.append((.shuffledLabels, { try setup.shuffled(references).scores(test) }))
    controls.append(
      (
        .randomizedWeights,
        {
          try influence.randomizedEnsemble(
            options: setup.options, checkpoints: references, exactLimit: limit
          ).scores(test)
        }
      ))
    return controls
  }
}

extension ScoringSession {
  /// The method on the run trained with shuffled labels, which is trained if need be.
  fileprivate func shuffled(_ references: [CheckpointReference]) throws -> Ensemble {
    let training = ShuffledLabelTraining(influence, checkpoints: references)
    let stage = control.stage("training on shuffled labels", unit: "epochs")
    do {
      return try training.ensemble(
        options: options, exactLimit: scoring.exactLimit,
        replacing: { error in
          let reason = (error as? any DiagnosableError)?.what ?? "\(error)"
          control.note("note: \(training.path) is made again: \(reason)")
        }, progress: { stage.update($0, of: $1) },
        isCancelled: { [control] in control.isCancelled })
    } catch TrainingError.cancelled {
      throw JobCancelled()
    }
  }
}

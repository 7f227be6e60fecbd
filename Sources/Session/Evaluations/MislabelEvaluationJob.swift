import Answers
import Curation
import Evaluation
import Influence
import Networks
import Reports
import Tensors
import Runs
import Training

/// How well each signal of suspicion finds labels that were flipped on purpose.
public struct MislabelEvaluationJob: Sendable {
  /// How the signals of gradients are made.
  public var scoring: ScoringRequest
  /// The layers that gradients are over; nil: all that were trained.
  public var layers: LayerPatterns?

  /// All signals as they are by themselves, unless told otherwise.
  public init(scoring: ScoringRequest = ScoringRequest(), layers: LayerPatterns? = nil) {
    (self.scoring, self.layers) = (scoring, layers)
  }

  /// Ranks by every signal that the run has, and by random suspicion.
  ///
  /// - Throws: `EvaluationError.notDefined` where no label was flipped; errors of the scoring.
  public func run(in session: Session) throws -> Evaluated<MislabelEvaluationAnswer> {
    let setup = try ScoringSession(session, scoring, layers: layers, asks: .themselves)
    let influence = setup.influence
    guard !influence.isSequence else {
      throw EvaluationError.notDefined(
        kind: "mislabel", reason: "sequences have no labels that could be wrong",
        run: influence.run.name, remedy: "use a run whose examples have classes")
    }
    var found = DetectionTable(planted: influence.data.train.flipped)
    guard found.plantedCount > 0, found.plantedCount < found.planted.count else {
      throw EvaluationError.notDefined(
        kind: "mislabel", reason: "no training label was flipped, so there is nothing to find",
        run: influence.run.name,
        remedy: "plant some in the run file: data.flip: {fraction: 0.1, seed: 0}")
    }
    let job = MislabelJob(influence, seeds: scoring.seeds)
    var leftOut: [String] = []
    func leave(_ signal: MislabelRanking.Signal, _ reason: String) {
      leftOut.append(signal.rawValue)
      session.control.note("note: \(signal.rawValue) is left out: \(reason)")
    }
    for signal in MislabelRanking.Signal.allCases {
      do {
        let ranking = try job.ranking(
          by: signal, scoring, scorer: signal == .selfInfluence ? setup.scorer : nil)
        found.add(signal.rawValue, ranking.suspicion)
      } catch let error as InfluenceError {
        leave(signal, error.what)
      } catch RunError.missingPart(let what, _, _) {
        leave(signal, "the run has no \(what)")
      }
    }
    found.add(
      NegativeControl.randomScores.rawValue,
      NegativeControl.randomScores(queries: 1, trainingExamples: found.planted.count).row(0))
    let answer = MislabelEvaluationAnswer(
      EvaluationSettings(try setup.description()), planted: found.plantedCount,
      trainingExamples: found.planted.count, signals: found.rows, leftOut: leftOut)
    return Evaluated(answer, page: answer.page(curves: found.curves))
  }
}

/// What signals find of planted errors.
private struct DetectionTable {
  let planted: [Bool]
  private(set) var rows: [MislabelEvaluationAnswer.Row] = []
  private(set) var curves: [LineChart.Series] = []

  init(planted: [Bool]) { self.planted = planted }

  /// The number of planted errors.
  var plantedCount: Int { planted.count { $0 } }

  mutating func add(_ name: String, _ suspicion: [Float]) {
    guard let metrics = DetectionMetrics(suspicion: suspicion, planted: planted) else { return }
    let errors = DetectionErrors(suspicion: suspicion, planted: planted)
    rows.append(MislabelEvaluationAnswer.Row(name, metrics, errors))
    let curve = DetectionMetrics.curve(suspicion: suspicion, planted: planted)
    // More points than a screen has columns cannot be seen.
    let steps = max(1, planted.count / 400)
    curves.append(
      LineChart.Series(
        name,
        curve.enumerated().filter { $0.offset % steps == 0 || $0.offset == planted.count }.map {
          .init(Double($0.offset) / Double(planted.count), $0.element)
        }))
  }
}

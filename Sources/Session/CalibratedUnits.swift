import Answers
import Evaluation
import Influence
import Runs
import Tensors

extension CalibratedUnits {
  /// Says that there are none for queries from outside, where the run has some for its own.
  static func sayNone(of run: Run, _ control: JobControl) {
    guard !Run.calibrations(in: run.folder).isEmpty else { return }
    control.note("note: scores keep no units: the run's calibrations are of its test examples")
  }

  /// The calibration that fits the scores of a job, with what was found said.
  init(
    _ scores: ScoreDescription, token: Int? = nil, of run: Run, _ control: JobControl
  ) throws {
    let options = Calibration.Options(scores, token: token)
    switch try Calibration.find(options, in: run.folder) {
    case .matching(let found, let path):
      self.init(
        found.objection == nil ? found : nil, CalibrationAnswer(run.name, path, found))
      if let objection = found.objection {
        control.note("note: scores keep no units: \(objection) (\(path))")
      } else {
        control.note("changes and their 95 % intervals by \(path)")
      }
    case .other(let path, let differences):
      self.init(nil, nil)
      control.note(
        "note: \(path) does not fit these scores: other \(differences.joined(separator: ", ")); "
          + "calibrate again with the same options")
    case .none: self.init(nil, nil)
    }
  }
}

import Evaluation
import Foundation
import Influence
import Reports
import Training

/// The calibration that fits the scores of a command, with what was found said on standard error.
struct CalibratedUnits {
  /// The calibration, when it may be used.
  let calibration: Calibration?
  /// What is said of it in answers.
  let answer: CalibrationAnswer?

  init(_ scores: ScoreDescription, token: Int? = nil, of run: Run) throws {
    let options = Calibration.Options(scores, token: token)
    switch try Calibration.find(options, in: run.folder) {
    case .matching(let found, let path):
      answer = CalibrationAnswer(run.name, path, found)
      calibration = found.objection == nil ? found : nil
      if let objection = found.objection {
        Console.line("note: scores keep no units: \(objection) (\(path))")
      } else {
        Console.line("changes and their 95 % intervals by \(path)")
      }
    case .other(let path, let differences):
      (calibration, answer) = (nil, nil)
      Console.line(
        "note: \(path) does not fit these scores: other \(differences.joined(separator: ", ")); "
          + "calibrate again with the same options")
    case .none: (calibration, answer) = (nil, nil)
    }
  }
}

extension QueryAnswer.Query {
  /// What is said beside the table when none of the changes shown can be told from 0.
  var changesRemark: String? {
    Calibration.remark(
      onChanges: (helpful + harmful).compactMap { influence in
        influence.change.flatMap { change in influence.changeError.map { (change, $0) } }
      })
  }
}

extension QueryAnswer.Influence {
  /// The change and its interval, to two digits of the interval.
  var changeText: String {
    guard let change, let changeError else { return "" }
    let leading = changeError > 0 ? Int(log10(changeError).rounded(.down)) : -3
    let decimals = max(0, min(9, 1 - leading))
    return String(format: "%+.*f ± %.*f", decimals, change, decimals, changeError)
  }
}

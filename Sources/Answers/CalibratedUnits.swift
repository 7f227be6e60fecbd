import Evaluation
import Foundation

/// The calibration of the scores of an answer.
package struct CalibratedUnits: Sendable {
  /// The calibration, when it may be used.
  package let calibration: Calibration?
  /// What is said of it in answers.
  package let answer: CalibrationAnswer?

  package init(_ calibration: Calibration?, _ answer: CalibrationAnswer?) {
    (self.calibration, self.answer) = (calibration, answer)
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

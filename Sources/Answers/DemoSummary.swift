import Evaluation
import Foundation
import JSON
import Reports

/// `demo/summary.json`.
public struct DemoSummary: Answer, Equatable {
  /// Of the run, and of the models that prove the dropping of the suspects; means over the seeds.
  public let testAccuracy, testAccuracyCleaned: Double
  /// How well the planted errors are found, as in `DetectionMetrics`.
  public let rocAUC, averagePrecision, foundIn5Percent, foundIn10Percent, foundIn20Percent: Double?
  /// How well what neurons do is predicted under fresh masks.
  public let componentsFreshPearson: Double?
  /// Of the whole demo.
  public let seconds: Double
  /// The page.
  public let report: String

  package init(
    testAccuracy: Double, testAccuracyCleaned: Double, detection: DetectionMetrics?,
    componentsFreshPearson: Double?, seconds: Double, report: String
  ) {
    self.testAccuracy = testAccuracy
    self.testAccuracyCleaned = testAccuracyCleaned
    rocAUC = detection?.rocAUC
    averagePrecision = detection?.averagePrecision
    foundIn5Percent = detection?.foundIn5Percent
    foundIn10Percent = detection?.foundIn10Percent
    foundIn20Percent = detection?.foundIn20Percent
    self.componentsFreshPearson = componentsFreshPearson
    self.seconds = seconds
    self.report = report
  }

  /// For reading.
  public var text: String { String(format: "%.1f s; open %@ in a browser", seconds, report) }

  /// One JSON object, a field a line.
  public func indentedJSON() throws -> String { try JSON.text(self) }
}

import Evaluation
import Foundation

/// `calibrate --json`, its fields fixed; also within `query --json`.
public struct CalibrationAnswer: Answer, Equatable {
  /// The run, the calibration's file, what scored, and the bank.
  public let run, path, method, outputFunction, bank: String
  /// The only token of the queries that is asked about; absent for all.
  public let token: Int?
  /// The bank's subsets, and models of each.
  public let subsets, seeds: Int
  /// Share of the training set in a subset.
  public let fraction: Double
  /// Of predicted and observed changes, with half its 95 % interval; and on held-out subsets.
  public let correlation, correlationError, heldOutR2, coverage90, coverage95: Double
  /// Shares of the residual variance: alike for all examples; not noise between seeds.
  public let evenShare, errorShare: Double
  /// Whether scores get units by it.
  public let isUsable: Bool
  /// Why they do not; absent when they do.
  public let objection: String?

  /// What a calibration says.
  public init(_ run: String, _ path: String, _ calibration: Calibration) {
    self.run = run
    self.path = path
    method = calibration.options.method
    outputFunction = calibration.options.outputFunction
    bank = calibration.bank.name
    token = calibration.options.token
    (subsets, seeds) = (calibration.bank.subsets, calibration.bank.seeds)
    fraction = calibration.bank.fraction
    correlation = calibration.correlation
    correlationError = calibration.correlationError
    heldOutR2 = calibration.heldOut.r2
    coverage90 = calibration.heldOut.coverage90
    coverage95 = calibration.heldOut.coverage95
    evenShare = calibration.evenShare
    errorShare = calibration.errorShare
    objection = calibration.objection
    isUsable = calibration.objection == nil
  }

  /// How changes came about, in a line of a page.
  var provenance: String {
    (path as NSString).lastPathComponent + ", bank \(bank), \(subsets) subsets × \(seeds) seeds"
      + String(format: ", held-out R² %.3f", heldOutR2)
  }

  /// For reading.
  public var text: String {
    var lines = [
      "\(method) of \(outputFunction)\(token.map { " of token \($0)" } ?? ""), bank \(bank): "
        + "\(subsets) subsets × \(seeds) seeds",
      String(
        format: "correlation of predicted and observed changes %.3f ± %.3f; held-out R² %.3f",
        correlation, correlationError, heldOutR2),
      String(
        format: "coverage on held-out subsets: %.1f %% in 90 %% intervals, %.1f %% in 95 %%",
        100 * coverage90, 100 * coverage95),
    ]
    if seeds == 1 {
      lines.append(
        "one seed: the noise between seeds counts as error of the scores, and the intervals are "
          + "upper bounds; a bank with ‹seeds: 2› makes them narrower")
    } else {
      lines.append(
        String(
          format: "%.0f %% of the residual variance is error of the scores, the rest noise "
            + "between seeds", 100 * errorShare))
    }
    if let objection {
      lines.append("scores keep no units: \(objection); a larger bank may help")
    } else {
      lines.append("query prints changes of \(outputFunction) with 95 % intervals")
    }
    return lines.joined(separator: "\n")
  }
}

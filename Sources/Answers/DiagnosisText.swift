import Foundation
import Influence
import Reports

/// What is said about damping beside an answer, in one place.
public enum DiagnosisText {
  /// How much is said about how scores were made.
  public enum Extent: Sendable {
    /// A line: method, kernel, checkpoints, and λ as a range.
    case line
    /// λ by checkpoint, spectrum and rank, and what cross-validation would choose.
    case full
  }

  /// λ over all checkpoints and parts of a method: `damping λ 0.0123 to 4.56 (mean)`; nil without.
  package static func damping(_ values: [Double], by rule: DampingRule) -> String? {
    guard let least = values.min(), let most = values.max() else { return nil }
    let ends = [least, most].map { NumberText.significant($0) }
    let range = ends[0] == ends[1] ? ends[0] : "\(ends[0]) to \(ends[1])"
    if case .value = rule { return "damping λ \(range)" }
    return "damping λ \(range) (\(rule))"
  }

  /// Everything that is known, a line for all checkpoints without a spectrum and some for each with.
  package static func lines(_ reports: [(name: String, report: DampingReport)]) -> [String] {
    let brief = reports.filter { $0.report.spectrum == nil }
    let all = brief.map { "\($0.name) " + NumberText.significant($0.report.damping) }
    return (brief.isEmpty ? [] : ["damping λ: " + all.joined(separator: ", ")])
      + reports.filter { $0.report.spectrum != nil }.map {
        "\($0.name): " + $0.report.lines.joined(separator: "\n")
      }
  }
}

import Foundation
import Influence

/// What is said before long work, in one place.
package enum EstimateText {
  /// Seconds from which work is announced.
  package static let announcedSeconds = 60.0

  /// What a scoring will take, when it will take over a minute; nothing else depends on it.
  package static func announcement(_ estimate: WorkEstimate?) -> String? {
    guard let estimate, estimate.flops > WorkEstimate.leastFlops else { return nil }
    return sentence(estimate, rate: MachineRate.measured)
  }

  /// What other work will take, when it will take over a minute.
  package static func announcement(
    _ title: String, flops: Double, peakBytes: Int
  ) -> String? {
    guard flops > WorkEstimate.leastFlops else { return nil }
    let seconds = WorkEstimate.seconds(flops: flops, rate: MachineRate.measured)
    guard seconds > announcedSeconds else { return nil }
    return "about \(duration(seconds)), \(ByteText.text(peakBytes)) (\(title))"
  }

  /// How long work will take, for bars that know no rate yet.
  package static func expected(flops: Double) -> String {
    duration(WorkEstimate.seconds(flops: flops, rate: MachineRate.measured))
  }

  /// The sentence about a scoring; nil under a minute.
  ///
  ///     about 2 h 27 min, 12.8 GB (trajectory over 2 checkpoints on the exact kernel); cheaper:
  ///     `method: graddot` `checkpoints: final` (2 min), `layers: classifier` (12 min)
  package static func sentence(_ estimate: WorkEstimate, rate: Double) -> String? {
    let seconds = WorkEstimate.seconds(flops: estimate.flops, rate: rate)
    guard seconds > announcedSeconds else { return nil }
    let count = estimate.checkpoints
    let work =
      "about \(duration(seconds)), \(ByteText.text(estimate.peakBytes)) (\(estimate.method) over "
      + "\(count) checkpoint\(count == 1 ? "" : "s") on "
      + "\(estimate.method.replays ? "the training's steps" : estimate.usesFeatures ? "features" : "the exact kernel"))"
    let cheaper = estimate.alternatives.map {
      "\(option($0.change)) "
        + "(\(duration(WorkEstimate.seconds(flops: $0.flops, rate: rate))))"
    }
    return cheaper.isEmpty ? work : work + "; cheaper: " + cheaper.joined(separator: ", ")
  }

  private static func option(_ change: WorkEstimate.Alternative.Change) -> String {
    switch change {
    case .lastCheckpoint: "‹checkpoints: final›"
    case .method(let method): "‹method: \(method)› ‹checkpoints: final›"
    case .layers(let pattern): "‹layers: \(pattern)›"
    case .features: "‹kernel: features›"
    }
  }

  /// Time for reading: `2 h 27 min`, `12 min`, `40 s`.
  package static func duration(_ seconds: Double) -> String {
    guard seconds < 8.64e8 else { return "more than 10,000 days" }
    let whole = max(1, Int(seconds.rounded()))
    if whole < 60 { return "\(whole) s" }
    let minutes = Int((seconds / 60).rounded())
    if minutes < 60 { return "\(minutes) min" }
    if minutes < 48 * 60 {
      return "\(minutes / 60) h" + (minutes % 60 == 0 ? "" : " \(minutes % 60) min")
    }
    return "\(Int((seconds / 86_400).rounded())) days"
  }
}

/// Why a scoring is on the kernel that it is on.
package enum KernelText {
  /// Nil where it was asked for, or there was nothing to choose.
  package static func sentence(_ reason: KernelChoice.Reason) -> String? {
    switch reason {
    case .asked, .affordable: nil
    case .matrix(let bytes):
      "on features: the exact kernel with its factor takes \(ByteText.text(bytes)) (‹kernel: exact›)"
    case .dear(let times):
      "on features: the exact kernel takes \(Int(times)) times as many flops (‹kernel: exact›)"
    }
  }
}

/// Numbers of bytes for reading.
package enum ByteText {
  /// `12.8 GB`.
  package static func text(_ count: Int) -> String {
    let units = ["B", "KB", "MB", "GB", "TB", "PB"]
    var value = Double(count)
    var unit = 0
    while value >= 1_000 && unit < units.count - 1 {
      value /= 1_000
      unit += 1
    }
    return String(format: unit == 0 ? "%.0f " : "%.1f ", value) + units[unit]
  }
}

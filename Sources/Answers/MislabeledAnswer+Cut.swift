import Curation
import Datasets
import Foundation
import Reports

extension MislabeledAnswer {
  /// The estimate by label and suggested label.
  static func pairs(
    _ found: CutEstimate, _ ranking: MislabelRanking, _ train: Dataset
  ) -> [Pair] {
    guard let labels = train.classes, let suggested = ranking.leaveOneOut?.classes else {
      return []
    }
    let suspects = ranking.order.prefix(found.count).filter { labels[$0] != suggested[$0] }
    var counts = [Int](repeating: 0, count: train.classCount * train.classCount)
    for row in suspects { counts[Int(labels[row]) * train.classCount + Int(suggested[row])] += 1 }
    let order = counts.indices.sorted { (-counts[$0], $0) < (-counts[$1], $1) }
    return order.compactMap { place in
      let share = Double(counts[place]) / Double(max(1, suspects.count))
      let estimated = Int((found.estimatedWrong * share).rounded())
      guard estimated > 0 else { return nil }
      return Pair(
        label: LabelValue(predicted: Int32(place / train.classCount), in: train),
        suggested: LabelValue(predicted: Int32(place % train.classCount), in: train),
        estimated: estimated)
    }
  }

  /// How many labels are wrong and where the ranking is cut, in sentences; nil where no cut was asked
  /// for.
  var cutText: String? {
    guard let estimatedWrong, let low, let high, let upperBracket, let cut, let noiseKind else {
      return nil
    }
    let number =
      low == 0
      ? "At most \(high) labels are wrong (95 of 100 such limits hold)"
      : "About \(estimatedWrong) labels are wrong (90 % interval \(low) to \(high))"
    let bracket =
      "no more than \(upperBracket) even if they are as hard to tell as labels that the model itself would take next."
    let most = noiseKind == NoiseKind.uniform.rawValue ? [] : (pairs ?? []).prefix(4)
    let list = most.map { "\($0.label.text) for \($0.suggested.text) about \($0.estimated)" }
    return "\(number), \(bracket) \(MislabeledAnswer.kindSentences[noiseKind] ?? "") "
      + (list.isEmpty ? "" : "Most of them: \(list.joined(separator: ", ")). ")
      + MislabeledAnswer.sentence(cut)
  }

  private static let kindSentences = [
    NoiseKind.uniform.rawValue: "The suspects have any label for any class.",
    NoiseKind.pairs.rawValue: "The suspects have some labels for some classes.",
    NoiseKind.byLabel.rawValue: "Some labels or classes are suspect far oftener than others.",
    NoiseKind.few.rawValue: "The suspects are too few to say what they have in common.",
  ]

  private static func sentence(_ cut: Cut) -> String {
    if let precision = cut.precision {
      return "Cut: of the first \(cut.count), "
        + "\(NumberText.percent(precision, decimals: 0)) are expected to be wrong "
        + "(\(NumberText.percent(cut.asked, decimals: 0)) were asked for)."
    }
    if cut.count == 0 {
      return "Cut: none; no beginning of the ranking is as precise as "
        + "\(NumberText.percent(cut.asked, decimals: 0))."
    }
    return "Cut: the first \(cut.count), as many as are estimated; no precision can be promised."
  }

  /// The same as headline figures; none where no cut was asked for.
  var cutFigures: [AttributionReport.HeadlineFigure] {
    guard let estimatedWrong, let low, let high, let upperBracket, let cut else { return [] }
    return [
      .init("estimated wrong labels", "\(estimatedWrong)", note: "90 %: \(low) to \(high)"),
      .init("upper bracket", "\(upperBracket)", note: "if all are hard to tell"),
      .init(
        "cut", "\(cut.count)",
        note: cut.precision.map { "precision \(NumberText.percent($0, decimals: 0))" }
          ?? "no precision promised"),
    ]
  }
}

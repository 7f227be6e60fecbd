import Curation
import Datasets
import Evaluation
import Foundation
import Reports
import Tensors

/// The suspects of an answer as pictures.
package func suspectGallery(
  _ data: SplitData, _ ranking: MislabelRanking, _ answer: MislabeledAnswer
) -> SuspectGallery {
  let train = data.train
  let gallery = ExampleGallery(train, data.normalisation)
  let flipped = train.flipped
  let called = zip(answer.suspects, ranking.order).filter { $0.0.isSuspect != false }
  return SuspectGallery(
    scoreName: answer.signal,
    suspects: called.map { entry, row in
      let truth: Suspect.Truth =
        if let original = train.originalClasses {
          flipped[row]
            ? .planted(trueLabel: train.classNames[Int(original[row])]) : .untouched
        } else {
          .unknown
        }
      return Suspect(
        rank: entry.rank, id: entry.id.description, view: gallery.view(row),
        label: entry.label?.text ?? "",
        // What the others say, where they were asked; a network may have learnt the label by heart.
        predicted: (entry.suggested ?? entry.predicted)?.text ?? "",
        probability: entry.suggestedProbability.map { Double($0) }, score: Double(entry.score),
        truth: truth)
    })
}

extension DetectionMetrics {
  /// The metrics in one sentence.
  package var sentence: String {
    String(
      format:
        "planted labels: ROC AUC %.4f, average precision %.4f; found %.1f %% in the first 5 %%, %.1f %% in 10 %%, %.1f %% in 20 %% inspected",
      rocAUC, averagePrecision, 100 * foundIn5Percent, 100 * foundIn10Percent,
      100 * foundIn20Percent)
  }

  /// The metrics as headline figures.
  package var figures: [AttributionReport.HeadlineFigure] {
    [
      .init("ROC AUC", NumberText.fixed(rocAUC, decimals: 4), note: "1 is perfect, 0.5 chance"),
      .init("average precision", NumberText.fixed(averagePrecision, decimals: 4)),
      .init(
        "found in the first 10 %", NumberText.percent(foundIn10Percent, decimals: 1),
        note: "of the planted labels"),
    ]
  }
}

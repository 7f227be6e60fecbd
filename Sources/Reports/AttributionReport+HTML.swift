import Mustache

extension AttributionReport {
  /// The report as one HTML file, which is also well-formed XML.
  ///
  /// All text is escaped; the charts stand as they are. The same report gives the same bytes.
  public func html() -> String {
    ReportTemplates.library.render(view, withTemplate: "page") ?? ""
  }

  /// The values under the names that the templates use.
  ///
  /// Mustache looks for a missing name further out, so names differ between levels and are always
  /// present.
  private var view: [String: Any] {
    [
      "title": title, "summary": summary, "hasSummary": !summary.isEmpty,
      "style": ReportTemplates.style,
      "figures": figures.map { ["label": $0.label, "value": $0.value, "note": $0.note] },
      "hasFigures": !figures.isEmpty,
      "sections": sections.enumerated().map { ReportView.section($1, number: $0 + 1) },
      "contents": sections.enumerated().map { ["number": "\($0 + 1)", "entry": $1.heading] },
      "hasContents": sections.count > 1,
      "notes": notes, "hasNotes": !notes.isEmpty,
      "provenance": provenance.map { ["name": $0.name, "fact": $0.value] },
      "hasProvenance": !provenance.isEmpty,
    ]
  }
}

/// The parts of a report under the names that the templates use.
enum ReportView {
  static func section(_ section: ReportSection, number: Int) -> [String: Any] {
    var view: [String: Any] = [
      "anchor": "section-\(number)", "heading": section.heading,
      "introduction": section.introduction, "hasIntroduction": !section.introduction.isEmpty,
      "queries": [], "suspects": [], "charts": [], "tables": [], "isEmpty": false,
      "unit": "", "signSentence": "", "scoreName": "", "hasScoreName": false, "isQueries": false,
      "isSuspects": false,
      "hasTokens": false, "hasQueryTokens": false, "changeSentence": "",
      "hasChangeSentence": false,
    ]
    switch section.content {
    case .queries(let queries):
      view["isQueries"] = !queries.cards.isEmpty
      view["queries"] = queries.cards.map { card($0, queries.sides) }
      view["isEmpty"] = queries.cards.isEmpty
      view["unit"] = queries.unit
      view["hasTokens"] = queries.hasShadedTokens
      view["hasQueryTokens"] = queries.hasShadedQueries
      view["signSentence"] = queries.signSentence
      view["changeSentence"] = queries.changeSentence
      view["hasChangeSentence"] = !queries.changeSentence.isEmpty
    case .suspects(let gallery):
      view["isSuspects"] = !gallery.suspects.isEmpty
      view["suspects"] = gallery.suspects.map(suspect)
      view["isEmpty"] = gallery.suspects.isEmpty
      view["hasScoreName"] = !gallery.scoreName.isEmpty
      view["scoreName"] = gallery.scoreName
    case .charts(let charts):
      view["charts"] = charts.map {
        ["svg": $0.svg, "caption": $0.caption, "hasCaption": !$0.caption.isEmpty] as [String: Any]
      }
      view["isEmpty"] = charts.isEmpty
    case .tables(let tables):
      view["tables"] = tables.map(table)
      view["isEmpty"] = tables.isEmpty
    }
    return view
  }

  private static func card(
    _ card: QueryCard, _ sides: QuerySection.Sides
  ) -> [String: Any] {
    let largest =
      (card.helpful + card.harmful).map { abs($0.score) }.filter(\.isFinite).max() ?? 0
    let verdict = card.label == card.predicted ? "right" : "wrong"
    let set = card.isOutside ? "" : "test "
    let label = card.isUnlabelled ? "" : ", label \(card.label)"
    return [
      "queryView": example(
        card.view, alt: "\(card.isOutside ? "" : "test example ")\(card.id)\(label)"),
      "querySet": set,
      "queryID": card.id, "queryLabel": card.label, "hasQueryLabel": !card.label.isEmpty,
      "predicted": card.predicted, "hasPrediction": !card.predicted.isEmpty,
      "layout": card.view.isPassage ? " passage" : "", "question": card.question,
      "hasQuestion": !card.question.isEmpty,
      "probability": probability(card.probability),
      "verdict": card.isUnlabelled ? "" : verdict,
      "sides": [
        side("helped", sides.positive, card.helpful, largest),
        side("harmed", sides.negative, card.harmful, largest),
      ],
    ]
  }

  private static func side(
    _ kind: String, _ name: String, _ influences: [QueryCard.Influence], _ largest: Double
  ) -> [String: Any] {
    [
      "side": kind, "sideName": name, "isNone": influences.isEmpty,
      "influences": influences.map { influence in
        [
          "trainingView": example(
            influence.view, alt: "training example \(influence.id), label \(influence.label)"),
          "trainingID": influence.id, "trainingLabel": influence.label,
          "hasTrainingLabel": !influence.label.isEmpty,
          "trainingScore": NumberText.signed(influence.score),
          "change": influence.change, "hasChange": !influence.change.isEmpty,
          "bar": barWidth(influence.score, largest),
          "queryTokens": influence.queryTokens.isEmpty
            ? [] : [example(.tokens(influence.queryTokens), alt: "")],
        ]
      },
    ]
  }

  private static func suspect(_ suspect: Suspect) -> [String: Any] {
    let truth: (kind: String, text: String) =
      switch suspect.truth {
      case .unknown: ("", "")
      case .untouched: ("untouched", "not planted")
      case .planted(let label): ("planted", "planted, was \(label)")
      }
    return [
      "rank": NumberText.whole(suspect.rank), "suspectID": suspect.id,
      "suspectView": example(
        suspect.view, alt: "training example \(suspect.id), labelled \(suspect.label)"),
      "suspectLabel": suspect.label, "suspectPredicted": suspect.predicted,
      "suspectProbability": probability(suspect.probability),
      "suspectScore": NumberText.signed(suspect.score),
      "truth": truth.text, "truthKind": truth.kind, "hasTruth": suspect.truth != .unknown,
      "hasReason": suspect.reason != nil, "reason": suspect.reason ?? "",
    ]
  }

  private static func table(_ table: ReportTable) -> [String: Any] {
    let sides = table.table.alignments.map { $0 == .right ? "right" : "left" }
    return [
      "tableTitle": table.title, "hasTableTitle": !table.title.isEmpty,
      "columns": zip(table.table.columns, sides).map { ["column": $0.title, "align": $1] },
      "rows": table.table.rows.map { row in
        ["cells": zip(row, sides).map { ["cell": $0, "align": $1] }]
      },
    ]
  }

  private static func example(_ view: ExampleView, alt: String) -> [String: Any] {
    var result: [String: Any] = ["image": [], "features": [], "words": [], "tokens": []]
    switch view {
    case .image(let image):
      result["image"] = [
        ["source": image.dataURI, "alt": alt, "wide": image.width, "high": image.height]
          as [String: Any]
      ]
    case .features(let features):
      let pairs = features.map { ["feature": $0.name, "amount": $0.value] }
      result["features"] = [["pairs": pairs]]
    case .text(let text): result["words"] = [["words": ScoredToken.broken([text])[0]]]
    case .tokens(let tokens): result["tokens"] = [["pieces": ScoredToken.view(tokens)]]
    case .nothing: break
    }
    return result
  }

  private static func probability(_ value: Double?) -> String {
    value.map { NumberText.percent($0) } ?? ""
  }

  /// The length of a score's bar in percent of the longest.
  private static func barWidth(_ score: Double, _ largest: Double) -> String {
    guard largest > 0, score.isFinite else { return "0" }
    return NumberText.fixed(100 * abs(score) / largest, decimals: 1)
  }
}

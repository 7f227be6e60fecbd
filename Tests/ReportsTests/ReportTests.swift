import Foundation
import TestSupport
import Testing

@testable import Reports

@Suite("Reports as HTML")
struct ReportTests {
  static let hostile = [
    "<script>alert(1)</script>", "\" onload=\"alert(1)", "' & {{title}} {{{style}}}",
    "\"\u{301} onload=\"\u{301}alert(1)", "<\u{301}b>", "]]><!--", "\u{0}\u{8}\u{FFFF}é猫",
  ]

  static func report(_ text: String) throws -> AttributionReport {
    let picture = ExampleView.image(
      try #require(try ExampleImage(.init([0, 1, 2, 3], shape: [2, 2]), range: 0...3)))
    var table = TextTable([text, "n"])
    table.append([text, "1"])
    let card = QueryCard(
      view: picture, id: text, label: text, predicted: text, probability: 0.5,
      helpful: [.init(view: .features([.init(text, text)]), id: text, label: text, score: 2)],
      harmful: [.init(view: .text(text), id: text, label: text, score: -.infinity)])
    let suspect = Suspect(
      rank: 1, id: text, view: picture, label: text, predicted: text, probability: .nan, score: 3,
      truth: .planted(trueLabel: text))
    return AttributionReport(
      title: text, summary: text, figures: [.init(text, text, note: text)],
      sections: [
        .init(
          text, introduction: text,
          .queries(.init(unit: text, signSentence: text, cards: [card]))),
        .init(text, .suspects(.init(scoreName: text, suspects: [suspect]))),
        .init(
          text, .charts([.init(svg: Histogram(title: text, x: .init(text), groups: []).svg())])),
        .init(text, .tables([.init(title: text, table)])),
      ], notes: [text], provenance: [.init(text, text)])
  }

  @Test("no text becomes markup, wherever it stands", arguments: hostile)
  func escaping(text: String) throws {
    let plain = try #require(XML.parse(try Self.report("plain").html()))
    let xml = try #require(XML.parse(try Self.report(text).html()))
    #expect(xml.elements.map(\.name) == plain.elements.map(\.name))
    for (found, expected) in zip(xml.elements, plain.elements) {
      #expect(found.attributes.keys.sorted() == expected.attributes.keys.sorted())
    }
    // Text comes back as it was, but for what XML cannot hold.
    let readable = String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { $0.value < 32 || $0.value == 0xFFFF ? "\u{FFFD}" : $0 }))
    #expect(
      xml.text.unicodeScalars.split(separator: "\n").contains { line in
        String(String.UnicodeScalarView(line)) == readable
      })
    #expect(xml.attributes("img", "alt")[0] == "test example \(readable), label \(readable)")
  }

  @Test("the page needs nothing from outside and runs no script")
  func selfContained() throws {
    let html = try Self.report("plain").html()
    let xml = try #require(XML.parse(html))
    #expect(xml.count("script") == 0 && xml.count("link") == 0)
    #expect(xml.attributes("img", "src").allSatisfy { $0.hasPrefix("data:image/png;base64,") })
    #expect(xml.attributes("a", "href").allSatisfy { $0.hasPrefix("#") })
    #expect(!html.contains("url(") && !html.contains("@import"))
    #expect(xml.count("img") == 2)
    #expect(xml.attributes("img", "alt").allSatisfy { !$0.isEmpty })
  }

  @Test("the same report gives the same bytes in every process")
  func bytes() async throws {
    let folder = try ScratchFolder()
    let path = folder / "report.html"
    // Hashes, and with them the order in dictionaries and sets, differ between processes.
    await #expect(processExitsWith: .success) { [path = path as String] in
      try Data(ReportTests.report("plain").html().utf8).write(to: URL(fileURLWithPath: path))
    }
    #expect(try folder.bytes("report.html") == Array(ReportTests.report("plain").html().utf8))
  }

  @Test("each link of the contents leads to a section")
  func contents() throws {
    let xml = try #require(XML.parse(try Self.report("plain").html()))
    let targets = xml.attributes("section", "id").map { "#" + $0 }
    #expect(xml.attributes("a", "href") == targets)
    #expect(targets.count == 4)
  }

  @Test("a report of nothing is a page with a heading, and an empty section says so")
  func empty() throws {
    let bare = try #require(XML.parse(AttributionReport(title: "Nothing").html()))
    #expect(bare.count("h1") == 1 && bare.count("section") == 0 && bare.count("footer") == 0)
    let contents: [ReportSection.Content] = [
      .queries(.init(unit: "margin", signSentence: "", cards: [])),
      .suspects(.init(scoreName: "margin", suspects: [])), .charts([]), .tables([]),
    ]
    for content in contents {
      let report = AttributionReport(title: "t", sections: [.init("Part", content)])
      let xml = try #require(XML.parse(report.html()))
      #expect(xml.text.contains("Nothing to show."))
      #expect(xml.count("li") == 0 && xml.count("table") == 0)
    }
  }

  @Test("bars are as long as scores, and a score that is not finite has none")
  func bars() throws {
    let influence = { (score: Double) in
      QueryCard.Influence(view: .nothing, id: "7", label: "a", score: score)
    }
    let card = QueryCard(
      view: .nothing, id: "1", label: "a", predicted: "b", probability: nil,
      helpful: [influence(4), influence(1)], harmful: [influence(-2), influence(.nan)])
    let section = QuerySection(unit: "margin", signSentence: "Positive: helped.", cards: [card])
    let report = AttributionReport(title: "t", sections: [.init("Q", .queries(section))])
    let xml = try #require(XML.parse(report.html()))
    #expect(
      xml.attributes("span", "style") == [
        "width:100.0%", "width:25.0%", "width:50.0%", "width:0%",
      ])
    for text in ["+4.00", "+1.00", "−2.00", "NaN", "Positive: helped. Unit: margin."] {
      #expect(xml.text.contains(text))
    }
  }

  @Test("what removing an example changes stands below its score, where it is known")
  func changes() throws {
    var known = QueryCard.Influence(view: .nothing, id: "7", label: "a", score: 2)
    known.change = "removed: margin −0.73 ± 0.44"
    let unknown = QueryCard.Influence(view: .nothing, id: "8", label: "a", score: 1)
    func page(_ influences: [QueryCard.Influence], _ sentence: String) throws -> XML {
      let card = QueryCard(
        view: .nothing, id: "1", label: "a", predicted: "b", probability: nil, helpful: influences,
        harmful: [])
      var section = QuerySection(unit: "margin", signSentence: "", cards: [card])
      section.changeSentence = sentence
      let report = AttributionReport(title: "t", sections: [.init("Q", .queries(section))])
      return try #require(XML.parse(report.html()))
    }
    let both = try page([known, unknown], "Removed: so much.")
    #expect(both.attributes("span", "class").count { $0 == "change" } == 1)
    #expect(both.text.contains(known.change) && both.text.contains("Removed: so much."))
    let none = try page([unknown], "")
    #expect(
      !none.attributes("span", "class").contains("change") && none.count("p") == both.count("p") - 1
    )
  }

  @Test("a wide row of a table shows its first values and counts the rest")
  func features() {
    let view = ExampleView.features([1, 0.25, .nan, 4], names: ["age"], limit: 3)
    #expect(
      view
        == .features([
          .init("age", "1"), .init("x1", "0.250"), .init("x2", "NaN"), .init("…", "1 more"),
        ]))
  }

  @Test("a passage keeps its line breaks, behind the last sign of each run")
  func lines() {
    #expect(
      ScoredToken.broken(["a⏎", "⏎", "", "b⏎c", "⏎"]) == ["a⏎", "⏎\n", "", "b⏎\nc", "⏎"])
    #expect(ScoredToken.broken([]) == [])
  }

  @Test("tokens are shaded by their share of the strongest, in passages and in queries")
  func tokens() throws {
    let tokens = [
      ScoredToken(text: "a", score: nil), ScoredToken(text: "b", score: 2),
      ScoredToken(text: "c", score: -1), ScoredToken(text: "d", score: 0.01),
      ScoredToken(text: "e", score: 1, isAsked: true),
    ]
    var influence = QueryCard.Influence(view: .tokens(tokens), id: "7", label: "", score: 2)
    func page(_ view: ExampleView) throws -> XML {
      let card = QueryCard(
        view: view, id: "1", label: "", predicted: "", probability: nil, helpful: [influence],
        harmful: [])
      let section = QuerySection(unit: "margin", signSentence: "", cards: [card])
      let report = AttributionReport(title: "t", sections: [.init("Q", .queries(section))])
      return try #require(XML.parse(report.html()))
    }
    let plain = try page(.text("x"))
    let shades = ["--shade:1.00", "--shade:0.50", "--shade:0.50"]
    #expect(plain.attributes("span", "style").filter { $0.hasSuffix("0") } == shades)
    #expect(plain.attributes("span", "class").contains("asked plus"))
    #expect(plain.count("details") == 0 && !plain.text.contains("Each token of a query"))
    influence.queryTokens = tokens
    let both = try page(.tokens(tokens))
    #expect(
      both.attributes("span", "style").filter { $0.hasSuffix("0") } == shades + shades + shades)
    #expect(both.count("details") == 1 && both.text.contains("Each token of a query"))
  }
}

import Foundation
import Testing

@testable import Reports

@Suite("Heat maps")
struct HeatMapTests {
  private func row(_ name: String, _ values: [Double]) -> HeatMap.Row {
    HeatMap.Row(name, values.enumerated().map { HeatMap.Cell($1, hint: "\(name).\($0)") })
  }

  /// Units with a class, place and hint.
  private func units(_ svg: String) throws -> [(kind: String, x: Double, y: Double, side: Double)] {
    let xml = try #require(XML.parse(svg))
    return xml.elements.filter { $0.name == "rect" && $0.attributes["height"] != "12" }
      .compactMap { element in
        guard let kind = element.attributes["class"], kind != "paper",
          let x = element.attributes["x"].flatMap(Double.init),
          let y = element.attributes["y"].flatMap(Double.init),
          let side = element.attributes["width"].flatMap(Double.init)
        else { return nil }
        return (kind, x, y, side)
      }
  }

  @Test("colour is the square root of the share of the largest, by sign; NaN has none")
  func colour() throws {
    let steps = [4, -4, 1, 0, -0.001, .nan, .infinity].map { HeatMap.step($0, largest: 4) }
    #expect(steps == [7, -7, 4, 0, 0, 0, 0])
    #expect(HeatMap.step(0, largest: 0) == 0)
    let map = HeatMap(
      title: "T", label: "weight", rows: [row("0.head", [4, -4, 1, 0, .nan])])
    let xml = try #require(XML.parse(map.svg()))
    #expect(try units(map.svg()).map(\.kind) == ["p7", "n7", "p4", "z", "z"])
    #expect(xml.text.contains("0.head.1") && xml.text.contains("weight"))
    // The ends of the legend are the largest value.
    #expect(xml.text.contains("+4.0") && xml.text.contains("−4.0"))
  }

  @Test("a row is a line of its own, and a wide one goes on below", arguments: [3, 40, 128, 1_152])
  func layout(width: Int) throws {
    let map = HeatMap(
      title: "T", label: "weight",
      rows: [
        row("0.neuron", (0..<width).map { sin(Double($0)) }), row("2.neuron", [1, 2, 3]),
      ])
    let found = try units(map.svg())
    #expect(found.count == width + 3)
    // None overlaps another, all are on the paper and large enough to be pointed at.
    for unit in found { #expect(unit.x + unit.side <= 625 && unit.side >= 6) }
    let places = Set(found.map { "\($0.x) \($0.y)" })
    #expect(places.count == found.count)
    let (first, second) = (found.prefix(width).map(\.y), found.suffix(3).map(\.y))
    #expect(try #require(second.min()) >= #require(first.max()) + found[0].side)
    #expect(Set(second).count == 1)
    let columns = Set(found.map(\.x)).count
    #expect(width <= columns || Set(first).count == (width + columns - 1) / columns)
  }

  @Test("more units than a page holds are left out from the weakest on, and counted")
  func many() throws {
    let values: [Double] = (0..<9_000).map { unit in
      let magnitude = Double(unit * 7_919 % 9_000 + 1)
      return unit % 2 == 0 ? magnitude : -magnitude
    }
    let map = HeatMap(title: "T", label: "w", rows: [row("h.0.mlp.neuron", values)])
    #expect(try units(map.svg()).count == HeatMap.drawnUnits)
    #expect(map.svg().contains("the weakest 3,000 are left out"))
  }

  @Test("names and hints are escaped; a long name keeps its ends and its whole is a hint")
  func names() throws {
    let long = "transformer.h.11.mlp.c_fc.<neuron>"
    let svg = HeatMap(title: "<&>", label: "\"w\"", rows: [row(long, [1])]).svg()
    let xml = try #require(XML.parse(svg))
    #expect(xml.text.contains("transfor…c_fc.<neuron>"))
    #expect(xml.text.contains(long + ".0"))
    #expect(HeatMap.Layout.short("h.0.attn.head") == "h.0.attn.head")
  }
}

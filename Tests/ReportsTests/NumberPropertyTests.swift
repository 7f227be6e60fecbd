import Foundation
import TestSupport
import Testing

@testable import Reports

extension Draws {
  /// A number of any sign with an exponent from −12 to 12.
  fileprivate mutating func number() -> Double {
    let mantissa = Double(integer(below: 1_000_000)) / 1e5
    return pick([1, -1]) * mantissa * pow(10, Double(integer(-12...12)))
  }
}

/// Numbers and fields as they are read back, over seeds.
@Suite("Numbers and fields over seeds")
struct NumberPropertyTests {
  /// The number that a person reads in `3.1·10⁻⁷`, `−1,297` or `97.3 %`.
  private func read(_ text: String) -> Double? {
    var text = text.replacingOccurrences(of: "−", with: "-").replacingOccurrences(of: ",", with: "")
    for (digit, raised) in zip("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻") {
      text = text.replacingOccurrences(of: String(raised), with: String(digit))
    }
    let parts = text.components(separatedBy: "·10")
    guard let mantissa = Double(parts[0]) else { return nil }
    return parts.count == 1 ? mantissa : Double(parts[1]).map { mantissa * pow(10, $0) }
  }

  @Test("significant digits read back within half a unit of the last one", arguments: 0..<200)
  func significant(seed: Int) throws {
    var draws = Draws(seed: seed)
    let value = draws.number()
    for digits in 1...6 {
      let text = NumberText.significant(value, digits: digits)
      let found = try #require(read(text), "\(text)")
      let unit = value == 0 ? 1 : pow(10, floor(log10(abs(value))) - Double(digits) + 1)
      #expect(abs(found - value) <= 0.5 * unit * (1 + 1e-9), "\(value) as \(text)")
      #expect(found == 0 || (found < 0) == (value < 0), "\(value) as \(text)")
      let signed = NumberText.signed(value, digits: digits)
      #expect(signed == (value > 0 ? "+" : "") + text)
    }
  }

  @Test(
    "fixed decimals have as many, read back within half a unit, and no minus zero",
    arguments: 0..<100)
  func fixed(seed: Int) throws {
    var draws = Draws(seed: seed)
    let value = (Double(draws.integer(below: 2_000_001)) - 1_000_000) / 1e4
    for decimals in 0...5 {
      let text = NumberText.fixed(value, decimals: decimals)
      let found = try #require(read(text), "\(text)")
      #expect(abs(found - value) <= 0.5 * pow(10, -Double(decimals)) + 1e-9, "\(value) as \(text)")
      let after = text.split(separator: ".").dropFirst().first?.count ?? 0
      #expect(after == decimals, "\(text)")
      #expect(!(text.hasPrefix("−") && found == 0), "\(text)")
    }
  }

  @Test("whole numbers have a comma before each three digits and read back", arguments: 0..<60)
  func whole(seed: Int) {
    var draws = Draws(seed: seed)
    let value = draws.pick([1, -1]) * (Int(draws.bits() >> 11) >> draws.integer(below: 50))
    let text = NumberText.whole(value)
    #expect(read(text) == Double(value), "\(value) as \(text)")
    let groups = text.replacingOccurrences(of: "−", with: "").split(separator: ",")
    #expect(groups.dropFirst().allSatisfy { $0.count == 3 })
    #expect(groups.first.map { (1...3).contains($0.count) } == true)
    #expect(Int(groups.joined()) == Int(value.magnitude))
  }

  @Test("times are cut where the next unit begins, and never show 60")
  func seconds() {
    let cases: [(Double, String)] = [
      (0, "0.00 s"), (0.005, "0.01 s"), (9.994, "9.99 s"), (10, "10.0 s"), (59.94, "59.9 s"),
      (59.96, "1 min 00 s"), (60, "1 min 00 s"), (119.6, "2 min 00 s"), (3599.4, "59 min 59 s"),
      (3599.6, "1 h 00 min"), (3600, "1 h 00 min"), (86_399, "23 h 59 min"),
      (-1, "−1.00 s"), (.infinity, "∞ s"),
    ]
    for (value, text) in cases { #expect(NumberText.seconds(value) == text) }
    for value in stride(from: 0.0, to: 8000, by: 3.7) {
      #expect(!NumberText.seconds(value).contains("60"), "\(value)")
    }
  }

  @Test("shares as percentages are the shares times a hundred", arguments: 0..<40)
  func percent(seed: Int) throws {
    var draws = Draws(seed: seed)
    let share = Double(draws.integer(below: 100_001)) / 100_000
    let text = NumberText.percent(share)
    #expect(text.hasSuffix(" %"))
    let found = try #require(read(String(text.dropLast(2))))
    #expect(abs(found / 100 - share) <= 0.0005 + 1e-9, "\(share) as \(text)")
  }

  // MARK: CSV

  /// Fields of RFC 4180 by a plain automaton over scalars.
  private func parsed(_ text: String) -> [[String]] {
    var (rows, row, field, quoted) = ([[String]](), [String](), String.UnicodeScalarView(), false)
    let scalars = Array(text.unicodeScalars)
    var i = 0
    while i < scalars.count {
      let scalar = scalars[i]
      if quoted {
        if scalar == "\"" {
          if i + 1 < scalars.count, scalars[i + 1] == "\"" {
            field.append("\"")
            i += 1
          } else {
            quoted = false
          }
        } else {
          field.append(scalar)
        }
      } else if scalar == "\"" {
        quoted = true
      } else if scalar == "," {
        row.append(String(field))
        field = .init()
      } else if scalar == "\r", i + 1 < scalars.count, scalars[i + 1] == "\n" {
        row.append(String(field))
        rows.append(row)
        (row, field) = ([], .init())
        i += 1
      } else {
        field.append(scalar)
      }
      i += 1
    }
    return rows
  }

  @Test("whatever is written as CSV reads back field for field", arguments: 0..<60)
  func csv(seed: Int) {
    var draws = Draws(seed: seed)
    let letters: [Unicode.Scalar] = [
      "a", ",", "\"", "\n", "\r", " ", "\t", "é", "\u{301}", ";", "😀",
    ]
    let columns = 1 + draws.integer(below: 4)
    let rows = (0..<5).map { _ in (0..<columns).map { _ in draws.text(of: letters, atMost: 5) }
    }
    var file = CSVWriter(header: (0..<columns).map { "c\($0)" })
    for row in rows { file.append(row) }
    let found = parsed(file.text)
    #expect(found.count == 6 && found[0] == (0..<columns).map { "c\($0)" })
    for (a, b) in zip(found.dropFirst(), rows) {
      // By scalars: canonically equal texts are equal strings.
      #expect(a.map { Array($0.unicodeScalars) } == b.map { Array($0.unicodeScalars) })
    }
  }

  @Test("numbers in CSV have the fewest digits that give the same number", arguments: 0..<60)
  func csvNumbers(seed: Int) {
    var draws = Draws(seed: seed)
    let double = Double(bitPattern: draws.bits())
    let float = Float(bitPattern: UInt32(truncatingIfNeeded: draws.bits()))
    for value in [double, -double, Double(float)] where value.isFinite {
      #expect(Double(CSVWriter.field(value))?.bitPattern == value.bitPattern)
    }
    if float.isFinite {
      #expect(Float(CSVWriter.field(float))?.bitPattern == float.bitPattern)
      #expect(CSVWriter.field(float).count <= 15)
    }
  }

  // MARK: Tables and axes

  @Test(
    "the lines of a table are as wide as its columns, numbers end where their column ends",
    arguments: 0..<30)
  func tables(seed: Int) {
    var draws = Draws(seed: seed)
    let columns = 1 + draws.integer(below: 4)
    var table = TextTable((0..<columns).map { String(repeating: "t", count: $0 + 1) })
    var cells: [[String]] = []
    for _ in 0..<1 + draws.integer(below: 5) {
      let row = (0..<columns).map { c -> String in
        c % 2 == 0
          ? String(repeating: "w", count: 1 + draws.integer(below: 7))
          : NumberText.fixed(Double(draws.integer(below: 20_000)) / 100 - 100, decimals: 2)
      }
      cells.append(row)
      table.append(row)
    }
    let lines = table.text.components(separatedBy: "\n")
    #expect(lines.count == cells.count + 2)
    let widths = (0..<columns).map { c in max(c + 1, cells.map { $0[c].count }.max() ?? 0) }
    #expect(lines[1] == widths.map { String(repeating: "-", count: $0) }.joined(separator: "  "))
    for (line, row) in zip(lines.dropFirst(2), cells) {
      var start = 0
      let letters = Array(line)
      for (c, width) in widths.enumerated() {
        let end = min(letters.count, start + width)
        let cell = String(letters[min(start, end)..<end])
        let blank = String(repeating: " ", count: width - row[c].count)
        let expected = c % 2 == 0 ? row[c] + blank : blank + row[c]
        // Blanks at the end of a line are not written.
        let isLast = end == letters.count
        #expect(cell == expected || (isLast && cell == row[c] && c % 2 == 0), "\(line)")
        start += width + 2
      }
    }
  }

  @Test(
    "an axis holds its values, its ticks are even and round, and places keep the order",
    arguments: 0..<60)
  func axes(seed: Int) {
    var draws = Draws(seed: seed)
    let values = (0..<6).map { _ in draws.number() }
    let axis = FittedAxis(ChartAxis("x"), values: values)
    // A value within a billionth of a step of a round number does not open another step.
    let rounding = (axis.high - axis.low) * 1e-9
    #expect(
      values.allSatisfy { axis.low - rounding <= $0 && $0 <= axis.high + rounding }, "seed \(seed)")
    let ticks = axis.ticks.map(\.value)
    #expect((2...12).contains(ticks.count), "seed \(seed): \(ticks)")
    let slack = (axis.high - axis.low) * 1e-6
    #expect(ticks.allSatisfy { $0 >= axis.low - slack && $0 <= axis.high + slack })
    let steps = zip(ticks.dropFirst(), ticks).map { $0 - $1 }
    #expect(steps.allSatisfy { abs($0 - steps[0]) < 1e-6 * steps[0] }, "seed \(seed)")
    let leading = steps[0] / pow(10, floor(log10(steps[0]) + 1e-9))
    #expect([1, 2, 5].contains { abs($0 - leading) < 1e-6 }, "seed \(seed): \(steps[0])")
    let sorted = values.sorted()
    let places = sorted.map { axis.place($0) }
    #expect(zip(places, places.dropFirst()).allSatisfy { $0 <= $1 })
    #expect(places.allSatisfy { 0...1 ~= $0 } && axis.place(axis.low) == 0)
    #expect(axis.place(axis.high) == 1 && axis.place(.greatestFiniteMagnitude) == 1)
  }

  @Test(
    "the nice step is the smallest of 1, 2, 5 and 10 times a power of ten that is enough",
    arguments: 0..<60)
  func niceSteps(seed: Int) {
    var draws = Draws(seed: seed)
    let step = abs(draws.number()) + 1e-9
    let found = FittedAxis.niceStep(step)
    let power = pow(10, floor(log10(step)))
    let candidates = [1, 2, 5, 10].map { $0 * power }
    #expect(candidates.contains { abs($0 - found) < 1e-9 * found }, "\(step)")
    #expect(found >= step * (1 - 1e-8))
    #expect(candidates.filter { $0 < found * (1 - 1e-6) }.allSatisfy { $0 < step }, "\(step)")
  }

  @Test("bars of counts add up to the values, each in its bin", arguments: 0..<10)
  func histograms(seed: Int) throws {
    var draws = Draws(seed: seed)
    let values = (0..<40).map { _ in Double(draws.integer(below: 1000)) / 1000 }
    let svg = Histogram(
      title: "t", x: ChartAxis("x", bounds: 0...1), groups: [.init("g", values)], measure: .count,
      binCount: 4
    ).svg()
    let heights = svg.components(separatedBy: "class=\"bar s0\"").dropFirst().compactMap { part in
      part.components(separatedBy: "height=\"").dropFirst().first
        .flatMap { Double($0.prefix { $0 != "\"" }) }
    }
    let counts = (0..<4).map { bin in
      values.count { min(3, Int($0 * 4)) == bin }
    }.filter { $0 > 0 }
    // The key of the legend has the class, too, and stands elsewhere: bars alone scale together.
    let bars = heights.suffix(counts.count)
    try #require(bars.count == counts.count)
    let unit = (bars.first ?? 0) / Double(counts[0])
    for (height, count) in zip(bars, counts) {
      #expect(abs(height - unit * Double(count)) < 0.06, "seed \(seed)")
    }
  }

  @Test("markup has no tag, quote or control character left, and reads back", arguments: 0..<40)
  func markup(seed: Int) {
    var draws = Draws(seed: seed)
    let letters: [Unicode.Scalar] = ["<", ">", "&", "\"", "'", "a", "\u{1}", "\u{301}", "\n", ";"]
    let text = draws.text(of: letters, atMost: 11)
    let escaped = MarkupText.escaped(text)
    #expect(!escaped.unicodeScalars.contains { "<>\"'\u{1}".unicodeScalars.contains($0) })
    var back = escaped
    for (entity, plain) in [
      ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&"),
    ] {
      back = back.replacingOccurrences(of: entity, with: plain, options: .literal)
    }
    let expected = text.unicodeScalars.map { $0.value == 1 ? "\u{FFFD}" : $0 }
    #expect(Array(back.unicodeScalars) == expected)
  }
}

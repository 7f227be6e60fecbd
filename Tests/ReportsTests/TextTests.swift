import Reports
import Testing

@Suite("Text tables, CSV and numbers")
struct TextTests {
  @Test("a table aligns words left and numbers right, exactly")
  func alignment() {
    var table = TextTable(["id", "label", "score"])
    table.append(["17", "seven", "+0.813"])
    table.append(["204", "", "−0.027"])
    table.append(["3", "one", "NaN"])
    #expect(
      table.text == """
         id  label   score
        ---  -----  ------
         17  seven  +0.813
        204         −0.027
          3  one       NaN
        """)
  }

  @Test("wide characters take two cells, combining marks none, controls cannot break a line")
  func width() {
    var table = TextTable([.init("name"), .init("n", .left)])
    table.append(["猫", "1"])
    table.append(["cafe\u{301}", "2"])
    table.append(["a\u{1B}\nb", "3"])
    table.append(["😀", "4"])
    #expect(
      table.text == """
        name  n
        ----  -
        猫    1
        cafe\u{301}  2
        a\u{FFFD}\u{FFFD}b  3
        😀    4
        """)
  }

  @Test("a table without rows is its header")
  func empty() { #expect(TextTable(["a", "bc"]).text == "a  bc\n-  --") }

  @Test("CSV quotes commas, quotes, line breaks and blanks at the ends, and nothing else")
  func csv() {
    var file = CSVWriter(header: ["id", "label"])
    file.append(["a,b", "say \"hi\""])
    file.append(["two\nlines", " blank"])
    file.append(["plain text", "é"])
    file.append(["\"\u{301}", "tab\t"])
    #expect(
      file.text == "id,label\r\n\"a,b\",\"say \"\"hi\"\"\"\r\n\"two\nlines\",\" blank\"\r\n"
        + "plain text,é\r\n\"\"\"\u{301}\",\"tab\t\"\r\n")
    #expect(CSVWriter.line([""]) == "\"\"\r\n")
    #expect(CSVWriter.line(["", ""]) == ",\r\n")
    #expect(CSVWriter.field(Float(0.1)) == "0.1")
    #expect(CSVWriter.field(-Double.infinity) == "-inf")
  }

  @Test("numbers read the same everywhere")
  func numbers() {
    #expect(NumberText.whole(1_234_567) == "1,234,567")
    #expect(NumberText.whole(-1000) == "−1,000")
    #expect(NumberText.whole(.min) == "−9,223,372,036,854,775,808")
    #expect(NumberText.fixed(-0.0001, decimals: 2) == "0.00")
    #expect(NumberText.fixed(-1.5, decimals: 1) == "−1.5")
    #expect(NumberText.significant(0.012345) == "0.0123")
    #expect(NumberText.significant(0.9996) == "1.00")
    #expect(NumberText.significant(3.14e-7, digits: 2) == "3.1·10⁻⁷")
    #expect(NumberText.significant(-2e12) == "−2.00·10¹²")
    #expect(NumberText.signed(2.154) == "+2.15")
    #expect(NumberText.signed(-.infinity) == "−∞")
    #expect(NumberText.percent(0.9728) == "97.3 %")
    #expect(NumberText.seconds(185.2) == "3 min 05 s")
    #expect(NumberText.seconds(8040) == "2 h 14 min")
    #expect(NumberText.seconds(.nan) == "NaN s")
  }
}

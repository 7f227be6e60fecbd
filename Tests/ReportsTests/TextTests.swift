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
}

import Answers
import Reports
import Storage

extension Console {
  /// Prints an answer as text, or as one JSON object.
  static func answer(_ answer: some Answer, json: Bool) throws {
    output(json ? try answer.json() : answer.text)
  }

  /// Writes a text file whole or not at all.
  static func write(_ text: String, to path: String, says: Bool = true) throws {
    try AtomicFile.write(text, to: path)
    if says { line("wrote \(path)") }
  }

  /// Writes a page and says so.
  static func write(_ page: AttributionReport, to path: String) throws {
    try write(page.html(), to: path)
  }
}

/// Headings of options in the help of commands that score, in the order in which they are shown.
enum HelpSection {
  static let asked = "What is asked"
  static let scored = "How it is scored"
  static let written = "What is written"
  static let brittleness = "Of brittleness alone"
  static let machine = "Machine and folders"
}

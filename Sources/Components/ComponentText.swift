import Foundation

/// Numbers in sentences.
enum ComponentText {
  static func number(_ value: Double) -> String { String(format: "%.3f", value) }
}

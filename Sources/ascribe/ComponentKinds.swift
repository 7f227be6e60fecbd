import ArgumentParser
import Networks

extension ComponentGroup.Kind {
  /// Reads kinds by their names in either number, separated by commas.
  static func list(_ text: String, option: String) throws -> [ComponentGroup.Kind] {
    try text.split(separator: ",").map { word in
      let name = String(word.drop(while: \.isWhitespace))
      guard
        let kind = allCases.first(where: { $0.rawValue == name || $0.plural == name })
      else {
        throw ValidationError(
          "\(option) takes \(allCases.map(\.plural).joined(separator: ", ")), not '\(word)'"
        )
      }
      return kind
    }
  }
}

import ArgumentParser
import Tensors

/// A command that is none.
struct UnknownCommand: DiagnosableError {
  let word: String
  let known: [String]

  var what: String {
    "there is no command `\(word)`"
      + (nearest(to: word, among: known).map { "; did you mean `\($0)`?" } ?? ".")
  }
  var location: String { "ascribe \(word)" }
  var remedy: String {
    "the commands are \(known.joined(separator: ", ")); `ascribe help` says what they do."
  }
  var exitCode: Int32 { 2 }

  /// Refuses a first word that is no command, which the parser would call an argument too many.
  ///
  /// - Throws: `UnknownCommand`.
  static func refuse(_ arguments: [String]) throws(UnknownCommand) {
    let commands = AscribeCommand.configuration.subcommands.compactMap {
      $0.configuration.commandName
    }
    let word = arguments.first == "help" ? arguments.dropFirst().first : arguments.first
    guard let word, !word.hasPrefix("-"), word != "help", !commands.contains(word) else { return }
    throw UnknownCommand(word: word, known: commands)
  }
}

import ArgumentParser
import Answers
import Influence

/// `ascribe methods`.
struct MethodsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "methods",
    abstract: "The methods that score training examples: what each computes, needs and costs.")

  @Flag(help: "Print one JSON object.") var json = false

  func run() throws {
    let answer = MethodsAnswer(.standard)
    Console.output(json ? try answer.json() : FlagText.named(in: answer.text))
  }
}

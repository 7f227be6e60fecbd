import Foundation
import Testing

/// How the help of commands with many options is laid out, and what a mistyped command says.
@Suite struct HelpTests {
  /// The options of a help text under each of its headings.
  private func sections(_ command: String) throws -> [(title: String, options: [String])] {
    let text = try AscribeProcess(["help", command], in: NSTemporaryDirectory()).wait().output
    var found: [(title: String, options: [String])] = []
    for line in text.split(separator: "\n") {
      if line.hasSuffix(":"), line.allSatisfy({ $0.isUppercase || " :".contains($0) }) {
        found.append((String(line.dropLast()), []))
      } else if line.hasPrefix("  --"), !found.isEmpty {
        let option = line.dropFirst(2).prefix { $0 != " " && $0 != "=" }
        found[found.count - 1].options.append(String(option))
      }
    }
    return found
  }

  @Test(
    "options stand under what they say, what is asked first",
    arguments: ["query", "score", "group", "mislabeled", "evaluate", "calibrate"])
  func headings(_ command: String) throws {
    let found = try sections(command)
    let titles = found.map(\.title).filter { $0 != "OF BRITTLENESS ALONE" }
    #expect(
      titles == [
        "ARGUMENTS", "WHAT IS ASKED", "HOW IT IS SCORED", "WHAT IS WRITTEN", "MACHINE AND FOLDERS",
        "OPTIONS",
      ])
    let byTitle = Dictionary(uniqueKeysWithValues: found.map { ($0.title, $0.options) })
    #expect(byTitle["HOW IT IS SCORED"]?.first == "--method")
    #expect(byTitle["WHAT IS WRITTEN"]?.last == "--json")
    #expect(byTitle["MACHINE AND FOLDERS"]?.first == "--threads")
    // What is left over is the parser's own.
    #expect(byTitle["OPTIONS"] == ["--version"])
  }

  @Test("options of brittleness stand by themselves")
  func brittleness() throws {
    let own = try sections("evaluate").first { $0.title == "OF BRITTLENESS ALONE" }
    #expect(
      own?.options == [
        "--test", "--count", "--removals", "--models", "--draws", "--budget", "--rise",
        "--overwrite",
      ])
  }

  @Test("what commands say of themselves is written for 80 columns: none is broken a second time")
  func width() throws {
    func lines(_ arguments: [String]) throws -> [Substring] {
      try AscribeProcess(arguments, in: NSTemporaryDirectory(), through: ["env", "COLUMNS=300"])
        .wait().output.split(separator: "\n")
    }
    let overview = try lines(["--help"])
    let commands = overview.drop { $0 != "SUBCOMMANDS:" }.dropFirst()
      .filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }
      .compactMap { $0.split(separator: " ").first.map(String.init) }
      .filter { $0 != "See" }
    #expect(commands.count > 20)
    for command in [["--help"]] + commands.map({ [$0, "--help"] }) {
      let discussion = try lines(command).dropFirst().prefix { !$0.hasPrefix("USAGE") }
      #expect(discussion.filter { $0.count > 80 } == [], "\(command)")
    }
  }

  @Test("a mistyped command names the nearest and ends with 2")
  func mistyped() throws {
    let ended = try AscribeProcess(["quary", "s"], in: NSTemporaryDirectory()).wait()
    #expect(ended.code == 2 && ended.output.isEmpty)
    #expect(
      ended.errors.hasPrefix(
        """
        error: there is no command `quary`; did you mean `query`?
          at:  ascribe quary
          fix: the commands are demo, init, train, 
        """), "\(ended.errors)")
  }
}

import ArgumentParser
import Foundation
import Session
import Tensors

/// `ascribe demo`.
struct DemoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract:
      "Handwritten digits with planted wrong labels: train, query, clean, look inside, report.")

  @Option(help: "Where everything is written.") var folder = "demo"
  @Option(help: "The folder of digits-train.csv and digits-test.csv (default: found).")
  var data: String?
  @Option(help: "Worker threads (default: ASCRIBE_THREADS, else all cores).")
  var threads: Int?
  @Flag(help: "Print the summary as JSON.") var json = false

  func validate() throws { try CommonOptions.requireThreads(threads) }

  func run() throws {
    Interruption.watch()
    let job = DemoJob(digits: try DigitsFolder.find(data), folder: folder)
    let summary = try job.run(control: .terminal)
    if json { Console.output(try summary.indentedJSON()) }
  }
}

/// Where the bundled digits are.
enum DigitsFolder {
  /// The folder given, else `data` here, else `data` beside any folder above the program.
  static func find(_ given: String?) throws -> String {
    let program = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
    var above: [String] = []
    var folder = program.deletingLastPathComponent()
    while folder.path.count > 1 {
      above.append(folder.path + "/data")
      folder.deleteLastPathComponent()
    }
    let here = FileManager.default.currentDirectoryPath + "/data"
    for candidate in given.map({ [absolute($0)] }) ?? [here] + above
    where FileManager.default.fileExists(atPath: candidate + "/digits-train.csv") {
      return candidate
    }
    throw ValidationError(
      "the bundled digits were not found\(given.map { " in \($0)" } ?? "");"
        + " name their folder with --data (it is data/ of the repository)")
  }

  private static func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
  }
}

import ArgumentParser
import Session

/// `ascribe init`.
struct InitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract:
      "Write a run file for a table, pictures, texts or arrays, with what was found in them.",
    discussion: """
      A file that is there is never replaced; `ascribe train` takes the new one as
      it is.
      """)

  @Argument(
    help: ArgumentHelp(
      "A table, texts, an IDX, npz or HDF5 file, or a folder of pictures by class.",
      valueName: "data"))
  var path: String
  @Option(help: "The run file to write (default: the data's name with .yaml).") var out: String?
  @Option(help: "The column, field or array of the labels (default: found by its name).")
  var label: String?

  func validate() throws {
    if let out, !out.hasSuffix(".yaml"), !out.hasSuffix(".yml") {
      throw ValidationError("--out takes a name that ends in .yaml, not '\(out)'")
    }
  }

  func run() throws {
    var job = InitJob(path)
    (job.out, job.label) = (out, label)
    Console.output(try job.run(control: .terminal).text)
  }
}

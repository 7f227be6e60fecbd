import Gradients
import Testing

@testable import ascribe

/// What is said on a terminal, word for word.
@Suite("Words on a terminal") struct TerminalTextTests {
  @Test("no time left is told before a rate is known, nor at the end")
  func progress() {
    func text(_ done: Int, since begun: Int = 0, _ seconds: Double) -> String {
      Progress.text("collecting", unit: "rows", done: done, of: 500, since: begun, seconds: seconds)
    }
    #expect(text(0, 150) == "collecting 0 %  0/500 rows")
    #expect(text(100, since: 100, 3) == "collecting 20 %  100/500 rows")
    #expect(text(100, 2) == "collecting 20 %  100/500 rows  50 rows/s  8 s left")
    #expect(text(1, 4) == "collecting 0 %  1/500 rows  0.25 rows/s  1996 s left")
    #expect(text(499, 5) == "collecting 99 %  499/500 rows  100 rows/s  1 s left")
    #expect(text(500, 5) == "collecting 100 %  500/500 rows  100 rows/s")
  }

  @Test("until a rate is known the bar says what was estimated")
  func expected() {
    func text(_ done: Int, _ seconds: Double) -> String {
      Progress.text(
        "collecting", unit: "rows", done: done, of: 500, since: 0, seconds: seconds,
        expected: "17 min")
    }
    #expect(text(0, 150) == "collecting 0 %  0/500 rows  about 17 min in all")
    #expect(text(100, 2) == "collecting 20 %  100/500 rows  50 rows/s  8 s left")
  }

  @Test("gradients in several blocks and kernels say how far they are, others how many there were")
  func gradients() {
    func text(_ step: GradientProgress.Step, since begun: Int, _ seconds: Double) -> String {
      GradientMeter.text(step, since: begun, seconds: seconds, examples: 1_536, allSeconds: 40)
    }
    #expect(
      text(.init(work: .gradients, added: 32, done: 32, total: 32), since: 32, 0)
        == "gradients of 1536 examples  38 examples/s")
    #expect(
      text(.init(work: .gradients, added: 32, done: 32, total: 500), since: 32, 0)
        == "gradients 6 %  32/500 examples")
    #expect(
      text(.init(work: .gradients, added: 32, done: 132, total: 500), since: 32, 50)
        == "gradients 26 %  132/500 examples  2 examples/s  184 s left")
    #expect(
      text(.init(work: .kernel, added: 0, done: 250, total: 500), since: 50, 20)
        == "kernel 50 %  250/500 examples  10 examples/s  25 s left")
  }

  @Test(
    "fields of the libraries are flags on the command line",
    arguments: [
      ("choose another ‹exampleWeight›", "choose another --example-weight"),
      ("use ‹kernel: exact›.", "use --kernel exact."),
      (
        "‹method: graddot› ‹checkpoints: final› (2 min)",
        "--method graddot --checkpoints final (2 min)"
      ),
      ("pass ‹dimension› 2.", "pass --dim 2."),
      ("make it again with ‹overwrites›", "make it again with --overwrite"),
      ("‹bank: b› ‹subsetSeed: 1› ‹fusedWith: c›", "--bank b --subset-seed 1 --fuse c"),
      ("‹kinds› ‹components: h.3›", "--of --only h.3"),
      ("‹outputFunction›, ‹design: leave-one-out›", "--output-function, --design leave-one-out"),
      (
        "no layer is called `nothing`; a lone ‹ stays",
        "no layer is called `nothing`; a lone ‹ stays"
      ),
    ])
  func flags(text: String, named: String) {
    #expect(FlagText.named(in: text) == named)
  }

  @Test("a mistyped command is told the nearest, any other word the commands")
  func unknownCommand() throws {
    func what(_ arguments: String...) -> String? {
      do throws(UnknownCommand) {
        try UnknownCommand.refuse(arguments)
        return nil
      } catch { return error.what }
    }
    #expect(what("quary", "s") == "there is no command `quary`; did you mean `query`?")
    #expect(
      what("help", "mislabelled")
        == "there is no command `mislabelled`; did you mean `mislabeled`?")
    #expect(what("zzz") == "there is no command `zzz`.")
    for known in [["query", "quary"], ["help"], ["help", "query"], ["--version"], []] {
      #expect(throws: Never.self) { try UnknownCommand.refuse(known) }
    }
  }
}

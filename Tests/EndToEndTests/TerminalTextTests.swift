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
    #expect(
      GradientMeter.text(examples: 1_536, seconds: 40)
        == "gradients of 1536 examples  38 examples/s")
    #expect(text(500, 5) == "collecting 100 %  500/500 rows  100 rows/s")
  }

  @Test(
    "fields of the libraries are flags on the command line",
    arguments: [
      ("choose another ‹exampleWeight›", "choose another --example-weight"),
      ("use ‹kernel: exact›.", "use --kernel exact."),
      ("‹method: graddot› ‹checkpoints: final› (2 min)", "--method graddot --checkpoints final (2 min)"),
      ("pass ‹dimension› 2.", "pass --dim 2."),
      ("make it again with ‹overwrites›", "make it again with --overwrite"),
      ("‹bank: b› ‹subsetSeed: 1› ‹fusedWith: c›", "--bank b --subset-seed 1 --fuse c"),
      ("‹outputFunction›, ‹design: leave-one-out›", "--output-function, --design leave-one-out"),
      ("no layer is called `nothing`; a lone ‹ stays", "no layer is called `nothing`; a lone ‹ stays"),
    ])
  func flags(text: String, named: String) {
    #expect(FlagText.named(in: text) == named)
  }
}

import Foundation
import Testing

/// What stands on standard error before an answer, and `--diagnose`.
@Suite struct DiagnoseTests {
  @Test("one line before an answer, more with --diagnose, the same answer and JSON")
  func extents() throws {
    let work = try Workspace(trained: true)
    let brief = try work.succeed("query", "r", "--test", "3")
    #expect(
      brief.errors.hasPrefix("trajectory of margin on the exact kernel, 48 training examples, ")
        && brief.errors.contains(", damping λ ") && brief.errors.contains(" (mean)\n"))
    #expect(brief.errors.split(separator: "\n").count == 1, "\(brief.errors)")
    let json = try work.succeed("query", "r", "--test", "3", "--json")
    #expect(json.errors == brief.errors)
    let extents = [(["--diagnose"], 2), (["--diagnose", "none"], 0), (["--diagnose", "all"], 8)]
    for (more, spectra) in extents {
      let full = try AscribeProcess(["query", "r", "--test", "3"] + more, in: work.path).wait()
      #expect(full.code == 0 && full.output == brief.output, "\(more): \(full.errors)")
      #expect(full.errors.components(separatedBy: "effective rank").count == 1 + spectra, "\(more)")
      #expect(full.errors.contains("damping λ: seed-0/epoch-001 (trak) ") == (spectra < 8))
    }
    let answer = try work.object("query", "r", "--test", "3", "--diagnose")
    #expect((answer["damping"] as? [[String: Any]])?.count == 8)
    let group = try work.succeed("group", "r", "--ids", "3,5", "--test", "3", "--diagnose")
    #expect(group.errors.contains("effective rank"))
    // A file of scores says what it is of, and has nothing more to say.
    try work.succeed("score", "r", "--out", "s.h5")
    try work.fail(
      2, "query", "r", "--test", "3", "--scores", "s.h5", "--diagnose",
      words: ["--diagnose is not for --scores"])
    try work.fail(2, "query", "r", "--test", "3", "--diagnose", "first", words: ["first"])
  }
}

import Foundation
import Testing

/// Pruning by the binary: what is kept, why, and the proof.
@Suite struct PruneTests {
  @Test("the JSON has the fields that scripts depend on, and ids are those of the run")
  func fields() throws {
    let work = try Workspace(trained: true)
    let answer = try work.object(
      "prune", "r", "--keep", "0.75,0.5", "--strategy", "aum,random", "--prove", "--seeds", "3",
      "--random-subsets", "4", "--out", "o.csv", "--report", "p.html")
    #expect(answer["run"] as? String == "r")
    let results = try #require(answer["results"] as? [[String: Any]])
    #expect(
      results.map { $0["strategy"] as? String } == [
        "aum-hardest", "aum-hardest", "random", "random",
      ])
    #expect(results.map { $0["keep"] as? Double } == [0.75, 0.5, 0.75, 0.5])
    for (result, count) in zip(results, [36, 24, 36, 24]) {
      let kept = try #require(result["kept"] as? [Int])
      let dropped = try #require(result["dropped"] as? [[String: Any]])
      #expect(kept.count == count && dropped.count == 48 - count)
      #expect(Set(kept).union(dropped.compactMap { $0["id"] as? Int }) == Set(0..<48))
      let reasons = Set(dropped.compactMap { $0["reason"] as? String })
      #expect(reasons == [result["strategy"] as? String == "random" ? "random" : "easy"])
      let proof = try #require(result["proof"] as? [String: Any])
      let low = try #require(proof["low"] as? Double), high = try #require(proof["high"] as? Double)
      let difference = try #require(proof["difference"] as? Double)
      #expect(low <= difference && difference <= high)
      #expect(proof["seeds"] as? Int == 3 && proof["randomSubsets"] as? Int == 4)
      let verdict = low > 0 ? "better" : high < 0 ? "worse" : "unresolved"
      #expect(proof["verdict"] as? String == verdict)
      let parts = try #require(proof["parts"] as? [String: Double])
      #expect(Set(parts.keys) == ["seeds", "subsets", "test"])
      #expect((proof["opposite"] == nil) == (result["strategy"] as? String == "random"))
    }
    let csv = try work.text("o.csv").split(whereSeparator: \.isNewline)
    #expect(csv[0] == "strategy,keep,id,decision,reason" && csv.count == 1 + 4 * 48)
    let page = try work.text("p.html")
    for words in ["Against the share that is kept", "By class", "dropped as <strong>easy</strong>"]
    {
      #expect(page.contains(words), "\(words)")
    }
  }

  @Test("killed and begun again, the bank of the proof has the same bytes")
  func resumed() throws {
    let arguments = [
      "prune", "r", "--keep", "0.5", "--strategy", "aum", "--prove", "--seeds", "2",
      "--random-subsets", "4",
    ]
    let (whole, killed) = (try Workspace(trained: true), try Workspace(trained: true))
    func bank(_ work: Workspace) throws -> Data? {
      let folder = work.file("Checkpoints/r")
      let name = try FileManager.default.contentsOfDirectory(atPath: folder).first {
        $0.hasPrefix("prune-") && $0.hasSuffix(".h5")
      }
      return try name.map { try Data(contentsOf: URL(filePath: "\(folder)/\($0)")) }
    }
    let expected = try work(whole, arguments)
    for delay in [30_000, 60_000, 90_000] as [UInt32] {
      let process = try AscribeProcess(arguments, in: killed.path)
      usleep(delay)
      kill(process.id, SIGKILL)
      _ = process.wait()
    }
    #expect(try work(killed, arguments) == expected)
    let (again, first) = (try bank(killed), try bank(whole))
    #expect(again != nil && again == first)
    // Asked again, nothing is trained again.
    #expect(try work(whole, arguments) == expected)
  }

  private func work(_ work: Workspace, _ arguments: [String]) throws -> String {
    let result = try AscribeProcess(arguments + ["--json"], in: work.path).wait()
    #expect(result.code == 0, "\(result.errors)")
    return result.output
  }

  @Test("a copy of what is kept trains as a run of its own")
  func copy() throws {
    let work = try Workspace(trained: true)
    try work.succeed("prune", "r", "--keep", "0.5", "--strategy", "aum", "--write", "half")
    let lines = try work.text("half/train.csv").split(separator: "\n")
    let all = try work.text("train.csv").split(separator: "\n")
    #expect(lines.count == 25 && lines[0] == all[0] && lines.dropFirst().allSatisfy(all.contains))
    try work.write(Workspace.runFile(name: "h", train: "half/train.csv"), to: "h.yaml")
    try work.succeed("train", "h.yaml")
    try work.fail(
      2, "prune", "r", "--strategy", "aum", "--write", "half",
      words: ["half is there already", "--write"])
    try work.succeed("prune", "r", "--strategy", "aum,random", "--write", "several")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: work.file("several")).sorted()
        == ["aum-hardest-0.5", "aum-hardest-0.9", "random-0.5", "random-0.9"])
  }

  @Test(
    "planted wrong labels are what the recipe drops first, and a tournament proves one strategy")
  func recipe() throws {
    let work = try Workspace()
    try work.write(Workspace.table(rows: 240, seed: 3), to: "many.csv")
    try work.write(
      Workspace.runFile(train: "many.csv", data: "flip: {fraction: 0.2, seed: 0}"), to: "n.yaml")
    try work.succeed("train", "n.yaml")
    let answer = try work.object("prune", "r", "--keep", "0.7")
    let result = try #require((answer["results"] as? [[String: Any]])?.first)
    #expect(result["strategy"] as? String == "recipe")
    let dropped = try #require(result["dropped"] as? [[String: Any]])
    let suspects = dropped.filter { $0["reason"] as? String == "suspect" }
    #expect(dropped.count == 72 && suspects.count > 20)
    let found = try work.succeed(
      "prune", "r", "--keep", "0.5", "--strategy", "aum-easiest,aum", "--tournament", "--seeds",
      "2",
      "--random-subsets", "3")
    #expect(found.errors.contains("tournament at 0.5, 24 training examples held out: aum-"))
    #expect(found.output.contains("aum-easiest") != found.output.contains("aum-hardest"))
  }

  @Test("what cannot be pruned is refused in a sentence")
  func refusals() throws {
    let work = try Workspace(trained: true)
    try work.fail(
      2, "prune", "r", "--keep", "0", words: ["a share of 0.0 to keep is not above 0", "--keep"])
    try work.fail(2, "prune", "r", "--keep", "1.5", words: ["a share of 1.5 to keep"])
    try work.fail(2, "prune", "r", "--keep", "half", words: ["--keep takes shares such as 0.9,0.5"])
    try work.fail(
      2, "prune", "r", "--strategy", "aumm", words: ["there is no strategy 'aumm'; did you mean"])
    try work.fail(3, "prune", "r", "--drop", "3,99", words: ["99", "48"])
    try work.fail(3, "prune", "r", "--strategy", "bm25", words: ["the inputs of r are no texts"])
    try work.fail(
      3, "prune", "r", "--keep", "0.02", "--strategy", "random",
      words: ["would drop all 16 examples"])
    try work.fail(
      2, "prune", "r", "--keep", "1", "--prove", "--strategy", "aum", words: ["nothing to prove"])
    try work.fail(2, "prune", "r", "--seeds", "4", words: ["--seeds is for --prove"])
    try work.fail(2, "prune", "r", "--prove", "--seeds", "1", words: ["--seeds is 1, not from 2"])
    try work.fail(
      2, "prune", "r", "--drop", "1", "--keep", "0.5", words: ["--keep is not for --drop"])
    let listed = try work.object("prune", "r", "--drop", "3,7")
    let result = try #require((listed["results"] as? [[String: Any]])?.first)
    #expect(result["strategy"] as? String == "listed" && (result["kept"] as? [Int])?.count == 46)
  }
}

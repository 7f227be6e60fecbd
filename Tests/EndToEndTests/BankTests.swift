import Foundation
import Testing

/// What a bank of retrained models adds to scores, and the deletion of groups, by the binary.
@Suite struct BankTests {
  let work: Workspace

  /// A trained run with the banks `bank` (the truth) and `more`.
  init() throws {
    work = try Workspace(trained: true)
    try work.succeed("retrain", "r", "--subsets", "40", "--seeds", "1", "--subset-seed", "1")
    try FileManager.default.moveItem(
      atPath: work.file("Checkpoints/r/bank.h5"), toPath: work.file("Checkpoints/r/more.h5"))
    try work.succeed("retrain", "r", "--subsets", "20", "--seeds", "2")
  }

  @Test("fused scores are evaluated against another bank, kept and queried")
  func fused() throws {
    let answer = try work.object("evaluate", "r", "lds", "--fuse", "more")
    #expect(answer["method"] as? String == "fused")
    let fusion = try #require(answer["fusion"] as? [String: Any])
    #expect(fusion["bank"] as? String == "more" && fusion["subsets"] as? Int == 40)
    #expect(fusion["method"] as? String == "trajectory")
    #expect((fusion["signalToNoise"] as? Double ?? -1) >= 0)
    #expect(try #require(answer["lds"] as? Double) > 0.2)
    let plain = try work.object("evaluate", "r", "lds")
    #expect(plain["fusion"] == nil && plain["method"] as? String == "trajectory")

    let written = try work.object("score", "r", "--fuse", "more")
    #expect((written["path"] as? String)?.hasSuffix("scores-fused.h5") == true)
    let header = try #require(written["header"] as? [String: Any])
    #expect(header["method"] as? String == "fused")
    #expect((header["unit"] as? String)?.hasPrefix("margin (estimated fall") == true)

    let query = try work.object("query", "r", "--test", "3", "--fuse", "more")
    #expect(query["method"] as? String == "fused")
    let all = try work.succeed(
      "query", "r", "--test", "all", "--fuse", "more", "--report", "q.html")
    #expect(all.errors.contains("fused with more (40 subsets × 1 seeds)"))
    #expect(try work.text("q.html").contains("more, 40 subsets × 1 seeds"))
  }

  @Test("fusing with the truth, with its subsets or without a bank is refused")
  func refusals() throws {
    try work.fail(
      3, "evaluate", "r", "lds", "--fuse", "bank",
      words: ["tested on what they were fitted to: bank is both the truth and the bank to fuse"])
    try FileManager.default.copyItem(
      atPath: work.file("Checkpoints/r/bank.h5"), toPath: work.file("Checkpoints/r/copy.h5"))
    try work.fail(
      3, "evaluate", "r", "lds", "--fuse", "copy",
      words: ["20 of the 20 subsets of copy are in bank too"])
    try work.fail(
      3, "query", "r", "--test", "1", "--fuse", "none",
      words: ["there is no bank of retrained models"])
    try work.fail(
      2, "score", "r", "--split", "train", "--fuse", "more", words: ["--fuse is for test examples"])
    try work.fail(2, "query", "r", "--test", "1", "--method", "fused", words: ["--fuse BANK"])
  }

  @Test("calibrated, query says what removing each example changes, with an interval")
  func calibrated() throws {
    let made = try work.object("calibrate", "r")
    #expect(made["subsets"] as? Int == 20 && made["seeds"] as? Int == 2)
    for name in ["coverage90", "coverage95", "errorShare"] {
      #expect((0...1).contains(try #require(made[name] as? Double)), "\(name)")
    }
    #expect(made["isUsable"] as? Bool == true && made["objection"] == nil)
    let answer = try work.object("query", "r", "--test", "3", "--top", "2")
    let queries = try #require(answer["queries"] as? [[String: Any]])
    let helpful = try #require(queries.first?["helpful"] as? [[String: Any]])
    #expect(
      Set(try #require(helpful.first).keys) == ["id", "label", "score", "change", "changeError"])
    #expect(try #require(helpful[0]["change"] as? Double) < 0)
    #expect(try #require(helpful[0]["changeError"] as? Double) > 0)
    let text = try work.succeed("query", "r", "--test", "3")
    #expect(text.output.contains("removed: margin") && text.output.contains(" ± "))
    let mean = try work.succeed("query", "r", "--test", "all")
    #expect(mean.output.contains(" ± "))

    let other = try work.succeed("query", "r", "--test", "3", "--damping", "2·mean")
    #expect(!other.output.contains(" ± "))
    #expect(other.errors.contains("does not fit these scores: other damping"))
  }

  @Test("a page shows the changes that the terminal shows, and none that no calibration gives")
  func calibratedPage() throws {
    try work.succeed("calibrate", "r")
    let text = try work.succeed("query", "r", "--test", "3", "--top", "4", "--report", "q.html")
    let changes = text.output.matches(of: #/[-+][\d.]+ ± [\d.]+/#).map { String($0.output) }
    #expect(changes.count == 8)
    let page = try work.text("q.html")
    for change in changes {
      let shown = change.replacingOccurrences(of: "-", with: "−")
      #expect(page.contains("<span class=\"change\">removed: margin \(shown)</span>"))
    }
    #expect(page.components(separatedBy: "class=\"change\"").count == 1 + 8)
    #expect(page.contains("Removed: what the query’s margin is expected to change by"))
    #expect(page.contains(", bank bank, 20 subsets × 2 seeds, held-out R² 0."))
    try work.succeed(
      "query", "r", "--test", "3", "--damping", "2·mean", "--report", "other.html")
    let other = try work.text("other.html")
    #expect(!other.contains("class=\"change\"") && !other.contains("held-out R²"))
    #expect(!other.contains("Removed:"))
  }

  @Test("a group is deleted by ids and by class, exactly and as a sum")
  func groups() throws {
    let one = try work.object("group", "r", "--ids", "4", "--test", "3,5", "--method", "ntk-loo")
    #expect(one["examples"] as? Int == 1 && one["group"] as? String == "ids 4")
    let queries = try #require(one["queries"] as? [[String: Any]])
    for query in queries {
      let (sum, exact) = (
        try #require(query["additive"] as? Double), try #require(query["exact"] as? Double)
      )
      #expect(abs(sum - exact) <= 1e-5 * abs(sum))
    }
    let whole = try work.object("group", "r", "--class", "1", "--test", "all")
    #expect(whole["examples"] as? Int == 16)
    #expect(
      abs(
        try #require(whole["exact"] as? Double) - (try #require(whole["additive"] as? Double))
          - (try #require(whole["difference"] as? Double))) < 1e-6)
    let sum = try work.succeed("group", "r", "--class", "1", "--test", "3", "--method", "graddot")
    #expect(sum.output.contains("graddot has no model that could be refitted"))
  }

  @Test("a group is a value of a metadata column, the same as its ids")
  func groupByMetadata() throws {
    try work.write("source,id\nweb,4\nscan,5\nweb,7\nweb,9999\n", to: "meta.csv")
    let column = try work.object(
      "group", "r", "--test", "3", "--where", "source=web", "--metadata", "meta.csv")
    let ids = try work.object("group", "r", "--test", "3", "--ids", "4,7")
    #expect(column["group"] as? String == "source=web" && column["examples"] as? Int == 2)
    #expect(column["exact"] as? Double == ids["exact"] as? Double)
    try work.fail(
      3, "group", "r", "--test", "3", "--where", "sauce=web", "--metadata", "meta.csv",
      words: ["did you mean `source`"])
    try work.fail(
      3, "group", "r", "--test", "3", "--where", "source=fax", "--metadata", "meta.csv",
      words: ["the values of source are scan, web"])
    try work.fail(
      2, "group", "r", "--test", "3", "--where", "source=web", words: ["go together"])
  }

  @Test("groups that cannot be deleted are refused")
  func groupRefusals() throws {
    try work.fail(2, "group", "r", "--test", "3", words: ["either --ids or --class"])
    try work.fail(
      3, "group", "r", "--class", "9", "--test", "3", words: ["the classes are 0, 1, 2"])
    try work.fail(
      3, "group", "r", "--ids", "99", "--test", "3", words: ["no example has the id 99"])
    try work.fail(3, "group", "r", "--ids", "1,1", "--test", "3", words: ["an example twice"])
    let everyone = (0..<48).map(String.init).joined(separator: ",")
    try work.fail(
      3, "group", "r", "--ids", everyone, "--test", "3", words: ["nothing would be left"])
  }
}

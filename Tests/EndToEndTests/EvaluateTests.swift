import Foundation
import Testing

/// `retrain` and `evaluate` of the real binary: each design and kind, and what is refused.
@Suite struct EvaluateTests {
  let work: Workspace

  init() throws { work = try Workspace(trained: true) }

  /// The fields that every result of scores against a bank carries.
  private func checkSettings(_ answer: [String: Any], design: String, seeds: Int) throws {
    for field in ["run", "method", "outputFunction", "exampleWeight", "kernel", "bank"] {
      #expect(answer[field] is String, "\(field)")
    }
    #expect(answer["design"] as? String == design)
    #expect(answer["seeds"] as? Int == seeds)
    #expect(answer["subsets"] is Int && answer["fraction"] is Double)
    #expect(answer["checkpoints"] is [String])
    let damping = try #require(answer["damping"] as? [[String: Any]])
    #expect(!damping.isEmpty && damping.allSatisfy { $0["value"] is Double })
  }

  private func checkPage(_ name: String, charts: Int) throws {
    let page = try work.text(name)
    #expect(page.hasPrefix("<!DOCTYPE html>") && page.contains("</html>"))
    #expect(page.components(separatedBy: "<svg").count - 1 >= charts)
    #expect(!page.contains("src=\"http") && !page.contains("href=\"http"))
  }

  @Test("lds and randomized answer from one bank of random subsets")
  func lds() throws {
    try work.succeed("retrain", "r", "--subsets", "6", "--seeds", "2")
    let lds = try work.object("evaluate", "r", "lds", "--report", "lds.html")
    try checkSettings(lds, design: "random", seeds: 2)
    for field in ["lds", "ldsError", "ceiling", "randomScores", "randomScoresError"] {
      #expect(lds[field] is Double, "\(field)")
    }
    try checkPage("lds.html", charts: 1)
    let answer = try work.object("evaluate", "r", "randomized", "--report", "x.html")
    try checkSettings(answer, design: "random", seeds: 2)
    let controls = try #require(answer["controls"] as? [[String: Any]])
    #expect(
      controls.map { $0["control"] as? String } == [
        "randomScores", "permutedScores", "shuffledLabels", "randomizedWeights",
      ])
    for control in controls {
      #expect(control["lds"] is Double && control["ldsError"] is Double)
      #expect(control["chanceRange"] is Double)
      #expect(control["verdict"] is String)
      let expectsChance = control["expectation"] as? String == "chance"
      #expect((control["passed"] is Bool) == expectsChance)
    }
    try checkPage("x.html", charts: 1)
    // Trained once, and a file that verify knows.
    try work.succeed("verify", "Checkpoints/r/shuffled-labels.h5")
    let again = try work.succeed("evaluate", "r", "randomized")
    #expect(!again.errors.contains("training on shuffled labels"))
  }

  @Test("loo answers from a leave-one-out bank of ids, of a file of ids, of a sample")
  func loo() throws {
    let made = try work.object(
      "retrain", "r", "--design", "leave-one-out", "--ids", "7,3,40", "--seeds", "2")
    #expect(made["bank"] as? String == "Checkpoints/r/leave-one-out.h5")
    #expect(made["design"] as? String == "leave-one-out" && made["subsets"] as? Int == 4)
    let answer = try work.object("evaluate", "r", "loo", "--report", "loo.html")
    try checkSettings(answer, design: "leave-one-out", seeds: 2)
    #expect(answer["leftOut"] as? [Int] == [3, 7, 40])
    for field in [
      "pearson", "pearsonError", "spearman", "spearmanError", "spearmanCeiling",
      "randomScoresPearson", "randomScoresSpearman",
    ] {
      #expect(answer[field] is Double, "\(field)")
    }
    try checkPage("loo.html", charts: 1)
    try work.write("7\n9\n", to: "ids.txt")
    try work.succeed(
      "retrain", "r", "--design", "leave-one-out", "--ids", "@ids.txt", "--seeds", "1", "--bank",
      "two")
    let two = try work.object("evaluate", "r", "loo", "--bank", "two")
    #expect(two["leftOut"] as? [Int] == [7, 9])
    #expect(two["spearmanCeiling"] == nil)
    // The same bank again is there already; another under its name is refused.
    try work.fail(
      4, "retrain", "r", "--design", "leave-one-out", "--ids", "7", "--seeds", "1", "--bank", "two",
      words: ["two.h5"])
  }

  @Test("removal answers with curves of the output and the accuracy, from method or score file")
  func removal() throws {
    let made = try work.object(
      "retrain", "r", "--design", "removal", "--fractions", "0.25,0.1", "--draws", "2", "--seeds",
      "2", "--test", "3,4", "--method", "trak")
    #expect(made["subsets"] as? Int == 1 + 2 * 2 + 2 * 2)
    let answer = try work.object("evaluate", "r", "removal", "--report", "rem.html")
    try checkSettings(answer, design: "removal", seeds: 2)
    #expect(answer["method"] as? String == "trak" && answer["queries"] as? String == "test 3 4")
    for part in ["output", "accuracy"] {
      let curves = try #require(
        (answer[part] as? [String: Any])?["curves"] as? [[String: Any]])
      #expect(curves.map { $0["side"] as? String } == ["top", "bottom", "random"])
      for curve in curves {
        let points = try #require(curve["points"] as? [[String: Any]])
        #expect(points.map { $0["removed"] as? Int } == [5, 12])
        #expect((points[0]["change"] as? [String: Any])?["value"] is Double)
      }
    }
    try checkPage("rem.html", charts: 2)
    try work.succeed("score", "r", "--method", "trak", "--out", "s.h5")
    try work.succeed(
      "retrain", "r", "--design", "removal", "--scores", "s.h5", "--seeds", "1", "--fractions",
      "0.25", "--draws", "1", "--bank", "by-file")
    let other = try work.object("evaluate", "r", "removal", "--bank", "by-file")
    #expect(other["queries"] as? String == "mean of all 12 test examples")
    // Scores of another run are refused.
    try work.write(
      Workspace.runFile(name: "noisy", data: "flip: {fraction: 0.2, seed: 0}"), to: "n.yaml")
    try work.succeed("train", "n.yaml")
    try work.fail(
      4, "retrain", "noisy", "--design", "removal", "--scores", "s.h5",
      words: ["train differs", "s.h5"])
  }

  @Test("mislabel sets every signal beside random suspicion")
  func mislabel() throws {
    try work.write(
      Workspace.runFile(name: "noisy", data: "flip: {fraction: 0.2, seed: 0}"), to: "n.yaml")
    try work.succeed("train", "n.yaml")
    let answer = try work.object("evaluate", "noisy", "mislabel", "--report", "mis.html")
    #expect(answer["planted"] as? Int == 10 && answer["trainingExamples"] as? Int == 48)
    let signals = try #require(answer["signals"] as? [[String: Any]])
    #expect(
      signals.map { $0["signal"] as? String } == [
        "leaveOneOutMargin", "leaveOneOutWithEL2N", "selfInfluence", "finalProbability",
        "meanProbability",
        "areaUnderMargin", "el2n", "loss", "gradientNorm", "randomScores",
      ])
    for signal in signals {
      for field in [
        "rocAUC", "averagePrecision", "foundIn5Percent", "foundIn10Percent", "foundIn20Percent",
      ] {
        #expect((0...1).contains(try #require(signal[field] as? Double)), "\(field)")
      }
      #expect(signal["rocAUCError"] is Double && signal["averagePrecisionError"] is Double)
    }
    try checkPage("mis.html", charts: 1)
    try work.fail(3, "evaluate", "r", "mislabel", words: ["no training label was flipped", "flip"])
  }

  @Test("brittleness trains its models once and answers from its bank")
  func brittleness() throws {
    let arguments = ["--test", "0,1,2", "--removals", "4,20", "--models", "2", "--draws", "1"]
    func ask() throws -> [String: Any] {
      try work.object(
        "evaluate", "r", "brittleness", arguments[0], arguments[1], arguments[2], arguments[3],
        arguments[4], arguments[5], arguments[6], arguments[7], "--report", "b.html")
    }
    let answer = try ask()
    try checkSettings(answer, design: "brittleness", seeds: 2)
    #expect(answer["subsets"] as? Int == 1 + 3 * 2 + 2)
    let steps = try #require(answer["steps"] as? [[String: Any]])
    #expect(steps.map { $0["removed"] as? Int } == [4, 20])
    for step in steps {
      for field in ["flipped", "randomlyFlipped"] {
        #expect((0...1).contains(try #require(step[field] as? Double)), "\(field)")
      }
    }
    let queries = try #require(answer["queries"] as? [[String: Any]])
    #expect(queries.map { $0["id"] as? Int } == [0, 1, 2])
    try checkPage("b.html", charts: 1)
    let bank = try work.bytes("Checkpoints/r/brittleness.h5")
    #expect(try ask()["steps"] as? [[String: Any]] != nil)
    #expect(try work.bytes("Checkpoints/r/brittleness.h5") == bank)
    try work.fail(
      3, "evaluate", "r", "brittleness", "--budget", "20", words: ["budget of 20", "--budget"])
    try work.fail(3, "evaluate", "r", "brittleness", "--test", "99", words: ["99", "--test"])
    try work.fail(2, "evaluate", "r", "brittleness", "--removals", "4,48")
  }

  @Test("subsets from a file make a bank that lds takes")
  func listed() throws {
    let halves = (0..<5).map { draw in
      (0..<48).filter { ($0 * 7 + draw * 5) % 11 < 6 }.map(String.init).joined(separator: " ")
    }
    try work.write("all\nall but 3, 4\n" + halves.joined(separator: "\n"), to: "subsets.txt")
    let made = try work.object("retrain", "r", "--design", "subsets.txt", "--seeds", "2")
    #expect(made["design"] as? String == "list" && made["subsets"] as? Int == 7)
    let lds = try work.object("evaluate", "r", "lds")
    try checkSettings(lds, design: "list", seeds: 2)
    try work.write("1 2\n1 99\n", to: "wrong.txt")
    try work.fail(
      3, "retrain", "r", "--design", "wrong.txt", words: ["the id 99", "wrong.txt:2"])
    try work.fail(3, "retrain", "r", "--design", "halves", words: ["no design and no file"])
  }

  @Test("missing banks, banks of another design and stray options are refused")
  func refusals() throws {
    try work.fail(
      3, "evaluate", "r", "lds",
      words: ["there is no bank", "ascribe retrain r --subsets 50 --fraction 0.5 --seeds 3"])
    try work.fail(
      3, "evaluate", "r", "loo",
      words: ["design leave-one-out", "ascribe retrain r --design leave-one-out"])
    try work.fail(3, "evaluate", "r", "removal", words: ["ascribe retrain r --design removal"])
    try work.fail(3, "evaluate", "r", "randomized", words: ["there is no bank"])
    try work.succeed("retrain", "r", "--subsets", "2", "--seeds", "1")
    try work.fail(
      3, "evaluate", "r", "loo", "--bank", "bank",
      words: ["the bank's design is random, and this needs leave-one-out", "--bank"])
    try work.fail(2, "evaluate", "r", "lds", "--count", "3", words: ["brittleness"])
    try work.fail(2, "evaluate", "r", "removal", "--method", "trak", words: ["--method"])
    try work.fail(2, "evaluate", "r", "lds", "--bank", "../x", words: ["--bank"])
    try work.fail(2, "retrain", "r", "--ids", "3", words: ["--ids is for --design leave-one-out"])
    try work.fail(
      3, "retrain", "r", "--design", "leave-one-out", "--ids", "3,99", words: ["99", "--ids"])
    try work.fail(
      2, "retrain", "r", "--design", "leave-one-out", "--ids", "3,3", words: ["twice"])
  }
}

import Foundation
import Testing

/// Cuts and reviews by the program.
@Suite(.serialized) struct CutAndReviewTests {
  /// 160 rows of three classes, a tenth of the labels changed.
  private func workspace() throws -> Workspace {
    let work = try Workspace()
    try work.write(Workspace.table(rows: 160, seed: 3), to: "train.csv")
    try work.write(Workspace.table(rows: 60, seed: 4), to: "test.csv")
    try work.write(
      Workspace.runFile(data: "flip: {fraction: 0.1, seed: 0}"), to: "r.yaml")
    try work.succeed("train", "r.yaml")
    return work
  }

  @Test("a cut answers, writes page and CSV, is planned; killed it leaves the same bytes")
  func cut() throws {
    let work = try workspace()
    let cut = ["mislabeled", "r", "--cut", "0.8", "--csv", "o.csv", "--report", "o.html"]
    let answer = try work.object(
      "mislabeled", "r", "--cut", "0.8", "--csv", "o.csv", "--report", "o.html")
    let (low, high) = (
      try #require(answer["low"] as? Int), try #require(answer["high"] as? Int)
    )
    let estimate = try #require(answer["estimatedWrong"] as? Int)
    #expect(low <= estimate && estimate <= high && high >= 1)
    #expect(try #require(answer["upperBracket"] as? Int) >= high)
    let kinds = ["uniform", "pairs", "byLabel", "few"]
    #expect(kinds.contains(try #require(answer["noiseKind"] as? String)))
    let found = try #require(answer["cut"] as? [String: Any])
    let count = try #require(found["count"] as? Int)
    #expect(found["asked"] as? Double == 0.8)
    let lines = try work.text("o.csv").split(whereSeparator: \.isNewline)
    #expect(lines[0].hasSuffix(",cut"))
    #expect(lines.dropFirst().count { $0.hasSuffix(",true") } == count)
    #expect(try work.text("o.html").contains("estimated wrong labels"))

    let bytes = work.files("Checkpoints")
    #expect(bytes.keys.count { $0.contains("/decoys-") } == 1)
    let other = try workspace()
    for pause in [60, 120, 180, 240, 300] as [UInt32] {
      let process = try AscribeProcess(cut, in: other.path)
      usleep(1000 * pause)
      process.send(SIGKILL)
      _ = process.wait()
    }
    #expect(try AscribeProcess(cut, in: other.path).wait().code == 0)
    #expect(other.files("Checkpoints") == bytes)

    let plan = try work.object("plan", "r")
    let steps = try #require(plan["steps"] as? [[String: Any]])
    func minutes(_ name: String) -> Double? {
      steps.first { $0["name"] as? String == name }?["minutes"] as? Double
    }
    let parts = try #require(minutes("train")) + #require(minutes("mislabeled"))
    #expect(abs(try #require(minutes("mislabeled (cut)")) - 4 * parts) < 1e-9 + 0.01 * parts)
  }

  @Test("a cut that cannot be made is refused in a sentence")
  func refusals() throws {
    let work = try Workspace(trained: true)
    try work.fail(
      3, "mislabeled", "r", "--cut", "0.9",
      words: ["48 training examples are too few", "leave --cut out"])
    try work.fail(2, "mislabeled", "r", "--cut", "1.5", words: ["--cut must be from 0.5 to 0.99"])
    try work.fail(
      2, "mislabeled", "r", "--cut", "0.9", "--signal", "loss",
      words: ["not defined for the signal loss"])
    try work.fail(
      2, "mislabeled", "r", "--cut", "0.9", "--checkpoints", "all",
      words: ["at the last checkpoint"])
    try work.fail(2, "mislabeled", "r", "--decoy-seed", "1", words: ["--decoy-seed is for --cut"])
  }

  @Test("a review writes a run file that trains on the decided data, and says what that changes")
  func review() throws {
    let work = try workspace()
    try work.succeed("mislabeled", "r", "--csv", "o.csv")
    let lines = try work.text("o.csv").split(whereSeparator: \.isNewline).map(String.init)
    let decided =
      ["\(lines[0]),decision"]
      + lines.dropFirst().enumerated().map { place, line in
        line + [",relabel", ",drop", ",keep"][place / 5 < 2 ? place / 5 : 2]
      }
    try work.write(decided.prefix(13).joined(separator: "\n") + "\n", to: "d.csv")
    let answer = try work.object("review", "r", "d.csv", "--seeds", "3")
    #expect(answer["relabelled"] as? Int == 5 && answer["dropped"] as? Int == 5)
    #expect(answer["kept"] as? Int == 2 && answer["seeds"] as? Int == 3)
    let accuracy = try #require(answer["accuracy"] as? [String: Any])
    let (before, after) = (
      try #require(accuracy["before"] as? Double), try #require(accuracy["after"] as? Double)
    )
    #expect(abs(try #require(accuracy["change"] as? Double) - (after - before)) < 1e-9)
    #expect(accuracy["error"] is Double)
    // Asked again, nothing is trained; the run file trains on 155 examples.
    #expect(
      try work.object("review", "r", "d.csv", "--seeds", "3")["loss"] as? NSDictionary
        == answer["loss"] as? NSDictionary)
    // Killed at any time, the same bytes.
    let other = try workspace()
    try other.write(try work.text("d.csv"), to: "d.csv")
    try other.succeed("mislabeled", "r", "--csv", "o.csv")
    let review = ["review", "r", "d.csv", "--seeds", "3"]
    for pause in [40, 80, 120, 160, 200] as [UInt32] {
      let process = try AscribeProcess(review, in: other.path)
      usleep(1000 * pause)
      process.send(SIGKILL)
      _ = process.wait()
    }
    #expect(try AscribeProcess(review, in: other.path).wait().code == 0)
    #expect(other.files("Checkpoints") == work.files("Checkpoints"))
    try work.succeed("train", "r-reviewed.yaml")
    let outputs = try work.object("outputs", "r-reviewed", "--split", "train")
    #expect((outputs["examples"] as? [Any])?.count == 155)
    try work.succeed("verify", "r", "--data")
  }

  /// An npy file of version 1 with float32 rows.
  private func npy(_ values: [[Float]]) -> Data {
    let header =
      "{'descr': '<f4', 'fortran_order': False, "
      + "'shape': (\(values.count), \(values[0].count)), }"
    let padded = header + String(repeating: " ", count: (64 - (11 + header.count) % 64) % 64) + "\n"
    var data = Data([0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0])
    data.append(contentsOf: [UInt8(padded.count % 256), UInt8(padded.count / 256)])
    data.append(Data(padded.utf8))
    for value in values.joined() {
      withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) }
    }
    return data
  }

  @Test("features and probabilities of another program are ranked and cut without training")
  func outside() throws {
    let work = try workspace()
    let rows = try work.text("train.csv").split(separator: "\n").dropFirst().map { line in
      line.split(separator: ",").prefix(4).map { Float($0) ?? .nan }
    }
    func write(_ values: [[Float]], _ name: String) throws {
      try npy(values).write(to: URL(fileURLWithPath: work.file(name)))
    }
    try write(rows, "f.npy")
    let before = work.files("Checkpoints").keys.sorted()
    let answer = try work.object("mislabeled", "r", "--features", "f.npy", "--cut", "0.8")
    #expect(answer["signal"] as? String == "outside" && answer["estimatedWrong"] is Int)
    let detection = try #require(answer["detection"] as? [String: Any])
    #expect(try #require(detection["rocAUC"] as? Double) > 0.8)
    #expect(work.files("Checkpoints").keys.sorted() == before)

    try write(rows.map { _ in [0.5, 0.25, 0.25] }, "p.npy")
    try work.succeed("mislabeled", "r", "--probabilities", "p.npy", "--csv", "o.csv")
    try write(rows.map { _ in [2, 0, 0] }, "p.npy")
    try work.fail(
      2, "mislabeled", "r", "--probabilities", "p.npy", words: ["sums to 2.0", "--probabilities"])
    try write(Array(rows.prefix(9)), "f.npy")
    try work.fail(3, "mislabeled", "r", "--features", "f.npy", words: ["the shape is [9, 4]"])
    try work.fail(
      2, "mislabeled", "r", "--features", "f.npy", "--signal", "el2n",
      words: ["the signal el2n is of this run"])
  }

  @Test("decisions that do not fit are refused, each in a sentence")
  func unfit() throws {
    let work = try workspace()
    func refuse(_ text: String, _ words: String...) throws {
      try work.write(text, to: "d.csv")
      try work.fail(3, "review", "r", "d.csv", "--seeds", "0", words: words)
    }
    try refuse("id,decision\n9999,drop\n", "there is no training example 9999", "line 2")
    try refuse("id,decision,split\n3,drop,test\n", "3 is a test example", "--touch-test")
    try refuse("id,decision,label\n0,keep,nine\n", "these decisions are about other data")
    try refuse("id,decision,newLabel\n0,relabel,7\n", "the class `7` is not among the 3 known")
    try refuse("id,choice\n0,drop\n", "there is no column `decision`")
    try work.fail(3, "review", "r", "missing.csv", words: ["there is no file missing.csv"])
    try work.write("id,decision\n0,keep\n", to: "d.csv")
    try work.succeed("review", "r", "d.csv", "--seeds", "0")
    try work.write("id,decision\n1,keep\n", to: "d.csv")
    try work.fail(
      2, "review", "r", "d.csv", "--seeds", "0", words: ["another file", "--overwrite"])
    try work.succeed("review", "r", "d.csv", "--seeds", "0", "--overwrite")
  }
}

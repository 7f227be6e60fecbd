import Foundation
import Testing

/// What clumsy and hostile users do: always a typed error, never a trap or a half-written file.
@Suite struct HostileTests {
  /// Trains a run file that cannot be trained.
  private func refuse(
    _ runFile: String, code: Int32 = 3, words: [String], data: String? = nil,
    at location: SourceLocation = #_sourceLocation
  ) throws {
    let work = try Workspace()
    if let data { try work.write(data, to: "t.csv") }
    try work.write(runFile, to: "x.yaml")
    try work.fail(code, "train", "x.yaml", words: words, at: location)
    let left = work.files("Checkpoints").keys.filter { $0.contains("partial") }
    #expect(left.isEmpty, sourceLocation: location)
  }

  @Test("networks that no machine holds are refused before a file is made")
  func hugeNetworks() throws {
    for hidden in ["[1000000, 1000000]", "[1000000, 1000000, 1000000, 1000000]"] {
      let work = try Workspace()
      try work.write(Workspace.runFile(model: "{kind: mlp, hidden: \(hidden)}"), to: "x.yaml")
      try work.fail(1, "train", "x.yaml", words: ["GB of memory", "model.hidden"])
      #expect(!work.exists("Checkpoints"))
    }
  }

  @Test("a dropout rate that is 1 in fp32 is refused")
  func dropoutOfOne() throws {
    for rate in ["1", "0.999999999999", ".nan", "-0.1"] {
      try refuse(
        Workspace.runFile(model: "{kind: mlp, hidden: [8], dropout: \(rate)}"),
        words: ["model.dropout"])
    }
    let work = try Workspace()
    try work.write(
      Workspace.runFile(model: "{kind: mlp, hidden: [8], dropout: 0.999999}"), to: "r.yaml")
    try work.succeed("train", "r.yaml")
  }

  @Test(
    "a training that diverges says so",
    arguments: ["{rate: 1.0e+30, epochs: 3}", "{rate: 1.0e+300, epochs: 3, batch: 8}"])
  func divergence(_ training: String) throws {
    try refuse(Workspace.runFile(training: training), code: 1, words: ["diverged", "smaller rate"])
  }

  @Test(
    "numbers outside their bounds are named",
    arguments: [
      ("epochs: -3", "training.epochs"), ("epochs: 0", "training.epochs"),
      ("epochs: 99999999999999999999", "training.epochs"), ("epochs: 3.5", "training.epochs"),
      ("epochs: 3, batch: 0", "training.batch"), ("epochs: 3, seed: -1", "training.seed"),
      ("epochs: 3, momentum: 1", "training.momentum"),
      ("epochs: 3, checkpoints: [9]", "training.checkpoints"),
    ])
  func numbers(_ keys: String, _ place: String) throws {
    try refuse(Workspace.runFile(training: "{rate: 0.1, \(keys)}"), words: [place, "x.yaml:7"])
  }

  @Test("wrong layers and rates are named")
  func layers() throws {
    for hidden in ["[0]", "[-1]", "[10000000000]", "8", "[a]"] {
      try refuse(
        Workspace.runFile(model: "{kind: mlp, hidden: \(hidden)}"), words: ["model.hidden"])
    }
    for rate in ["0", "-1", ".nan", ".inf", "fast", "[1]"] {
      try refuse(
        Workspace.runFile(training: "{rate: \(rate), epochs: 3}"), words: ["training.rate"])
    }
  }

  @Test("names that are no folder's are refused")
  func names() throws {
    for name in ["a/b", "../x", "..", ".", "a b", "''", "-x"] {
      try refuse(Workspace.runFile(name: name), words: ["name"])
    }
    let work = try Workspace()
    try work.fail(3, "train", "r.yaml", "--name", "../up", words: ["../up"])
  }

  @Test("run files that are no run files are refused")
  func runFiles() throws {
    for text in [
      "", "hello", "- a\n- b", "a: {b", "a:\n\tb: 1", "name: a\nname: b", "\u{0}\u{1}",
      "a: " + String(repeating: "[", count: 50_000),
      "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*c]",
    ] {
      try refuse(text, words: ["x.yaml"])
    }
  }

  @Test("tables that are no tables are refused, naming file and line")
  func tables() throws {
    let good = Workspace.table(rows: 9, seed: 1)
    for (text, words) in [
      ("", ["empty"]), ("a,b,label\n", ["no examples"]), (good + "1,2\n", ["line 11", "2 fields"]),
      (String(good.dropLast(4)), ["line 10"]), (good + "nan,1,1,1,0\n", ["line 11", "nan"]),
      (good + "1e39,1,1,1,0\n", ["1e39"]), (good + "x,1,1,1,0\n", ["`x`"]),
      (good + "\"1,1,1,1,0\n", ["quote"]), ("a,b,c,d,label\n1,2,3,4,0\n5,6,7,8,0\n", ["one class"]),
      ("a,b,c,d,label\n1,2,3,4,0\n", ["one class"]),
    ] {
      try refuse(Workspace.runFile(train: "t.csv"), words: ["t.csv"] + words, data: text)
    }
    try refuse(
      Workspace.runFile(test: "t.csv"), words: ["t.csv", "`7`"], data: good + "1,1,1,1,7\n")
    try refuse(
      Workspace.runFile(train: "t.csv", data: "scale: [0, 1.0e-300]"), words: ["t.csv"], data: good)
  }

  @Test("odd but right data trains: two examples, constant features, CRLF, spaces in paths")
  func oddData() throws {
    let work = try Workspace()
    try work.write("a,b,c,d,label\r\n1,1,1,1,0\r\n1,1,1,1,1\r\n1,1,1,1,2\r\n", to: "t é.csv")
    try work.write(
      Workspace.runFile(
        name: "odd", train: "'t é.csv'", data: "standardise: true",
        training: "{rate: 0.1, epochs: 2, batch: 1000000000}"), to: "ö dd.yaml")
    try work.succeed("train", "ö dd.yaml")
    let answer = try work.object("query", "odd", "--test", "0", "--top", "9223372036854775807")
    let query = try #require((answer["queries"] as? [[String: Any]])?.first)
    let sides = ["helpful", "harmful"].compactMap { (query[$0] as? [[String: Any]])?.count }
    #expect(sides.count == 2 && sides.reduce(0, +) == 3)
  }

  @Test("dampings are numbers, rules or errors; without enough of it the solve says so")
  func dampings() throws {
    let work = try Workspace(trained: true)
    for text in ["nan", "inf", "0*mean", "much"] {
      try work.fail(3, "score", "r", "--damping", text, words: ["--damping"])
    }
    try work.fail(3, "score", "r", "--damping=-1", words: ["--damping"])
    // 48 gradients in 67 dimensions may span less: a result or an error, never a trap.
    for text in ["0", "1e-300", "1e300"] {
      let result = try work.run("score", "r", "--damping", text)
      #expect([0, 3].contains(result.code), "\(text): \(result.errors)")
      #expect(result.code == 0 || result.errors.contains("damping"), "\(result.errors)")
    }
  }

  @Test("dimensions that no machine holds are refused")
  func hugeDimensions() throws {
    let work = try Workspace(trained: true)
    for kind in ["rademacher", "gaussian", "sjlt"] {
      let most = "9223372036854775807"
      try work.fail(
        2, "collect", "r", "--projector", kind, "--dim", most, words: ["--dim 1073741824"])
      let result = try work.run("collect", "r", "--projector", kind, "--dim", "1073741824")
      #expect(result.code == 1, "\(result.errors)")
      #expect(result.errors.contains("GB of memory") && result.errors.contains("--dim"))
    }
    #expect(!work.exists("Projections/r/train.h5"))
  }

  @Test("options that a signal does not read are refused rather than ignored")
  func ignoredOptions() throws {
    let work = try Workspace(trained: true)
    try work.fail(2, "mislabeled", "r", "--method", "trak", words: ["--method"])
    try work.fail(2, "mislabeled", "r", "--signal", "el2n", "--example-weight", "final")
    try work.succeed("mislabeled", "r", "--signal", "selfInfluence", "--method", "trak")
    try work.fail(2, "score", "r", "--out", "scores", words: [".h5"])
    try work.fail(2, "collect", "r", "--out", "Checkpoints", words: [".h5"])
  }

  @Test("an answer that cannot be written is an error, a reader that leaves is none")
  func standardOutput() throws {
    let work = try Workspace(trained: true)
    for command in [
      ["outputs", "r"], ["query", "r", "--test", "0"], ["verify", "r"], ["--help"],
    ] {
      let full = try AscribeProcess(command, in: work.path, standardOutput: "/dev/full").wait()
      #expect(full.code == 1, "\(command): \(full.errors)")
      #expect(full.errors.contains("No space left on device"))
    }
    let left = try shell(
      "ascribe query r --test all --top 48 --json | head -c 1 > /dev/null; exit ${PIPESTATUS[0]}",
      in: work)
    #expect(left == 0)
    // Told nothing and by nobody, a training goes on to its end.
    #expect(
      try shell("ascribe train r.yaml --name q 2>&1 | true; exit ${PIPESTATUS[0]}", in: work) == 0)
    try work.succeed("verify", "q")
  }

  /// The exit code of a line of bash, in which `ascribe` is the binary.
  private func shell(_ line: String, in work: Workspace) throws -> Int32 {
    let bash = Process()
    bash.executableURL = URL(fileURLWithPath: "/bin/bash")
    bash.arguments = ["-c", "ascribe() { '\(AscribeProcess.binary)' \"$@\"; }; " + line]
    bash.currentDirectoryURL = URL(fileURLWithPath: work.path)
    bash.standardError = FileHandle.nullDevice
    try bash.run()
    bash.waitUntilExit()
    return bash.terminationReason == .exit ? bash.terminationStatus : -1
  }

  @Test("closed standard streams are never mistaken for files opened later")
  func closedStreams() throws {
    let work = try Workspace(trained: true)
    try work.succeed("score", "r", "--out", "s.h5")
    let expected = try work.bytes("s.h5")
    for streams in ["2>&-", "<&- 2>&-", "1>&- 2>&-", "<&- 1>&- 2>&-"] {
      let code = try shell("ascribe score r --out s.h5 --json \(streams)", in: work)
      #expect(code == (streams.contains("1>") ? 1 : 0), "\(streams)")
      #expect(try work.bytes("s.h5") == expected, "\(streams)")
      try work.remove("s.h5")
    }
  }

  @Test("devices, pipes and folders are not replaced; links are followed")
  func outputTargets() throws {
    let work = try Workspace(trained: true)
    #expect(mkfifo(work.file("pipe.h5"), 0o600) == 0 && mkfifo(work.file("pipe.csv"), 0o600) == 0)
    try work.fail(3, "score", "r", "--out", "pipe.h5", words: ["pipe.h5", "device or pipe"])
    try work.fail(3, "outputs", "r", "--out", "pipe.csv", words: ["pipe.csv", "device or pipe"])
    try work.fail(3, "query", "r", "--test", "0", "--csv", "Checkpoints", words: ["Checkpoints"])
    try work.fail(3, "outputs", "r", "--out", "gone/o.csv", words: ["gone/o.csv"])
    try work.write("old", to: "target.csv")
    for (link, target) in [("link.csv", "target.csv"), ("link.h5", "target.h5")] {
      if target.hasSuffix("h5") { try work.write("old", to: target) }
      try FileManager.default.createSymbolicLink(
        atPath: work.file(link), withDestinationPath: target)
      try work.succeed("outputs", "r", "--out", link)
      #expect(try work.bytes(target).count > 100)
      #expect(
        try FileManager.default.destinationOfSymbolicLink(atPath: work.file(link)) == target)
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: work.path)
    #expect(!names.contains { $0.hasSuffix("ascribe-partial") })
  }

  @Test("a checkpoints folder that is a file is named")
  func folderIsAFile() throws {
    let work = try Workspace()
    try work.write("", to: "Checkpoints")
    try work.fail(3, "train", "r.yaml", words: ["Checkpoints/r", "Not a directory"])
    try work.fail(3, "query", "r", "--test", "0", words: ["there is no run r"])
  }

  @Test("two trainings of one run: the second is refused, the first goes on")
  func twoAtOnce() throws {
    let work = try Workspace()
    try work.write(Workspace.runFile(training: "{rate: 0.01, epochs: 100000}"), to: "r.yaml")
    let first = try AscribeProcess(["train", "r.yaml"], in: work.path)
    while !work.exists("Checkpoints/r/seed-0/epoch-005.json") { usleep(10_000) }
    try work.fail(1, "train", "r.yaml", words: ["another process is training this run"])
    try work.fail(1, "train", "r.yaml", "--overwrite", words: ["another process"])
    let answer = try work.succeed("query", "r", "--test", "0")
    #expect(answer.errors.contains("note: the training of r is not finished"))
    first.send(SIGINT)
    let ended = first.wait()
    #expect(ended.code == 130, "\(ended.errors)")
    #expect(ended.errors.contains("the training of r was stopped"))
  }
}

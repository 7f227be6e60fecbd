import Foundation
import Testing

@Suite struct TrainTests {
  @Test("training leaves run.json, checkpoints at 1, 2, 5 and the last epoch, and the dynamics")
  func trainingLeavesItsFiles() throws {
    let work = try Workspace()
    let answer = try work.object("train", "r.yaml")
    let names = Set(work.files("Checkpoints").keys)
    var expected: Set = ["Checkpoints/r/run.json", "Checkpoints/r/seed-0/dynamics.h5"]
    for epoch in [1, 2, 5, 6] {
      expected.insert("Checkpoints/r/seed-0/epoch-00\(epoch).safetensors")
      expected.insert("Checkpoints/r/seed-0/epoch-00\(epoch).json")
    }
    #expect(names == expected)
    #expect(answer["run"] as? String == "r")
    #expect(answer["folder"] as? String == "Checkpoints/r")
    #expect(answer["epochs"] as? [Int] == [1, 2, 5, 6])
    let seed = try #require((answer["seeds"] as? [[String: Any]])?.first)
    #expect(seed["seed"] as? Int == 0)
    for field in ["trainLoss", "trainAccuracy", "testLoss", "testAccuracy"] {
      #expect((seed[field] as? Double)?.isFinite == true, "\(field)")
    }
    #expect((seed["modelHash"] as? String)?.count == 64)
  }

  @Test("a second call finds the run trained, changes no byte and answers the same")
  func trainingIsIdempotent() throws {
    let work = try Workspace()
    let first = try work.succeed("train", "r.yaml", "--json")
    let files = work.files("Checkpoints")
    let second = try work.succeed("train", "r.yaml", "--json")
    #expect(second.output == first.output)
    #expect(second.errors.contains("r is trained already"))
    #expect(work.files("Checkpoints") == files)
  }

  @Test("a changed configuration is refused naming the field, and replaced with --overwrite")
  func changedConfigurationIsRefused() throws {
    let work = try Workspace(trained: true)
    let files = work.files("Checkpoints")
    try work.write(
      Workspace.runFile(training: "{rate: 0.2, momentum: 0.9, epochs: 6, batch: 8}"), to: "r.yaml")
    try work.fail(4, "train", "r.yaml", words: ["training.rate", "0.1", "0.2", "--overwrite"])
    #expect(work.files("Checkpoints") == files)
    try work.succeed("train", "r.yaml", "--overwrite")
    #expect(work.files("Checkpoints") != files)
    let other = try Workspace()
    try other.write(try work.text("r.yaml"), to: "r.yaml")
    try other.succeed("train", "r.yaml")
    #expect(work.files("Checkpoints") == other.files("Checkpoints"))
  }

  @Test("--seeds 2 trains two seeds that differ; the first is that of a run with one")
  func seedsAreRunsOfTheirOwn() throws {
    let one = try Workspace(trained: true)
    let two = try Workspace()
    let answer = try two.object("train", "r.yaml", "--seeds", "2")
    let hashes = (answer["seeds"] as? [[String: Any]])?.compactMap { $0["modelHash"] as? String }
    #expect(Set(hashes ?? []).count == 2)
    let weights = "Checkpoints/r/seed-0/epoch-006.safetensors"
    #expect(try two.bytes(weights) == one.bytes(weights))
  }

  @Test("--subset trains on the named examples alone")
  func subsetsAreTrainedOn() throws {
    let work = try Workspace()
    try work.write((0..<48).filter { $0 % 4 != 0 }.map { "\($0)\n" }.joined(), to: "ids.txt")
    try work.succeed("train", "r.yaml", "--name", "part", "--subset", "ids.txt")
    let answer = try work.object("outputs", "part", "--split", "train")
    let ids = (answer["examples"] as? [[String: Any]])?.compactMap { $0["id"] as? Int }
    #expect(ids == (0..<48).filter { $0 % 4 != 0 })
    try work.write("3\n99\n", to: "bad.txt")
    try work.fail(
      3, "train", "r.yaml", "--name", "other", "--subset", "bad.txt", words: ["99", "bad.txt"])
    #expect(!work.exists("Checkpoints/other"))
  }

  @Test("an unknown key suggests the nearest one and names its line")
  func unknownKeysSuggestTheNearest() throws {
    let work = try Workspace()
    try work.write(Workspace.runFile(training: "{rate: 0.1, epoch: 6}"), to: "r.yaml")
    try work.fail(3, "train", "r.yaml", words: ["`epoch`", "did you mean `epochs`?", "r.yaml:7"])
    #expect(!work.exists("Checkpoints"))
  }

  @Test(
    "wrong usage exits with 2",
    arguments: [
      ["train"], ["train", "r.yaml", "--sedes", "2"], ["train", "r.yaml", "--seeds", "0"],
      ["train", "r.yaml", "--threads", "0"], ["train", "r.yaml", "--threads", "1000000000"],
      ["train", "r.yaml", "more"], ["trian", "r.yaml"], ["query", "r"],
      ["query", "r", "--test", "0", "--top", "0"], ["query", "r", "--test", "0", "--limit", "-3"],
      ["query", "r", "--test", "0", "--checkpoints", "first"],
      ["query", "r", "--test", "0", "--output-function", "x"],
      ["collect", "r", "--dim", "0"], ["collect", "r", "--projector", "x"],
      ["outputs", "r", "--out", "table.txt"], ["mislabeled", "r", "--signal", "x"],
    ])
  func wrongUsage(_ arguments: [String]) throws {
    let work = try Workspace()
    let result = try AscribeProcess(arguments, in: work.path).wait()
    #expect(result.code == 2, "\(result.errors)")
    #expect(result.output.isEmpty)
    #expect(result.errors.contains("rror: "))
  }

  @Test(
    "help and version go to standard output and exit with 0",
    arguments: [[], ["--help"], ["help", "train"], ["query", "--help"], ["--version"]])
  func helpIsNoError(_ arguments: [String]) throws {
    let work = try Workspace()
    let result = try AscribeProcess(arguments, in: work.path).wait()
    #expect(result.code == 0)
    #expect(result.errors.isEmpty)
    #expect(!result.output.isEmpty)
  }

  @Test("missing files and runs are named")
  func missingFiles() throws {
    let work = try Workspace()
    try work.fail(3, "train", "nothing.yaml", words: ["nothing.yaml"])
    try work.write(Workspace.runFile(train: "gone.csv"), to: "g.yaml")
    try work.fail(3, "train", "g.yaml", words: ["gone.csv"])
    try work.succeed("train", "r.yaml")
    try work.fail(3, "query", "q", "--test", "0", words: ["there is no run q", "name one of r"])
    try work.remove("test.csv")
    try work.fail(3, "outputs", "r", words: ["test.csv"])
  }

  @Test("Examples/digits.yaml runs as it stands")
  func theDigitsExampleRuns() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().path
    let work = try Workspace()
    for folder in ["Examples", "data"] {
      try FileManager.default.copyItem(atPath: root + "/" + folder, toPath: work.file(folder))
    }
    let answer = try work.object("train", "Examples/digits.yaml")
    let seed = try #require((answer["seeds"] as? [[String: Any]])?.first)
    #expect(try #require(seed["testAccuracy"] as? Double) > 0.93)
    let suspects = try work.object("mislabeled", "digits", "--signal", "areaUnderMargin")
    let detection = try #require(suspects["detection"] as? [String: Double])
    #expect(try #require(detection["rocAUC"]) > 0.95)
  }

  @Test("Examples/mnist.yaml runs on IDX files of its names")
  func theMNISTExampleRuns() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().path
    let work = try Workspace()
    try FileManager.default.copyItem(
      atPath: root + "/Examples/mnist.yaml", toPath: work.file("mnist.yaml"))
    // Not MNIST, but files of its form: squares whose brightness tells the class.
    for (name, count) in [("train", 40), ("t10k", 20)] {
      let size = UInt8(count)
      var images: [UInt8] = [0, 0, 8, 3, 0, 0, 0, size, 0, 0, 0, 28, 0, 0, 0, 28]
      var labels: [UInt8] = [0, 0, 8, 1, 0, 0, 0, size]
      for i in 0..<count {
        images += [UInt8](repeating: UInt8(i % 10 * 25), count: 784)
        labels.append(UInt8(i % 10))
      }
      for (kind, bytes) in [("images-idx3", images), ("labels-idx1", labels)] {
        try Data(bytes).write(
          to: URL(fileURLWithPath: work.file("\(name)-\(kind)-ubyte.gz")))
      }
    }
    let answer = try work.object("train", "mnist.yaml")
    #expect(answer["run"] as? String == "mnist")
    let outputs = try work.object("outputs", "mnist")
    #expect((outputs["examples"] as? [Any])?.count == 20)
  }
}

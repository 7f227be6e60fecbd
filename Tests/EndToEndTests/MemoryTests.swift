import Foundation
import Testing

/// `--memory`: how much a block of examples may take.
@Suite struct MemoryTests {
  @Test("sizes are whole numbers of bytes with K, M or G; anything else is wrong usage")
  func sizes() throws {
    let work = try Workspace(trained: true)
    for size in ["1", "800000", "64K", "64k", "512M", "2g", "8000000000G"] {
      try work.succeed("outputs", "r", "--memory", size)
    }
    for size in [
      "0", "0G", "G", "", " 1G", "1 G", "1.5G", "2GB", "1T", "1e9", "0x10", "much", "１G",
      "9223372036854775808", "9007199254740992K", "9000000000000000000G",
    ] {
      try work.fail(
        2, "outputs", "r", "--memory", size,
        words: ["--memory takes a size such as 512M or 2G, not '\(size)'"])
    }
    try work.fail(2, "outputs", "r", "--memory=-1G", words: ["not '-1G'"])
  }

  /// Every number in an answer, in the order of its keys.
  private func numbers(_ value: Any?) -> [Double] {
    switch value {
    case let values as [String: Any]:
      values.sorted { $0.key < $1.key }.flatMap { numbers($0.value) }
    case let values as [Any]: values.flatMap { numbers($0) }
    case let number as NSNumber: [number.doubleValue]
    default: []
    }
  }

  @Test(
    "blocks of one example and of all give the same answers but for rounding",
    arguments: ["trajectory", "trak", "ntk-loo", "graddot"])
  func sameScores(method: String) throws {
    let work = try Workspace(trained: true)
    func answer(_ memory: String) throws -> [Double] {
      let more = ["--method", method, "--memory", memory, "--top", "48"]
      let result = try AscribeProcess(
        ["query", "r", "--test", "0,1,2", "--json"] + more, in: work.path
      ).wait()
      #expect(result.code == 0, "\(result.errors)")
      let object = try JSONSerialization.jsonObject(with: Data(result.output.utf8))
      let queries = try #require((object as? [String: Any])?["queries"] as? [[String: Any]])
      // By id: rounding may exchange neighbours in the ranking.
      return queries.flatMap { query in
        ["helpful", "harmful"].flatMap { (query[$0] as? [[String: Any]]) ?? [] }
          .sorted { ($0["id"] as? Int ?? 0) < ($1["id"] as? Int ?? 0) }
          .compactMap { $0["score"] as? Double }
      }
    }
    let large = try answer("4G")
    try #require(large.count == 3 * 48)
    let scale = large.map(abs).max() ?? 0
    for memory in ["1", "4K", "20K"] {
      let small = try answer(memory)
      try #require(small.count == large.count)
      let difference = zip(small, large).map { abs($0 - $1) }.max() ?? .infinity
      #expect(difference <= 1e-4 * scale, "\(memory): \(difference) of \(scale)")
    }
    #expect(try answer("4G") == large)
  }

  @Test("the budget is no part of what is made: a store of another one is gone on with")
  func stores() throws {
    let work = try Workspace(trained: true)
    let small = try work.object("collect", "r", "--dim", "16", "--memory", "1")
    let large = try work.object("collect", "r", "--dim", "16", "--memory", "1G")
    #expect(numbers(small) == numbers(large))
    #expect(small["seal"] as? String == large["seal"] as? String)
    try work.succeed("verify", "Projections/r/train.h5")
  }
}

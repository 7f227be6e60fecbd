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

  @Test("a collection that was interrupted goes on under its own budget, and refuses another")
  func stores() throws {
    let work = try Workspace(trained: true)
    let collect = ["collect", "r", "--dim", "16", "--checkpoints", "all", "--memory"]
    func run(_ memory: String) throws -> AscribeProcess.Result {
      try AscribeProcess(collect + [memory], in: work.path).wait()
    }
    #expect(try run("1").code == 0)
    let whole = work.files("Projections")
    let shards = whole.keys.filter { $0.contains("train.shards/") && $0.hasSuffix(".h5") }.sorted()
    try #require(shards.count > 2)
    // As kill -9 leaves it: some shards whole, the others and the main file not yet there.
    try work.remove("Projections/r/train.h5", shards[1], shards[2])
    let half = work.files("Projections")
    let refused = try run("1G")
    #expect(refused.code == 4)
    #expect(
      refused.errors.contains(#"blockBytes differs: expected "1073741824", found "1"."#)
        && refused.errors.contains("go on where it was begun"))
    #expect(work.files("Projections") == half)
    #expect(try run("1").code == 0)
    #expect(work.files("Projections") == whole)
    // Finished, it is left alone and read under any, and the difference is said.
    let other = try run("1G")
    #expect(other.code == 0 && other.errors.contains("bytes of a block 1 there, 1073741824 here"))
    #expect(work.files("Projections") == whole)
    let query = try work.succeed("query", "r", "--test", "3", "--kernel", "features")
    #expect(query.code == 0)
    #expect(try AscribeProcess(collect + ["1G", "--overwrite"], in: work.path).wait().code == 0)
    // Beside the store now stands what the query made of it.
    let store = work.files("Projections").filter { !$0.key.contains("train.preconditioners/") }
    #expect(store == whole)
  }
}

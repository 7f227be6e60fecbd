import Testing

@Suite struct ThreadTests {
  @Test("runs, stores and scores have the same bytes for one thread and for two")
  func sameBytes() throws {
    func files(threads: String) throws -> [String: [UInt8]] {
      let work = try Workspace()
      let more = ["--threads", threads]
      for command in [
        ["train", "r.yaml", "--seeds", "2"], ["collect", "r", "--dim", "16"],
        ["collect", "r", "--split", "test", "--dim", "16"],
        ["collect", "r", "--dim", "12", "--projector", "sjlt", "--out", "Projections/sjlt.h5"],
        ["score", "r"], ["score", "r", "--method", "trak", "--kernel", "features"],
        ["mislabeled", "r", "--csv", "Projections/suspects.csv"],
      ] {
        let result = try AscribeProcess(command + more, in: work.path).wait()
        #expect(result.code == 0, "\(command): \(result.errors)")
      }
      return work.files("Checkpoints", "Projections").mapValues { [UInt8]($0) }
    }
    let one = try files(threads: "1")
    #expect(one.count > 20)
    #expect(try files(threads: "2") == one)
  }
}

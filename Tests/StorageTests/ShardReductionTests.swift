import Testing

@testable import Storage

@Suite struct ShardReductionTests {
  /// Combines texts so that they show the tree.
  private func tree(_ shards: Int) -> ShardReduction<String> {
    ShardReduction(shards: shards) { left, right in left = "(\(left)\(right))" }
  }

  private func sum(_ shards: Int) -> String? {
    var reduction = tree(shards)
    for shard in 0..<shards { reduction.add("\(shard)", shard: shard) }
    return reduction.total
  }

  @Test func theTreeIsFixedByTheNumberOfShards() {
    #expect(sum(1) == "0")
    #expect(sum(2) == "(01)")
    #expect(sum(3) == "((01)2)")
    #expect(sum(5) == "(((01)(23))4)")
    #expect(sum(6) == "(((01)(23))(45))")
    #expect(sum(7) == "(((01)(23))((45)6))")
  }

  @Test func whoAddsAndWhenDoesNotMatter() {
    for shards in 1...6 {
      for owners in 0..<(1 << shards) {
        // Each shard belongs to one of two owners; one adds from behind.
        var (first, second) = (tree(shards), tree(shards))
        for shard in 0..<shards where owners >> shard & 1 == 0 {
          first.add("\(shard)", shard: shard)
        }
        for shard in (0..<shards).reversed() where owners >> shard & 1 == 1 {
          second.add("\(shard)", shard: shard)
        }
        #expect(first.missing == (0..<shards).filter { owners >> $0 & 1 == 1 })
        if !first.missing.isEmpty { #expect(first.total == nil) }
        first.merge(second)
        #expect(first.total == sum(shards), "\(shards) shards, owners \(owners)")
        #expect(first.missing.isEmpty)
      }
    }
  }
}

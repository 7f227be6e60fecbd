import Synchronization
import Tensors

extension FeatureStoreReader {
  /// The blocks of a scan: whole checksum blocks of about 1 MiB, cut from each shard's first row.
  ///
  /// - Parameters:
  ///   - range: the rows wanted; nil for all. The cuts are those of the whole store.
  ///   - leastRows: blocks have at least so many rows where the shard does.
  public func scanBlocks(_ range: Range<Int>? = nil, leastRows: Int = 1) -> [Range<Int>] {
    let unit = CheckedRowsWriter.blockRows(rowBytes: columns * layout.dtype.byteCount)
    let rows = (max(1, leastRows) + unit - 1) / unit * unit
    return layout.shards.flatMap { shard in
      (0..<shard.count).blocks(of: rows).compactMap { block in
        let block = shard.lowerBound + block.lowerBound..<shard.lowerBound + block.upperBound
        guard let range else { return block }
        let part = block.clamped(to: range)
        return part.isEmpty ? nil : part
      }
    }
  }

  /// Reads the store block by block on all workers, and takes what they made of each block in order.
  ///
  /// A worker reads a block into memory of its own, checks it and calls `body` there, so that the
  /// rows are still in its cache. `take` then gets the values in the order of the rows, one at a
  /// time: a sum it keeps has the same bits for any number of workers.
  ///
  /// - Parameters:
  ///   - range: the rows; nil for all.
  ///   - leastRows: of a block, for products that want more than 1 MiB of rows.
  ///   - body: reads the groups it needs from its block; called by several threads at once.
  ///   - take: called by one thread at a time, not always the caller's.
  /// - Throws: what `body` or `take` throws for the first block in order that fails; no block after
  ///   it is taken. `StorageError.rowsCorrupt`, `.sealBroken`… from `body`'s reads.
  /// - Complexity: memory of a block a worker, and the values of the blocks that are finished
  ///   before one that is not.
  public func scan<Value: Sendable>(
    _ range: Range<Int>? = nil, leastRows: Int = 1,
    _ body: @Sendable (StoreBlock) throws -> Value,
    inOrder take: (Range<Int>, Value) throws -> Void
  ) throws {
    let blocks = scanBlocks(range, leastRows: leastRows)
    let pool = Mutex<[WorkerMemory]>([])
    let failure = try withoutActuallyEscaping(take) { take in
      let results = OrderedResults<Value>(take: { try take(blocks[$0], $1) })
      Workers.run(slices: blocks.count) { slice in
        if results.hasFailed { return }
        let memory = pool.withLock { $0.popLast() } ?? WorkerMemory()
        let result = Result { try body(StoreBlock(self, blocks[slice], memory)) }
        pool.withLock { $0.append(memory) }
        results.add(result, at: slice)
      }
      return results.failure
    }
    if let failure { throw failure }
  }
}

/// Values that arrive in any order and are handed on in that of their numbers.
private final class OrderedResults<Value>: @unchecked Sendable {
  private struct State {
    var next = 0
    var pending: [Int: Result<Value, any Error>] = [:]
    var failure: (any Error)?
  }

  private let state = Mutex(())
  private var contents = State()
  private let take: (Int, Value) throws -> Void

  init(take: @escaping (Int, Value) throws -> Void) { self.take = take }

  /// True when the first failure in order is known: only numbers after it can be left out.
  var hasFailed: Bool { state.withLock { _ in contents.failure != nil } }
  var failure: (any Error)? { state.withLock { _ in contents.failure } }

  func add(_ result: Result<Value, any Error>, at number: Int) {
    state.withLock { _ in
      contents.pending[number] = result
      while contents.failure == nil,
        let result = contents.pending.removeValue(forKey: contents.next)
      {
        do {
          try take(contents.next, try result.get())
        } catch {
          contents.failure = error
        }
        contents.next += 1
      }
    }
  }
}

import Tensors

/// Rows of features in a worker's memory, in the type in which they are stored.
///
/// Valid within the call of `FeatureStoreReader.scan` that gave it: the next block overwrites the
/// memory.
public struct StoredRows {
  /// Their places in the store.
  public let rows: Range<Int>
  /// Features of a row: k.
  public let columns: Int
  /// float32, float16 or bfloat16.
  public let type: StorageType
  let bytes: Buffer<UInt8>

  /// The rows as float, rows × k: exact.
  public func widen(into target: UnsafeMutablePointer<Float>) {
    let count = rows.count * columns
    if type.isHalf {
      UnsafeRawPointer(bytes.base).withMemoryRebound(to: UInt16.self, capacity: count) {
        HalfPrecision.widen($0, type, into: target, count: count)
      }
    } else {
      UnsafeMutableRawPointer(target).copyMemory(
        from: bytes.base, byteCount: count * type.byteCount)
    }
  }

  /// ⟨φ_i, q⟩ of every row with a vector of k values, without widening the rows.
  ///
  /// - Precision: as `VectorMath.dot` of the widened row, to the bit.
  public func dots(_ vector: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>) {
    let start = UnsafeRawPointer(bytes.base)
    let count = rows.count * columns
    switch type {
    case .float16:
      start.withMemoryRebound(to: UInt16.self, capacity: count) {
        VectorMath.rowDots(float16: $0, rows: rows.count, columns: columns, vector, into: target)
      }
    case .bfloat16:
      start.withMemoryRebound(to: UInt16.self, capacity: count) {
        VectorMath.rowDots(bfloat16: $0, rows: rows.count, columns: columns, vector, into: target)
      }
    default:
      start.withMemoryRebound(to: Float.self, capacity: count) {
        VectorMath.rowDots($0, rows: rows.count, columns: columns, vector, into: target)
      }
    }
  }
}

/// The block of rows that a worker has in hand, and the memory it reads them into.
public final class StoreBlock {
  /// The rows, the same for all groups.
  public let rows: Range<Int>
  private let store: FeatureStoreReader
  private let memory: WorkerMemory

  init(_ store: FeatureStoreReader, _ rows: Range<Int>, _ memory: WorkerMemory) {
    (self.store, self.rows, self.memory) = (store, rows, memory)
  }

  /// Reads and checks the features of a group; what was loaded before is overwritten.
  ///
  /// - Throws: `StorageError.rowsCorrupt`, `.sealBroken`, `.unknownGroup`…
  public func load(_ group: String) throws(StorageError) -> StoredRows {
    let bytes = memory.bytes(rows.count * store.columns * store.layout.dtype.byteCount)
    try store.readStored(group, rows, into: bytes.base)
    return StoredRows(
      rows: rows, columns: store.columns, type: store.layout.dtype, bytes: bytes)
  }

  /// Reads and checks the features of a group as a matrix of float, rows × k.
  ///
  /// The matrix is the worker's own memory: it is not to be kept.
  public func matrix(_ group: String) throws(StorageError) -> Matrix<Float> {
    let stored = try load(group)
    let wide = memory.floats(rows.count * store.columns)
    stored.widen(into: wide.base)
    return Matrix(rows: rows.count, columns: store.columns, storage: wide)
  }

  /// The outputs of a group, rows × output columns.
  public func outputs(_ group: String) throws(StorageError) -> Matrix<Float> {
    try store.outputs(group: group, rows)
  }
}

/// Memory that a worker uses again for every block: the same pages, warm in its caches.
final class WorkerMemory: @unchecked Sendable {
  private var stored = Buffer<UInt8>(uninitialized: 0)
  private var wide = Buffer<Float>(uninitialized: 0)

  func bytes(_ count: Int) -> Buffer<UInt8> {
    if stored.count < count { stored = Buffer(uninitialized: count) }
    return stored
  }

  /// Exactly `count` floats, as a matrix wants them: all blocks but the last have one size.
  func floats(_ count: Int) -> Buffer<Float> {
    if wide.count != count || !isKnownUniquelyReferenced(&wide) {
      wide = Buffer(uninitialized: count)
    }
    return wide
  }
}

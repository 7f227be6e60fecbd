import COpenBLAS
import Synchronization
import Tensors

/// OpenBLAS's buffers where addresses are limited.
///
/// The library maps one for each thread at its first product, also for threads of its own that it
/// begins when it is loaded. Where mapping fails it tries again for ever, and no signal is answered
/// at the end of the work. So they are mapped before the work, as long as that can be refused.
extension BLAS {
  /// Bytes of a buffer: the largest of OpenBLAS's own (32 << 22, on x86-64).
  static let bufferBytes = 128 << 20

  private static let reserved = Mutex(0)

  /// The threads that OpenBLAS began when it was loaded, beside the one that loaded it.
  public static let ownThreads = max(0, Int(openblas_get_num_threads()) - 1)

  /// Whether there is room for the buffers of OpenBLAS's own threads, should they still have none.
  ///
  /// False does not mean that they have none: `endOwnThreads` then says so by not coming back.
  public static var hasRoomForOwnThreads: Bool {
    AddressSpace.hasRoom(for: ownThreads * bufferBytes)
  }

  /// Ends OpenBLAS's own threads, which this module never uses; their buffers serve others.
  ///
  /// Waits until each has its buffer: for ever where there is no room.
  public static func endOwnThreads() {
    let threads = ownThreads
    prepare()
    ascribe_openblas_end_threads()
    reserved.withLock { $0 = max($0, threads) }
  }

  /// Maps the buffers of so many workers, and of one thread beside them.
  ///
  /// - Throws: `MemoryError` when there is no room.
  public static func reserveBuffers(workers: Int) throws(MemoryError) {
    prepare()
    // OpenBLAS has slots for 128.
    let wanted = min(64, workers + 1)
    let missing = wanted - reserved.withLock { $0 }
    guard missing > 0 else { return }
    guard AddressSpace.hasRoom(for: missing * (bufferBytes + 1 << 16)) else {
      let left = max(0, (AddressSpace.limit ?? 0) - AddressSpace.mapped)
      throw MemoryError(
        purpose: "OpenBLAS (128 MiB for each of \(wanted) threads, \(missing) of them missing)",
        bytes: Double(missing * bufferBytes), available: left, limit: .addressSpace,
        remedy: "raise the limit, or work with fewer ‹threads›.")
    }
    _ = ascribe_openblas_map_buffers(Int32(wanted))
    reserved.withLock { $0 = max($0, wanted) }
  }
}

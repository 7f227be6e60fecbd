import CKernels

/// A block of `count` scalars on the heap, 64-byte aligned, freed with its last owner.
///
/// The storage of `Tensor` and `Matrix`. Freed blocks stay with the allocator, so that a loop which
/// makes and drops tensors runs on warm pages.
public final class Buffer<Scalar: BitwiseCopyable>: @unchecked Sendable {
  /// The first scalar.
  public let base: UnsafeMutablePointer<Scalar>
  /// Number of scalars.
  public let count: Int
  private let block: UnsafeMutableRawPointer

  /// A block with undefined contents.
  public convenience init(uninitialized count: Int) {
    precondition(count >= 0, "Buffer of \(count) scalars")
    _ = keepFreedMemory
    // Aligned here: freed blocks of aligned_alloc are not found again by glibc, and every new one
    // pays for its page faults.
    self.init(
      UnsafeMutableRawPointer.allocate(byteCount: Buffer.bytes(count), alignment: 16), count: count)
  }

  /// A block of zeros.
  ///
  /// The system gives a large one its pages as they are written to: what stays zero takes no memory.
  public convenience init(zeroed count: Int) {
    precondition(count >= 0, "Buffer of \(count) scalars")
    _ = keepFreedMemory
    guard let block = ascribe_zeroed_memory(Buffer.bytes(count)) else {
      self.init(uninitialized: count)
      UnsafeMutableRawPointer(base).initializeMemory(
        as: UInt8.self, repeating: 0, count: count * MemoryLayout<Scalar>.stride)
      return
    }
    self.init(block, count: count)
  }

  /// With room to begin at a multiple of 64.
  private static func bytes(_ count: Int) -> Int {
    max(1, count) * MemoryLayout<Scalar>.stride + 63
  }

  private init(_ block: UnsafeMutableRawPointer, count: Int) {
    (self.block, self.count) = (block, count)
    base =
      UnsafeMutableRawPointer(
        bitPattern: (UInt(bitPattern: block) + 63) & ~63
      ).map { $0.bindMemory(to: Scalar.self, capacity: max(1, count)) }
      ?? block.bindMemory(to: Scalar.self, capacity: max(1, count))
  }

  /// A copy of another block.
  public convenience init(copying other: Buffer<Scalar>) {
    self.init(uninitialized: other.count)
    base.update(from: other.base, count: other.count)
  }

  deinit { block.deallocate() }
}

private let keepFreedMemory: Void = ascribe_keep_freed_memory()

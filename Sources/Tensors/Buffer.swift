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
  public init(uninitialized count: Int) {
    precondition(count >= 0, "Buffer of \(count) scalars")
    _ = keepFreedMemory
    self.count = count
    // Aligned here: freed blocks of aligned_alloc are not found again by glibc, and every new one
    // pays for its page faults.
    let bytes = max(1, count) * MemoryLayout<Scalar>.stride
    block = UnsafeMutableRawPointer.allocate(byteCount: bytes + 63, alignment: 16)
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

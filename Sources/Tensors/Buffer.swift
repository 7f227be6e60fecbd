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

  /// A block with undefined contents.
  public init(uninitialized count: Int) {
    precondition(count >= 0, "Buffer of \(count) scalars")
    _ = keepFreedMemory
    self.count = count
    let raw = UnsafeMutableRawPointer.allocate(
      byteCount: max(1, count) * MemoryLayout<Scalar>.stride, alignment: 64)
    base = raw.bindMemory(to: Scalar.self, capacity: max(1, count))
  }

  /// A copy of another block.
  public convenience init(copying other: Buffer<Scalar>) {
    self.init(uninitialized: other.count)
    base.update(from: other.base, count: other.count)
  }

  deinit { UnsafeMutableRawPointer(base).deallocate() }
}

private let keepFreedMemory: Void = ascribe_keep_freed_memory()

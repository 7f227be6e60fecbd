import Factors
import Storage
import Tensors

/// The identity of trained weights: SHA-256 over each parameter's name, shape and bits in order.
///
///     name length, name in UTF-8, rank, sizes, float32 values; whole numbers as u64 little-endian
///
/// - Parameters:
///   - parameters: the flat vector, p values.
///   - layout: the network's parameters.
public func modelHash(_ parameters: Tensor, layout: [Parameter]) -> Digest {
  precondition(parameters.count == layout.reduce(0) { $0 + $1.count }, "other parameters")
  let hasher = SHA256()
  func add(_ number: Int) {
    hasher.update((0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) })
  }
  for parameter in layout {
    let name = Array(parameter.name.utf8)
    add(name.count)
    hasher.update(name)
    add(parameter.shape.count)
    for size in parameter.shape { add(size) }
    hasher.update(
      UnsafeRawBufferPointer(
        start: parameters.storage.base + parameter.offset, count: 4 * parameter.count))
  }
  return hasher.finish()
}

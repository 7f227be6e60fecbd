/// A dense array of Float32 in row-major order, with value semantics.
///
/// Copies share storage until one of them is written to. Indices count from 0; the last dimension
/// is contiguous.
public struct Tensor: Sendable {
  /// The size of each dimension; empty for a scalar.
  public private(set) var shape: [Int]
  /// The elements, for reading in loops and C calls; captured by a closure, it stays alive there.
  ///
  /// Write only through `writableStorage()`, or right after making a tensor uninitialised.
  public private(set) var storage: Buffer<Float>

  /// A tensor on existing storage.
  ///
  /// - Precondition: the product of `shape` is the buffer's count.
  public init(shape: [Int], storage: Buffer<Float>) {
    precondition(
      Tensor.count(shape) == storage.count, "shape \(shape) on \(storage.count) scalars")
    self.shape = shape
    self.storage = storage
  }

  /// A tensor whose contents are undefined until written.
  public init(uninitialized shape: [Int]) {
    self.init(shape: shape, storage: Buffer(uninitialized: Tensor.count(shape)))
  }

  /// A tensor filled with one value.
  public init(repeating value: Float = 0, shape: [Int]) {
    self.init(uninitialized: shape)
    storage.base.update(repeating: value, count: storage.count)
  }

  /// A tensor of the given elements in row-major order.
  public init(_ elements: [Float], shape: [Int]) {
    precondition(elements.count == Tensor.count(shape), "\(elements.count) elements for \(shape)")
    self.init(uninitialized: shape)
    elements.withUnsafeBufferPointer { source in
      if let start = source.baseAddress {
        storage.base.update(from: start, count: source.count)
      }
    }
  }

  /// Number of elements.
  public var count: Int { storage.count }

  /// All dimensions but the last as one: the number of contiguous rows.
  public var rowCount: Int { shape.isEmpty ? 1 : shape.dropLast().reduce(1, *) }

  /// The last dimension, 1 for a scalar: the length of a contiguous row.
  public var rowLength: Int { shape.last ?? 1 }

  /// The elements in row-major order.
  public var elements: [Float] {
    Array(UnsafeBufferPointer(start: storage.base, count: count))
  }

  /// The same elements under another shape of the same count, without a copy.
  public func reshaped(_ newShape: [Int]) -> Tensor {
    Tensor(shape: newShape, storage: storage)
  }

  /// Rows `range` of the first dimension, copied.
  public func prefixSlice(_ range: Range<Int>) -> Tensor {
    precondition(
      !shape.isEmpty && range.lowerBound >= 0 && range.upperBound <= shape[0],
      "rows \(range) of shape \(shape)")
    let stride = shape[0] == 0 ? 0 : count / shape[0]
    let result = Tensor(uninitialized: [range.count] + shape.dropFirst())
    result.storage.base.update(
      from: storage.base + range.lowerBound * stride, count: range.count * stride)
    return result
  }

  /// Rows of the first dimension picked by index, in the given order.
  public func gathered(_ rows: [Int]) -> Tensor {
    precondition(!shape.isEmpty, "rows of a scalar")
    let stride = shape[0] == 0 ? 0 : count / shape[0]
    let result = Tensor(uninitialized: [rows.count] + shape.dropFirst())
    let (source, target, height) = (storage, result.storage, shape[0])
    Workers.run(over: rows.count, grain: max(1, (1 << 15) / max(1, stride))) { positions in
      for position in positions {
        let row = rows[position]
        precondition(row >= 0 && row < height, "row \(row) of \(height)")
        (target.base + position * stride).update(from: source.base + row * stride, count: stride)
      }
    }
    return result
  }

  /// The element at a flat position.
  public subscript(index: Int) -> Float {
    get {
      precondition(index >= 0 && index < count, "element \(index) of \(count)")
      return storage.base[index]
    }
    set {
      precondition(index >= 0 && index < count, "element \(index) of \(count)")
      makeUnique()
      storage.base[index] = newValue
    }
  }

  /// The element at a row and column, rows as in `rowCount`.
  public subscript(row: Int, column: Int) -> Float {
    get { self[row * rowLength + column] }
    set { self[row * rowLength + column] = newValue }
  }

  /// Reads the elements in place.
  @inlinable
  public func withUnsafePointer<Result, Failure: Error>(
    _ body: (UnsafePointer<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafePointer(storage.base))
  }

  /// Writes the elements in place, after making the storage this value's own.
  @inlinable
  public mutating func withUnsafeMutablePointer<Result, Failure: Error>(
    _ body: (UnsafeMutablePointer<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    makeUnique()
    return try body(storage.base)
  }

  /// The elements for writing, after making them this value's own.
  public mutating func writableStorage() -> Buffer<Float> {
    makeUnique()
    return storage
  }

  /// Whether no other value shares the elements: they may be written in place.
  public mutating func isUnique() -> Bool { isKnownUniquelyReferenced(&storage) }

  @usableFromInline
  mutating func makeUnique() {
    if !isKnownUniquelyReferenced(&storage) { storage = Buffer(copying: storage) }
  }

  /// The number of elements of a shape.
  public static func count(_ shape: [Int]) -> Int {
    var product = 1
    for size in shape {
      precondition(size >= 0, "shape \(shape)")
      let (next, overflow) = product.multipliedReportingOverflow(by: size)
      precondition(!overflow, "shape \(shape) overflows")
      product = next
    }
    return product
  }
}

extension Tensor: Equatable {
  /// Same shape and same bits, but that NaN equals nothing and −0 equals 0.
  public static func == (a: Tensor, b: Tensor) -> Bool {
    guard a.shape == b.shape else { return false }
    if a.storage === b.storage { return true }
    for i in 0..<a.count where a.storage.base[i] != b.storage.base[i] { return false }
    return true
  }
}

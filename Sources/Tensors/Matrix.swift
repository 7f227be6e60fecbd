/// A dense rows × columns matrix of `Float` or `Double`, row-major, with value semantics.
///
/// The type of kernels, Grams and scores. A `Matrix<Float>` and a `Tensor` share storage when one
/// is made from the other.
public struct Matrix<Scalar: BinaryFloatingPoint & BitwiseCopyable & Sendable>: Sendable {
  /// Number of rows.
  public let rows: Int
  /// Number of columns, the distance between rows.
  public let columns: Int
  /// The elements, for reading in loops and C calls; captured by a closure, it stays alive there.
  ///
  /// Write only through `writableStorage()`, or right after making a matrix uninitialised.
  public private(set) var storage: Buffer<Scalar>

  /// A matrix on existing storage of rows · columns scalars.
  public init(rows: Int, columns: Int, storage: Buffer<Scalar>) {
    precondition(
      rows >= 0 && columns >= 0 && rows * columns == storage.count,
      "\(rows) × \(columns) on \(storage.count) scalars")
    self.rows = rows
    self.columns = columns
    self.storage = storage
  }

  /// A matrix whose contents are undefined until written.
  public init(uninitialized rows: Int, _ columns: Int) {
    self.init(rows: rows, columns: columns, storage: Buffer(uninitialized: rows * columns))
  }

  /// A matrix filled with one value.
  public init(repeating value: Scalar = 0, rows: Int, columns: Int) {
    self.init(uninitialized: rows, columns)
    storage.base.update(repeating: value, count: storage.count)
  }

  /// A matrix of elements given row by row.
  public init(_ elements: [Scalar], rows: Int, columns: Int) {
    precondition(elements.count == rows * columns, "\(elements.count) for \(rows) × \(columns)")
    self.init(uninitialized: rows, columns)
    elements.withUnsafeBufferPointer { source in
      if let start = source.baseAddress { storage.base.update(from: start, count: source.count) }
    }
  }

  /// Number of elements.
  public var count: Int { storage.count }

  /// The elements row by row.
  public var elements: [Scalar] {
    Array(UnsafeBufferPointer(start: storage.base, count: count))
  }

  /// One row, copied.
  public func row(_ index: Int) -> [Scalar] {
    precondition(index >= 0 && index < rows, "row \(index) of \(rows)")
    return Array(UnsafeBufferPointer(start: storage.base + index * columns, count: columns))
  }

  /// The element at a row and column.
  public subscript(row: Int, column: Int) -> Scalar {
    get {
      precondition(row >= 0 && row < rows && column >= 0 && column < columns)
      return storage.base[row * columns + column]
    }
    set {
      precondition(row >= 0 && row < rows && column >= 0 && column < columns)
      makeUnique()
      storage.base[row * columns + column] = newValue
    }
  }

  /// Reads the elements in place.
  @inlinable
  public func withUnsafePointer<Result, Failure: Error>(
    _ body: (UnsafePointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafePointer(storage.base))
  }

  /// Writes the elements in place, after making the storage this value's own.
  @inlinable
  public mutating func withUnsafeMutablePointer<Result, Failure: Error>(
    _ body: (UnsafeMutablePointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    makeUnique()
    return try body(storage.base)
  }

  /// The elements for writing, after making them this value's own.
  public mutating func writableStorage() -> Buffer<Scalar> {
    makeUnique()
    return storage
  }

  @usableFromInline
  mutating func makeUnique() {
    if !isKnownUniquelyReferenced(&storage) { storage = Buffer(copying: storage) }
  }
}

extension Matrix: Equatable {
  /// Same size and same elements.
  public static func == (a: Matrix, b: Matrix) -> Bool {
    guard a.rows == b.rows && a.columns == b.columns else { return false }
    for i in 0..<a.count where a.storage.base[i] != b.storage.base[i] { return false }
    return true
  }
}

extension Matrix where Scalar == Float {
  /// A tensor's rows as a matrix, without a copy.
  public init(_ tensor: Tensor) {
    self.init(rows: tensor.rowCount, columns: tensor.rowLength, storage: tensor.storage)
  }
}

extension Tensor {
  /// A float matrix as a two-dimensional tensor, without a copy.
  public init(_ matrix: Matrix<Float>) {
    self.init(shape: [matrix.rows, matrix.columns], storage: matrix.storage)
  }
}

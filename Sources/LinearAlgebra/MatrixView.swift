import Tensors

/// A rectangle of a row-major matrix, or its transpose, without a copy.
///
/// Reading or writing through a view goes to the storage it was made from; it holds that storage
/// alive. A view to be written to is made by `init(writing:)` or from a fresh matrix.
///
///     element (i, j) = storage[offset + i · stride + j]      (i and j swapped when transposed)
public struct MatrixView<S: BLASScalar>: Sendable {
  /// The scalars the view looks at.
  public let storage: Buffer<S>
  /// Position of the first element.
  public let offset: Int
  /// Number of rows, after transposition.
  public let rows: Int
  /// Number of columns, after transposition.
  public let columns: Int
  /// Distance between stored rows.
  public let stride: Int
  /// Whether a row of the view is a column in storage.
  public let isTransposed: Bool

  /// A rectangle of `rows` × `columns`, `stride` scalars from one row to the next.
  public init(storage: Buffer<S>, offset: Int = 0, rows: Int, columns: Int, stride: Int) {
    self.init(storage, offset, rows, columns, stride, false)
  }

  /// The whole of a matrix.
  public init(_ matrix: Matrix<S>) {
    self.init(matrix.storage, 0, matrix.rows, matrix.columns, matrix.columns, false)
  }

  /// The whole of a matrix for writing, after making its storage the variable's own.
  ///
  /// Changes through the view appear in the variable until it is copied or written otherwise.
  public init(writing matrix: inout Matrix<S>) {
    let storage = matrix.writableStorage()
    self.init(storage, 0, matrix.rows, matrix.columns, matrix.columns, false)
  }

  init(_ storage: Buffer<S>, _ offset: Int, _ rows: Int, _ columns: Int, _ stride: Int, _ t: Bool) {
    let (high, wide) = t ? (columns, rows) : (rows, columns)
    precondition(high >= 0 && wide >= 0 && offset >= 0, "\(rows) × \(columns) from \(offset)")
    precondition(high <= 1 || stride >= wide, "rows of \(wide) at stride \(stride)")
    precondition(
      high == 0 || wide == 0 || offset + (high - 1) * stride + wide <= storage.count,
      "\(rows) × \(columns) at \(offset), stride \(stride), of \(storage.count) scalars")
    self.storage = storage
    self.offset = offset
    self.rows = rows
    self.columns = columns
    self.stride = stride
    isTransposed = t
  }

  /// The transpose of this view.
  public var transposed: MatrixView {
    MatrixView(storage, offset, columns, rows, stride, !isTransposed)
  }

  /// Some of the rows.
  public func rows(_ range: Range<Int>) -> MatrixView {
    self[range, 0..<columns]
  }

  /// Some of the columns.
  public func columns(_ range: Range<Int>) -> MatrixView {
    self[0..<rows, range]
  }

  /// The rectangle where some rows and columns meet.
  public subscript(rowRange: Range<Int>, columnRange: Range<Int>) -> MatrixView {
    precondition(
      rowRange.lowerBound >= 0 && rowRange.upperBound <= rows && columnRange.lowerBound >= 0
        && columnRange.upperBound <= columns,
      "rows \(rowRange), columns \(columnRange) of \(rows) × \(columns)")
    let step =
      isTransposed
      ? columnRange.lowerBound * stride + rowRange.lowerBound
      : rowRange.lowerBound * stride + columnRange.lowerBound
    let start = rowRange.isEmpty || columnRange.isEmpty ? offset : offset + step
    return MatrixView(storage, start, rowRange.count, columnRange.count, stride, isTransposed)
  }

  /// One element.
  public subscript(row: Int, column: Int) -> S {
    precondition(row >= 0 && row < rows && column >= 0 && column < columns)
    return start[isTransposed ? column * stride + row : row * stride + column]
  }

  /// The elements copied into a matrix of their own.
  public var matrix: Matrix<S> {
    let copy = Matrix<S>(uninitialized: rows, columns)
    if isTransposed {
      S.transpose(
        rows: columns, columns: rows, from: start, stride: stride, to: copy.storage.base,
        stride: columns)
      return copy
    }
    for row in 0..<rows {
      (copy.storage.base + row * columns).update(from: start + row * stride, count: columns)
    }
    return copy
  }

  /// The first element.
  var start: UnsafeMutablePointer<S> { storage.base + offset }

  /// The stride as BLAS wants it, at least 1 and at least a row.
  var leading: Int { max(1, stride, isTransposed ? rows : columns) }
}

extension MatrixView where S == Float {
  /// A tensor's rows as a matrix: all dimensions but the last are one.
  public init(_ tensor: Tensor) {
    let wide = tensor.rowLength
    self.init(tensor.storage, 0, tensor.rowCount, wide, wide, false)
  }
}

import Tensors

/// An array of numbers in a file of its own.
public enum ArrayFile {
  /// The numbers of an npy file with two dimensions, as Float32, all finite.
  ///
  /// - Parameters:
  ///   - rows: how many rows there must be.
  ///   - columns: how many columns; nil: any number but 0.
  /// - Throws: `DatasetError` for a file that is no such array; `.wrongShape`.
  public static func matrix(
    reading file: String, rows: Int, columns: Int? = nil
  ) throws(DatasetError) -> Matrix<Float> {
    let array = try NPYReader(file: file).read()
    let width = array.shape.count == 2 ? array.shape[1] : 0
    guard array.shape.count == 2, array.shape[0] == rows, width > 0, columns ?? width == width
    else {
      throw .wrongShape(
        file: file, place: .file, shape: array.shape,
        expected: "[\(rows), \(columns.map { "\($0)" } ?? "features")], one row a training example")
    }
    return Matrix(try array.tensor())
  }
}

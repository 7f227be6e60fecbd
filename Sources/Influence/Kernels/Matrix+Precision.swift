import Tensors

extension Matrix where Scalar == Float {
  /// The elements in double.
  public var double: Matrix<Double> {
    let result = Matrix<Double>(uninitialized: rows, columns)
    let (source, target) = (storage, result.storage)
    Workers.run(over: count, grain: 1 << 18) { range in
      for i in range { target.base[i] = Double(source.base[i]) }
    }
    return result
  }
}

extension Matrix where Scalar == Float {
  /// The lower triangle of a square matrix in double; pages above it are not touched.
  var lowerDouble: Matrix<Double> {
    let result = Matrix<Double>(uninitialized: rows, columns)
    let (source, target, width) = (storage, result.storage, columns)
    Workers.run(over: rows, grain: 64) { range in
      for i in range {
        for j in i * width...i * width + i { target.base[j] = Double(source.base[j]) }
      }
    }
    return result
  }
}

extension Matrix where Scalar == Double {
  /// The elements rounded to float.
  var float: Matrix<Float> {
    let result = Matrix<Float>(uninitialized: rows, columns)
    let (source, target) = (storage, result.storage)
    Workers.run(over: count, grain: 1 << 18) { range in
      for i in range { target.base[i] = Float(source.base[i]) }
    }
    return result
  }
}

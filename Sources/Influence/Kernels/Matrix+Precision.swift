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

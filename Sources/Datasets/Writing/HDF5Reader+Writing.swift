import Storage

extension HDF5Reader {
  /// Writes some rows of some datasets, each in its own type; of types that Ascribe does not write, as
  /// float64.
  func write(_ names: [String], rows: [Int], to path: String) throws {
    let datasets = try names.map { try array($0).dataset }
    try AtomicFile.replace(path) { (temporary) throws(StorageError) in
      let file = try HDF5File(creating: temporary, shownAs: path)
      for dataset in datasets { try write(dataset, rows, to: file) }
      try file.close()
    }
  }

  private func write(_ dataset: HDF5Dataset, _ rows: [Int], to file: HDF5File) throws(StorageError)
  {
    if dataset.isText {
      let texts = try dataset.readStrings()
      return try file.write(rows.map { texts[$0] }, to: dataset.name)
    }
    switch dataset.type {
    case .float32, .float16, .bfloat16: try write(dataset, Float.self, rows, to: file)
    case .int32: try write(dataset, Int32.self, rows, to: file)
    case .int64: try write(dataset, Int64.self, rows, to: file)
    case .uint8: try write(dataset, UInt8.self, rows, to: file)
    case .float64, nil: try write(dataset, Double.self, rows, to: file)
    }
  }

  private func write<Scalar: HDF5Scalar>(
    _ dataset: HDF5Dataset, _: Scalar.Type, _ rows: [Int], to file: HDF5File
  ) throws(StorageError) {
    let values = try dataset.read(Scalar.self)
    let length = try dataset.rowLength()
    try file.write(
      rows.flatMap { values[$0 * length..<($0 + 1) * length] },
      shape: [rows.count] + dataset.shape.dropFirst(), to: dataset.name)
  }
}

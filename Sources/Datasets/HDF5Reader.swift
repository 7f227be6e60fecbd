import Storage
import Tensors

/// Reads inputs, labels and ids from the datasets of an HDF5 file.
///
/// Not promised: libhdf5 1.10.8 itself reads a wild pointer on some files with damaged structures
/// (seen on 1 in some thousands of random flips), which no check here can prevent.
struct HDF5Reader {
  private let file: HDF5File

  init(file: String) throws {
    _ = try checkFile(file)
    self.file = try HDF5File(reading: file)
  }

  /// Whether there is a dataset of a name.
  func has(_ name: String) -> Bool { file.isDataset(name) }

  /// The names of all datasets.
  var names: [String] { get throws { try file.datasetNames() } }

  /// The dataset of a slash-separated name.
  func array(_ name: String) throws -> HDF5Array {
    guard file.isDataset(name) else {
      if file.contains(name), !file.isReadable(name) {
        throw DatasetError.unsupported(
          file: file.path, place: .array(name, .file),
          feature:
            "an object that is damaged, or in a newer form than the HDF5 library of this machine,",
          supported: "an older form, e.g. by `h5py.File(\"a.h5\", \"w\", libver=\"earliest\")`")
      }
      throw DatasetError.unknownArray(
        file: file.path, name: name, arrays: try file.datasetNames())
    }
    let dataset = try file.dataset(name)
    try dataset.requireFilters()
    return HDF5Array(dataset: dataset, file: file.path)
  }
}

/// A dataset of an HDF5 file.
struct HDF5Array: ExampleArray {
  let dataset: HDF5Dataset
  let file: String

  var shape: [Int] { dataset.shape }
  var isText: Bool { dataset.isText }
  var isBytes: Bool { dataset.type == .uint8 }

  func place(_ flat: Int?) -> DataPlace {
    .array(dataset.name, flat.map { .row(shape.isEmpty ? 0 : $0 / max(1, rowLength)) } ?? .file)
  }

  private var rowLength: Int { (try? dataset.rowLength()) ?? 1 }

  func tensor() throws -> Tensor {
    try checkShape()
    let values = try dataset.read(Float.self)
    for (flat, value) in values.enumerated() where !value.isFinite {
      throw DatasetError.notFinite(file: file, place: place(flat), value: "\(value)")
    }
    return Tensor(values, shape: shape)
  }

  func numbers() throws -> [Double] {
    try checkShape()
    return try dataset.read(Double.self)
  }

  func texts() throws -> [String] {
    dataset.isText ? try dataset.readStrings() : try wholeNumbers(numbers(), of: self)
  }

  private func checkShape() throws {
    guard checkedProduct(shape, limit: .max / 16) != nil else {
      throw DatasetError.malformed(
        file: file, place: place(nil), problem: "the header claims shape \(shape)")
    }
  }
}

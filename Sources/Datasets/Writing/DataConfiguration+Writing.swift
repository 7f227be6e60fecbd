import Foundation
import Storage
import SystemPackage

extension DataConfiguration {
  /// Writes some of the training examples in the format of their source: the same bytes of each
  /// example, under the files' own names.
  ///
  /// Labels are those of the source, without planted noise. Compressed files are written plain. Where
  /// ids are row numbers the copy's begin at 0 again.
  ///
  /// - Parameters:
  ///   - ids: of the examples to write.
  ///   - folder: is made; files in it are replaced.
  /// - Returns: the paths of what was written.
  /// - Throws: `DatasetError.inseparable` for passages of one text, which cannot be taken out of it;
  ///   errors of reading the source and of writing.
  public func writeTraining(_ ids: Set<ExampleID>, to folder: String) throws -> [String] {
    try train.write(ids, to: folder)
  }
}

extension SourceConfiguration {
  /// Writes the examples of some ids.
  fileprivate func write(_ ids: Set<ExampleID>, to folder: String) throws -> [String] {
    // What cannot be written is refused before anything is read.
    if case .tokens(let reader) = reader, case .text = reader.form { throw notApart(reader.file) }
    if case .lines(let reader) = reader, reader.packs { throw notApart(reader.file) }
    let first = rows?.lowerBound ?? 0
    let kept = (try read().ids ?? []).enumerated().filter { ids.contains($1) }.map {
      first + $0.offset
    }
    try AtomicFile.makeFolder(folder)
    func path(_ source: String) -> String {
      let name = FilePath(source).lastComponent?.string ?? "data"
      return "\(folder)/" + (name.hasSuffix(".gz") ? String(name.dropLast(3)) : name)
    }
    func array(_ source: String, _ read: (String) throws -> [UInt8]) throws -> String {
      try AtomicFile.write(try read(source), to: path(source))
      return path(source)
    }
    switch reader {
    case .csv(let reader):
      return [try array(reader.file) { _ in try reader.records(kept) }]
    case .lines(let reader):
      return [try array(reader.file) { _ in try reader.lines(kept) }]
    case .idx(let images, let labels):
      return try [images, labels].map {
        try array($0) { try IDXReader(file: $0).read().rows(kept).idx }
      }
    case .npy(let inputs, let labels, let ids):
      return try ([inputs, labels] + [ids].compactMap { $0 }).map {
        try array($0) { try NPYReader(file: $0).read().rows(kept).npy }
      }
    case .tokens(let reader):
      return [try array(reader.file) { try NPYReader(file: $0).read().rows(kept).npy }]
    case .npz(let names):
      return [
        try array(names.file) {
          let file = try NPZReader(file: $0)
          return ZipWriter.archive(
            try names.all.map { ("\($0).npy", try file.array($0).rows(kept).npy) })
        }
      ]
    case .hdf5(let names):
      try HDF5Reader(file: names.file).write(names.all, rows: kept, to: path(names.file))
      return [path(names.file)]
    case .images(let reader):
      try reader.copy(kept, to: folder)
      return [folder]
    }
  }

  private func notApart(_ file: String) -> DatasetError {
    .inseparable(file: file, what: "passages of a running text")
  }
}

extension SourceConfiguration.NamedArrays {
  /// The names of all arrays that are read.
  fileprivate var all: [String] { [inputs, labels] + [ids].compactMap { $0 } }
}

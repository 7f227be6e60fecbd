import Foundation
import Glibc
import SystemPackage
import Tensors

/// A file of what was made from a store once and is not to be made again: a Gram matrix, its factor,
/// the factor of landmarks.
///
/// It lies in the folder `train.preconditioners` beside `train.h5`, by group, and its name has the
/// first digits of the fingerprint: another fingerprint is another file, so two commands that ask
/// for different things do not take turns in making them. Written whole or not at all; several
/// processes may write the same file, the last one stays.
package struct PreconditionerFile: Sendable {
  /// The contents, by name.
  package struct Contents: Sendable {
    /// Symmetric or triangular matrices in double: what is on and below the diagonal.
    package var lower: [String: Matrix<Double>] = [:]
    /// Triangular matrices in float.
    package var singleLower: [String: Matrix<Float>] = [:]
    /// Numbers.
    package var values: [String: [Double]] = [:]
    /// Row numbers.
    package var rows: [String: [Int]] = [:]
    /// Texts, such as reports in JSON.
    package var texts: [String: String] = [:]

    /// Nothing.
    package init() {}
  }

  /// What stands under the name.
  package enum Reading: Sendable {
    /// No file.
    case absent
    /// A file that was damaged, or made from something else: to be made again, and said.
    case unusable(StorageError)
    /// The contents, every byte checked.
    case found(Contents)
  }

  static let format = "ascribe-preconditioner"
  static let version = 1
  /// Files of one kind and group that are kept; the ones written first go.
  static let mostFiles = 8

  /// Where it is.
  package let path: String
  /// What it is made from: every field must be equal.
  package let fingerprint: Fingerprint
  private let prefix: String
  private let storePart: String

  /// The file of a kind for a group of a store.
  ///
  /// - Parameters:
  ///   - kind: letters, digits and hyphens, such as "gram".
  ///   - fingerprint: its field `store` is to be `store.contentDigest(group:)`.
  package init(
    store: FeatureStoreReader, group: String, kind: String, fingerprint: Fingerprint
  ) {
    let text = fingerprint.fields.map { "\($0.name)\u{0}\($0.value)\u{0}" }.joined()
    let key = "\(SHA256.digest(of: text))".prefix(16)
    storePart = String("\(SHA256.digest(of: fingerprint["store"] ?? ""))".prefix(8))
    prefix = "\(kind)."
    path = "\(PreconditionerFile.folder(of: store.path))/\(group)/\(prefix)\(storePart).\(key).h5"
    self.fingerprint = fingerprint
  }

  /// The folder beside a store: `train.preconditioners` for `train.h5`.
  package static func folder(of store: String) -> String {
    FilePath(store).beside(endingIn: "preconditioners").string
  }

  // MARK: Reading

  /// Reads and checks the file.
  package func read() -> Reading {
    guard AtomicFile.exists(path) else { return .absent }
    do throws(StorageError) { return .found(try contents()) } catch { return .unusable(error) }
  }

  private func contents() throws(StorageError) -> Contents {
    let file = try SealedFile(path)
    let hdf5 = file.hdf5
    guard case .text(let format) = try hdf5.attribute("format"),
      format == PreconditionerFile.format
    else { throw .inconsistent(problem: "it is not a file of a preconditioner", file: path) }
    try requireVersion(PreconditionerFile.version, of: hdf5)
    try Fingerprint.requireEqual(
      expected: fingerprint, found: try Fingerprint(from: hdf5), file: path)
    var contents = Contents()
    let names = try hdf5.datasetNames().filter { !$0.hasSuffix(CheckedRows.checksumSuffix) }
    for name in names {
      let parts = name.split(separator: "/", maxSplits: 1).map(String.init)
      guard parts.count == 2 else { continue }
      switch parts[0] {
      case "lower": contents.lower[parts[1]] = try triangle(file.rows(name))
      case "singleLower": contents.singleLower[parts[1]] = try triangle(file.rows(name))
      case "values": contents.values[parts[1]] = try hdf5.dataset(name).read(Double.self)
      case "rows": contents.rows[parts[1]] = try hdf5.dataset(name).read(Int64.self).map { Int($0) }
      case "texts": contents.texts[parts[1]] = try hdf5.dataset(name).readStrings().joined()
      default: continue
      }
    }
    return contents
  }

  /// Zeros above the diagonal.
  private func triangle<Scalar: HDF5Scalar>(
    _ rows: CheckedRows
  ) throws(StorageError) -> Matrix<Scalar> where Scalar: BinaryFloatingPoint & Sendable {
    let count = rows.rowCount
    let order = Int((Double(8 * count + 1).squareRoot() - 1) / 2)
    guard order * (order + 1) / 2 == count, rows.rowLength == 1 else {
      throw .inconsistent(problem: "\(count) values are not a triangle", file: path)
    }
    let packed = Buffer<Scalar>(uninitialized: count)
    try rows.read(0..<count, into: packed.base)
    let result = Matrix<Scalar>(uninitialized: order, order)
    let target = result.storage
    Workers.run(over: order, grain: 64) { range in
      for i in range {
        let row = target.base + i * order
        row.update(from: packed.base + i * (i + 1) / 2, count: i + 1)
        (row + i + 1).update(repeating: 0, count: order - i - 1)
      }
    }
    return result
  }

  // MARK: Writing

  /// Writes the file, and deletes what it makes needless: files of the kind and group that were made
  /// from other contents of the store, all but the newest eight, and what killed writes left.
  ///
  /// - Throws: `StorageError.notStorable` for a value that is not finite, `.system`; then there is
  ///   what was there before.
  package func write(_ contents: Contents) throws(StorageError) {
    let folder = FilePath(path).folder.string
    try AtomicFile.makeFolder(folder)
    removeLeftovers(in: folder)
    let file = try SealedFileWriter(path)
    let hdf5 = file.hdf5
    try hdf5.setAttribute("format", .text(PreconditionerFile.format))
    try hdf5.setAttribute("version", .integer(Int64(PreconditionerFile.version)))
    try fingerprint.write(to: hdf5)
    for (name, matrix) in contents.lower.sorted(by: { $0.key < $1.key }) {
      try write(matrix, to: "lower/\(name)", file)
    }
    for (name, matrix) in contents.singleLower.sorted(by: { $0.key < $1.key }) {
      try write(matrix, to: "singleLower/\(name)", file)
    }
    for (name, values) in contents.values.sorted(by: { $0.key < $1.key }) {
      try hdf5.write(values, shape: [values.count], to: "values/\(name)")
    }
    for (name, rows) in contents.rows.sorted(by: { $0.key < $1.key }) {
      try hdf5.write(rows.map { Int64($0) }, shape: [rows.count], to: "rows/\(name)")
    }
    for (name, text) in contents.texts.sorted(by: { $0.key < $1.key }) {
      try hdf5.write([text], to: "texts/\(name)")
    }
    try file.finish()
    removeOthers(in: folder)
  }

  private func write<Scalar: HDF5Scalar>(
    _ matrix: Matrix<Scalar>, to name: String, _ file: SealedFileWriter
  ) throws(StorageError) where Scalar: BinaryFloatingPoint & Sendable {
    let order = matrix.rows
    precondition(order == matrix.columns, "\(order) × \(matrix.columns)")
    let packed = Buffer<Scalar>(uninitialized: order * (order + 1) / 2)
    for i in 0..<order {
      (packed.base + i * (i + 1) / 2).update(from: matrix.storage.base + i * order, count: i + 1)
    }
    let writer = try file.makeRows(name, shape: [packed.count], type: Scalar.storageType)
    try writer.append(packed.base, rows: packed.count)
  }

  /// Half-written files whose process is no more.
  private func removeLeftovers(in folder: String) {
    for file in AtomicFile.leftovers(in: folder) {
      let process = file.dropLast(AtomicFile.suffix.count).split(separator: ".").last?
        .split(separator: "-").first.flatMap { pid_t($0) }
      if let process, kill(process, 0) == 0 || errno == EPERM { continue }
      try? AtomicFile.remove(file)
    }
  }

  private func removeOthers(in folder: String) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    var kept: [(changed: Double, file: String)] = []
    for name in names where name.hasPrefix(prefix) && name.hasSuffix(".h5") {
      let file = "\(folder)/\(name)"
      if file == path { continue }
      guard name.hasPrefix("\(prefix)\(storePart).") else {
        try? AtomicFile.remove(file)
        continue
      }
      var status = stat()
      guard stat(file, &status) == 0 else { continue }
      let changed = Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9
      kept.append((changed, file))
    }
    kept.sort { ($0.changed, $0.file) > ($1.changed, $1.file) }
    for (_, file) in kept.dropFirst(PreconditionerFile.mostFiles - 1) {
      try? AtomicFile.remove(file)
    }
  }
}

extension FeatureStoreReader {
  /// A digest of a group's rows, and of some shards of it: their seals, the columns, the type, and
  /// which rows are deleted.
  ///
  /// - Throws: `StorageError.unknownGroup`.
  public func contentDigest(
    group: String, shards: Range<Int>? = nil
  ) throws(StorageError) -> Digest {
    guard let seals = index.seals[group] else {
      throw .unknownGroup(name: group, known: groups, file: path)
    }
    let shards = shards ?? 0..<seals.count
    let first = layout.shards[shards].first?.lowerBound ?? 0
    let end = layout.shards[shards].last?.upperBound ?? 0
    let lines =
      ["\(columns) \(layout.dtype.rawValue) \(end - first)"] + seals[shards].map { "\($0)" }
      + deletedRows.filter { $0 >= first && $0 < end }.map { "deleted \($0 - first)" }
    return SHA256.digest(of: lines.joined(separator: "\n"))
  }
}

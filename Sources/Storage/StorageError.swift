import Glibc
import Tensors

/// What can go wrong with a file or a store: the facts; the sentences are below.
public enum StorageError: DiagnosableError, Equatable {
  /// A call to the operating system failed with `errno` = `code`.
  case system(operation: String, path: String, code: Int32)
  /// A folder, device or pipe where a file is to be written.
  case notAFile(path: String)
  /// The HDF5 library refused; `stack` is its own account, innermost function first.
  case hdf5(operation: String, object: String, file: String, stack: String)
  /// The file does not begin with Ascribe's magic bytes.
  case notSealed(file: String)
  /// The file was written in a format this version does not know.
  case unsupportedVersion(found: Int, newest: Int, file: String)
  /// The file is not as long as when it was sealed.
  case wrongLength(expected: Int, found: Int, file: String)
  /// Some byte outside the row data changed after the file was sealed.
  case sealBroken(file: String)
  /// Rows whose bytes no longer have the checksum they were written with.
  case rowsCorrupt(rows: Range<Int>, dataset: String, file: String)
  /// The parts of a file or store contradict each other.
  case inconsistent(problem: String, file: String)
  /// A group, dataset or attribute is not there.
  case missingObject(name: String, file: String)
  /// A dataset or attribute holds another kind of value.
  case wrongType(name: String, expected: String, found: String, file: String)
  /// A dataset or array has another shape.
  case wrongShape(name: String, expected: [Int], found: [Int], file: String)
  /// A dataset is compressed by a filter that is not here.
  case missingFilter(filter: String, name: String, file: String)
  /// A dataset claims more bytes than the file or the memory can hold.
  case tooLarge(name: String, shape: [Int], file: String)
  /// Rows that the store does not have.
  case rowsOutOfRange(rows: Range<Int>, available: Int, file: String)
  /// A value that cannot be stored: infinite, not a number, or beyond the range of `type`.
  case notStorable(value: Float, type: String, dataset: String, row: Int, column: Int, file: String)
  /// The file was made for something else; nil stands for an absent field.
  case fingerprintMismatch(field: String, expected: String?, found: String?, file: String)
  /// A name that cannot be stored.
  case invalidName(name: String, problem: String)
  /// A group that the store does not have.
  case unknownGroup(name: String, known: [String], file: String)
  /// A shape or list of columns that no store can have.
  case invalidLayout(problem: String)
  /// A file among the shards that this store does not have.
  case unexpectedFile(path: String)
  /// Another process is writing the store.
  case storeInUse(path: String)
  /// `finish` was called before all rows were written.
  case incomplete(group: String, missing: Range<Int>, file: String)
}

extension StorageError {
  /// 4 for a mismatched or corrupt file, 1 for a busy or unfinished store, a full disk or missing
  /// permissions, else 3.
  public var exitCode: Int32 {
    switch self {
    case .system(_, _, let code) where StorageError.isFull(code) || StorageError.isDenied(code): 1
    case .notSealed, .unsupportedVersion, .wrongLength, .sealBroken, .rowsCorrupt, .inconsistent,
      .fingerprintMismatch, .unexpectedFile:
      4
    case .system, .notAFile, .hdf5, .missingObject, .wrongType, .wrongShape, .tooLarge,
      .rowsOutOfRange, .missingFilter,
      .notStorable, .invalidName, .unknownGroup, .invalidLayout:
      3
    case .storeInUse, .incomplete: 1
    }
  }

  /// What went wrong.
  public var what: String {
    switch self {
    case .system(let operation, _, let code):
      "cannot \(operation): \(String(cString: strerror(code)))."
    case .notAFile: "this is a folder, device or pipe, and no file can take its place."
    case .hdf5(let operation, let object, _, let stack):
      "HDF5 cannot \(operation)\(object.isEmpty ? "" : " \(object)"): "
        + "\(StorageError.cause(of: stack))."
    case .notSealed: "this is not a file written by Ascribe: the magic bytes are missing."
    case .unsupportedVersion(let found, let newest, _):
      "format version \(found) is unknown; this version reads up to \(newest)."
    case .wrongLength(let expected, let found, _):
      "the file has \(found) bytes, but had \(expected) when it was sealed."
    case .sealBroken: "the file changed after it was written: its seal does not match."
    case .rowsCorrupt(let rows, let dataset, _):
      "rows \(rows.lowerBound)..<\(rows.upperBound) of \(dataset) changed after they were written: "
        + "their checksum does not match."
    case .inconsistent(let problem, _): "the parts do not fit together: \(problem)."
    case .missingObject(let name, _): "there is no \(name)."
    case .wrongType(let name, let expected, let found, _):
      "\(name) holds \(found), expected \(expected)."
    case .wrongShape(let name, let expected, let found, _):
      "\(name) has shape \(found), expected \(expected)."
    case .missingFilter(let filter, let name, _):
      "\(name) is compressed by \(filter), which cannot be read here."
    case .tooLarge(let name, let shape, _):
      "\(name) claims shape \(shape), more than the file or the memory can hold."
    case .rowsOutOfRange(let rows, let available, _):
      "rows \(rows.lowerBound)..<\(rows.upperBound) were asked for, there are \(available)."
    case .notStorable(let value, let type, let dataset, let row, let column, _):
      "\(dataset) row \(row), column \(column) is \(value), which \(type) cannot store."
    case .fingerprintMismatch(let field, let expected, let found, _):
      "\(field) differs: expected \(StorageError.quoted(expected)), "
        + "found \(StorageError.quoted(found))."
    case .invalidName(let name, let problem): "the name \"\(name)\" cannot be stored: \(problem)."
    case .unknownGroup(let name, let known, _):
      "there is no group \"\(name)\"; known: \(known.joined(separator: ", "))."
    case .invalidLayout(let problem): "no store can have \(problem)."
    case .unexpectedFile: "this file is not a part of the store being written."
    case .storeInUse: "another process is writing this store."
    case .incomplete(let group, let missing, _):
      "rows \(missing.lowerBound)..<\(missing.upperBound) of group \"\(group)\" were not written."
    }
  }

  /// The file, and the dataset in it.
  public var location: String {
    switch self {
    case .system(_, let path, _), .notAFile(let path), .storeInUse(let path),
      .unexpectedFile(let path):
      path
    case .invalidLayout: "the layout of the store"
    case .hdf5(_, let object, let file, _): object.isEmpty ? file : "\(file):\(object)"
    case .notSealed(let file), .sealBroken(let file): file
    case .unsupportedVersion(_, _, let file), .wrongLength(_, _, let file): file
    case .rowsCorrupt(_, let dataset, let file): "\(file):\(dataset)"
    case .inconsistent(_, let file), .missingObject(_, let file): file
    case .wrongType(let name, _, _, let file), .wrongShape(let name, _, _, let file):
      "\(file):\(name)"
    case .missingFilter(_, let name, let file), .tooLarge(let name, _, let file): "\(file):\(name)"
    case .rowsOutOfRange(_, _, let file): file
    case .notStorable(_, _, let dataset, _, _, let file): "\(file):\(dataset)"
    case .fingerprintMismatch(_, _, _, let file): file
    case .invalidName(let name, _): name
    case .unknownGroup(_, _, let file), .incomplete(_, _, let file): file
    }
  }

  /// A value in quotes; of a long one, such as a projector's with all layers, the beginning.
  private static func quoted(_ value: String?) -> String {
    guard let value else { return "none" }
    return value.count > 160 ? "\"\(value.prefix(150))…\"" : "\"\(value)\""
  }

  /// What the innermost function of libhdf5 says, without its name and those above it.
  private static func cause(of stack: String) -> String {
    let innermost = stack.prefix(upTo: stack.range(of: "; ")?.lowerBound ?? stack.endIndex)
    return String(innermost[(innermost.range(of: ": ")?.upperBound ?? innermost.startIndex)...])
  }

  /// What the user can do.
  public var remedy: String {
    switch self {
    case .system(_, _, ENOENT): "check the path."
    case .system(_, _, let code) where StorageError.isFull(code):
      "free some space, or raise the limit, and run the same command again."
    case .system(let operation, _, let code) where StorageError.isDenied(code):
      StorageError.readings.contains(operation)
        ? "change its permissions, or those of the folders above it."
        : "choose a folder that you may write to, or change its permissions."
    case .system: "check the path and the disk."
    case .notAFile: "choose the name of a file."
    case .hdf5: "check that the file is complete and a valid HDF5 file."
    case .notSealed: "name a file that Ascribe made, or make it again."
    case .unsupportedVersion: "use a newer version of Ascribe, or make the file again."
    case .wrongLength, .sealBroken, .rowsCorrupt, .inconsistent:
      "copy the file again from where it came, or delete it and make it again."
    case .missingObject, .wrongType, .wrongShape: "check that this is the intended file and name."
    case .tooLarge: "the file is damaged or hostile; get it again from its source."
    case .missingFilter:
      "write it again with gzip, in Python `create_dataset(…, compression=\"gzip\")`."
    case .rowsOutOfRange: "ask for rows within the store."
    case .notStorable(let value, _, _, _, _, _):
      value.isFinite
        ? "store as float32, or rescale."
        : "find the example that gives it (often a diverged checkpoint) and leave it out."
    case .fingerprintMismatch(let field, _, _, _) where Fingerprint.isOfMachine(field):
      "go on where it was begun (processor, BLAS core, memory of a block), "
        + "or begin anew with ‹overwrites›."
    case .fingerprintMismatch:
      "use the file made for this model and data, or make it again with ‹overwrites›."
    case .invalidName: "choose another name."
    case .unknownGroup: "name one of the known groups."
    case .invalidLayout:
      "ask for at least one row, column and group, and float32 or half precision."
    case .unexpectedFile: "delete it, or start the store anew with ‹overwrites›."
    case .storeInUse: "wait for the other process, or stop it."
    case .incomplete: "write the missing rows before finishing."
    }
  }
}

extension StorageError {
  /// Whether `errno` says that there is no room: on the disk, by a quota, by a limit of the process.
  private static func isFull(_ code: Int32) -> Bool { [ENOSPC, EDQUOT, EFBIG].contains(code) }

  /// Whether `errno` says that it is not allowed: by permissions, or a file system that is read-only.
  static func isDenied(_ code: Int32) -> Bool { [EACCES, EPERM, EROFS].contains(code) }

  /// What is tried without writing.
  private static let readings: Set = [
    "open the file", "read the file", "look at the file", "look into the folder", "list the folder",
  ]

  /// The system's failure behind an account of libhdf5, which gives it as `errno = 28`; else nil.
  static func system(
    behind stack: String, operation: String, file: String
  ) -> StorageError? {
    guard let mark = stack.range(of: "errno = "),
      let code = Int32(stack[mark.upperBound...].prefix { $0.isNumber }), code > 0
    else { return nil }
    // Which part of the file is of no interest to who has to make room.
    return .system(
      operation: isFull(code) ? "write the file" : operation, path: file, code: code)
  }

  /// The same failure of the system, said of the file or folder that the user named.
  package func naming(_ path: String, insteadOf temporary: String) -> StorageError {
    guard case .system(let operation, let file, let code) = self,
      file == temporary || file.hasPrefix(temporary + "/")
    else { return self }
    return .system(
      operation: operation, path: path + file.dropFirst(temporary.count), code: code)
  }
}

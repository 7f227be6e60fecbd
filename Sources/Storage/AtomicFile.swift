import Foundation
import Synchronization

/// Files that appear whole or not at all: written under a temporary name in the same folder,
/// flushed to the disk, renamed, and the folder flushed.
///
/// A killed process leaves at most a file whose name ends in `AtomicFile.suffix`; the next process
/// that writes into the folder deletes it (`AtomicFile+Leftovers.swift`).
public enum AtomicFile {
  /// The ending of every temporary name: `.NAME.PID-COUNT.ascribe-partial`.
  public static let suffix = ".ascribe-partial"

  private static let counter = Atomic<Int>(0)

  /// Writes bytes to `path`, in place of what was there.
  ///
  /// - Throws: `StorageError.system`; then `path` is as it was and nothing is left behind.
  public static func write(_ bytes: [UInt8], to path: String) throws(StorageError) {
    try replace(path) { (temporary) throws(StorageError) in
      let file = try OpenFile(writing: temporary, creating: true)
      try file.write(bytes, count: bytes.count, at: 0)
      try file.synchronize()
    }
  }

  /// Writes a text in UTF-8 to `path`, in place of what was there.
  public static func write(_ text: String, to path: String) throws(StorageError) {
    try write(Array(text.utf8), to: path)
  }

  /// Lets `body` make and flush a file under a temporary name, then gives it the name `path`.
  public static func replace(
    _ path: String, _ body: (_ temporary: String) throws(StorageError) -> Void
  ) throws(StorageError) {
    let path = try target(of: path)
    let temporary = temporaryName(for: path)
    do throws(StorageError) {
      try body(temporary)
      try commit(temporary, to: path)
    } catch {
      unlink(temporary)
      throw error.naming(path, insteadOf: temporary)
    }
  }

  /// The file that a write to `path` replaces: itself, or the one that a symbolic link leads to.
  ///
  /// - Throws: `StorageError.notAFile` for folders, devices and pipes, which a rename would destroy.
  static func target(of path: String) throws(StorageError) -> String {
    var status = stat()
    // What is not there yet, or cannot be looked at, is for the write to find out.
    guard stat(path, &status) == 0 else { return path }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path: path) }
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK,
      let resolved = realpath(path, nil)
    else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// A name that no other write has; what processes that are gone left in the folder is deleted.
  static func temporaryName(for path: String) -> String {
    removeAbandoned(in: folder(of: path))
    let count = counter.wrappingAdd(1, ordering: .relaxed).oldValue
    return "\(folder(of: path))/.\(name(of: path)).\(getpid())-\(count)\(suffix)"
  }

  /// Gives a flushed file its final name, durably.
  static func commit(_ temporary: String, to path: String) throws(StorageError) {
    guard rename(temporary, path) == 0 else {
      throw .system(operation: "rename the finished file", path: path, code: errno)
    }
    try OpenFile(reading: folder(of: path)).synchronize()
  }

  /// Makes a folder and those above it.
  public static func makeFolder(_ path: String) throws(StorageError) {
    if mkdir(path, 0o777) == 0 { return }
    if errno == ENOENT && folder(of: path) != path {
      try makeFolder(folder(of: path))
      if mkdir(path, 0o777) == 0 { return }
    }
    let code = errno
    var isFolder: ObjCBool = false
    if code == EEXIST, FileManager.default.fileExists(atPath: path, isDirectory: &isFolder),
      isFolder.boolValue
    {
      return
    }
    throw .system(operation: "make the folder", path: path, code: code)
  }

  /// Deletes a file, or a folder with what is in it; nothing there is no error.
  public static func removeAll(_ path: String) throws(StorageError) {
    var status = stat()
    guard lstat(path, &status) == 0 else {
      if errno == ENOENT { return }
      throw .system(operation: "look at the file", path: path, code: errno)
    }
    guard status.st_mode & S_IFMT == S_IFDIR else { return try remove(path) }
    for name in try names(in: path) { try removeAll("\(path)/\(name)") }
    guard rmdir(path) == 0 || errno == ENOENT else {
      throw .system(operation: "delete the folder", path: path, code: errno)
    }
  }

  /// The names in a folder, sorted; none when it is not there.
  ///
  /// - Throws: `StorageError.system` for a folder that may not be read, or no folder.
  public static func names(in folder: String) throws(StorageError) -> [String] {
    guard let list = opendir(folder) else {
      if errno == ENOENT { return [] }
      throw .system(operation: "list the folder", path: folder, code: errno)
    }
    defer { closedir(list) }
    var names: [String] = []
    errno = 0
    while let entry = readdir(list) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    guard errno == 0 else {
      throw .system(operation: "list the folder", path: folder, code: errno)
    }
    return names.sorted()
  }

  static func remove(_ path: String) throws(StorageError) {
    guard unlink(path) == 0 || errno == ENOENT else {
      throw .system(operation: "delete the file", path: path, code: errno)
    }
  }

  /// Whether something is at a path.
  ///
  /// - Throws: `StorageError.system` when it cannot be told, as in a folder that may not be read.
  public static func isThere(_ path: String) throws(StorageError) -> Bool {
    var status = stat()
    if stat(path, &status) == 0 { return true }
    if errno == ENOENT || errno == ENOTDIR { return false }
    throw .system(operation: "look at the file", path: path, code: errno)
  }

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  package static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  static func name(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
  }
}

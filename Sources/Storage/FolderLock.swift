import Glibc

/// Keeps other processes, and other writers of this one, from writing in a folder.
final class FolderLock: Sendable {
  private let folder: OpenFile

  /// - Throws: `StorageError.storeInUse` when another holds it.
  init(_ path: String) throws(StorageError) {
    folder = try OpenFile(reading: path)
    guard flock(folder.descriptor, LOCK_EX | LOCK_NB) == 0 else {
      if errno == EWOULDBLOCK { throw .storeInUse(path: path) }
      throw .system(operation: "lock the folder", path: path, code: errno)
    }
  }
}

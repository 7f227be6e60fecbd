import Glibc

/// Keeps other processes, and other writers of this one, out of a folder until it is dropped.
///
/// A killed process lets go at once.
public final class FolderLock: Sendable {
  private let folder: OpenFile

  /// Takes the lock.
  ///
  /// - Throws: `StorageError.storeInUse` when another holds it.
  public init(_ path: String) throws(StorageError) {
    folder = try OpenFile(reading: path)
    guard flock(folder.descriptor, LOCK_EX | LOCK_NB) == 0 else {
      if errno == EWOULDBLOCK { throw .storeInUse(path: path) }
      throw .system(operation: "lock the folder", path: path, code: errno)
    }
  }

  deinit {
    // Closing is not enough: a process that is being spawned holds the descriptor a moment longer.
    flock(folder.descriptor, LOCK_UN)
  }
}

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

  /// Makes a folder that its last user deletes, and takes the lock on it.
  ///
  /// - Throws: `StorageError.storeInUse` when another holds it.
  public static func making(_ path: String) throws(StorageError) -> FolderLock {
    // Another process may come to its end and delete the folder between any two calls.
    for _ in 0..<100 {
      do throws(StorageError) {
        try AtomicFile.makeFolder(path)
        let lock = try FolderLock(path)
        if lock.isOf(path) { return lock }
      } catch {
        guard case .system(_, _, let code) = error, [ENOENT, EEXIST].contains(code),
          !AtomicFile.exists(path)
        else { throw error }
      }
    }
    throw .storeInUse(path: path)
  }

  /// Whether the folder at a path is the one that is locked.
  private func isOf(_ path: String) -> Bool {
    var (own, other) = (stat(), stat())
    return fstat(folder.descriptor, &own) == 0 && stat(path, &other) == 0
      && (own.st_dev, own.st_ino) == (other.st_dev, other.st_ino)
  }

  deinit {
    // Closing is not enough: a process that is being spawned holds the descriptor a moment longer.
    flock(folder.descriptor, LOCK_UN)
  }
}

import Glibc
import Tensors

/// A file descriptor that closes itself; reads and writes at absolute places, whole or not at all.
///
/// Safe to use from several threads at once.
final class OpenFile: Sendable {
  let path: String
  let descriptor: Int32

  /// Opens what is there for reading; a pipe that nobody writes to is not waited for.
  init(reading path: String) throws(StorageError) {
    self.path = path
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    if descriptor < 0 { throw .system(operation: "open the file", path: path, code: errno) }
  }

  /// - Parameter shown: what errors call the file; nil: its path.
  init(
    writing file: String, creating: Bool, shownAs shown: String? = nil
  ) throws(StorageError) {
    path = shown ?? file
    let flags = creating ? O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC : O_RDWR | O_CLOEXEC
    descriptor = open(file, flags, 0o666)
    if descriptor < 0 {
      let operation = creating ? "create the file" : "open the file for writing"
      throw .system(operation: operation, path: path, code: errno)
    }
  }

  deinit { close(descriptor) }

  /// The file's length in bytes.
  func length() throws(StorageError) -> Int {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw .system(operation: "look at the file", path: path, code: errno)
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw .system(operation: "read the file", path: path, code: EISDIR)
    default: throw .system(operation: "read a device or pipe", path: path, code: ESPIPE)
    }
    return Int(status.st_size)
  }

  /// Reads `count` bytes at `offset`; a file that ends before is an error.
  func read(
    into target: UnsafeMutableRawPointer, count: Int, at offset: Int
  ) throws(StorageError) {
    var done = 0
    while done < count {
      let got = pread(descriptor, target + done, count - done, off_t(offset + done))
      if got < 0 && errno == EINTR { continue }
      if got < 0 { throw .system(operation: "read the file", path: path, code: errno) }
      if got == 0 {
        throw .wrongLength(expected: offset + count, found: offset + done, file: path)
      }
      done += got
    }
  }

  /// Writes `count` bytes at `offset`.
  func write(
    _ source: UnsafeRawPointer, count: Int, at offset: Int
  ) throws(StorageError) {
    var done = 0
    while done < count {
      let wrote = pwrite(descriptor, source + done, count - done, off_t(offset + done))
      if wrote < 0 && errno == EINTR { continue }
      if wrote < 0 { throw .system(operation: "write the file", path: path, code: errno) }
      done += wrote
    }
  }

  /// Adds the bytes of a range to a hasher, 1 MiB at a time.
  func hash(_ range: Range<Int>, into hasher: SHA256) throws(StorageError) {
    let piece = Buffer<UInt8>(uninitialized: min(range.count, 1 << 20))
    var position = range.lowerBound
    while position < range.upperBound {
      let count = min(piece.count, range.upperBound - position)
      try read(into: piece.base, count: count, at: position)
      hasher.update(UnsafeRawBufferPointer(start: piece.base, count: count))
      position += count
    }
  }

  /// Waits until the bytes are on the disk.
  func synchronize() throws(StorageError) {
    while fsync(descriptor) != 0 {
      if errno == EINTR { continue }
      throw .system(operation: "flush the file to the disk", path: path, code: errno)
    }
  }
}

import Foundation
import Storage
import Tensors

/// The bytes of a whole file.
///
/// Read, not mapped: a mapped file that is shortened meanwhile would kill the process.
func readBytes(_ path: String) throws -> [UInt8] {
  // A pipe that nobody writes to is not waited for.
  let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
  guard descriptor >= 0 else {
    throw StorageError.system(operation: "open the file", path: path, code: errno)
  }
  defer { close(descriptor) }
  var status = stat()
  guard fstat(descriptor, &status) == 0 else {
    throw StorageError.system(operation: "look at the file", path: path, code: errno)
  }
  switch status.st_mode & S_IFMT {
  case S_IFREG: break
  case S_IFDIR: throw StorageError.system(operation: "read the file", path: path, code: EISDIR)
  default: throw StorageError.system(operation: "read a device or pipe", path: path, code: ESPIPE)
  }
  let size = Int(status.st_size)
  guard size <= Memory.available else {
    throw CheckpointError.tooLarge(bytes: size, file: path)
  }
  var failure: Int32 = 0
  let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
    while count < size, let base = buffer.baseAddress {
      let got = read(descriptor, base + count, size - count)
      if got < 0 && errno == EINTR { continue }
      if got < 0 { failure = errno }
      if got <= 0 { return }
      count += got
    }
  }
  if failure != 0 {
    throw StorageError.system(operation: "read the file", path: path, code: failure)
  }
  return bytes
}

import Glibc
import Tensors

/// Plain files, read and written as simply as the system allows.
enum PlainFile {
  /// Bytes of a call.
  static let piece = 8 << 20

  /// Writes `count` bytes in pieces from the start of `source`, to the disk, under their final name.
  static func write(_ path: String, _ source: Buffer<Float>, count: Int) throws {
    let descriptor = open(path + ".partial", O_WRONLY | O_CREAT | O_TRUNC, 0o666)
    guard descriptor >= 0 else { throw BenchError.system(operation: "create", path: path) }
    defer { close(descriptor) }
    var done = 0
    let length = source.count * 4
    while done < count {
      let start = done % length
      let size = min(piece, count - done, length - start)
      let wrote = Glibc.write(descriptor, UnsafeRawPointer(source.base) + start, size)
      guard wrote > 0 else { throw BenchError.system(operation: "write", path: path) }
      done += wrote
    }
    guard fsync(descriptor) == 0, rename(path + ".partial", path) == 0 else {
      throw BenchError.system(operation: "finish", path: path)
    }
  }

  /// Reads a file to its end into the same memory again and again.
  static func read(_ path: String, into target: Buffer<Float>) throws {
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { throw BenchError.system(operation: "open", path: path) }
    defer { close(descriptor) }
    while true {
      let got = Glibc.read(descriptor, target.base, min(piece, target.count * 4))
      if got == 0 { return }
      guard got > 0 else { throw BenchError.system(operation: "read", path: path) }
    }
  }

  /// Makes the system forget what it keeps of a file in memory.
  static func forget(_ path: String) {
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { return }
    posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
    close(descriptor)
  }

  /// Bytes free for files in a folder.
  static func freeBytes(_ folder: String) -> Int {
    var status = statvfs()
    guard statvfs(folder, &status) == 0 else { return 0 }
    return Int(status.f_bavail) * Int(status.f_frsize)
  }
}

/// Reading all of a block of memory on the workers: the rate that a scan cannot exceed.
struct MemoryScan {
  private let block: Buffer<Float>

  /// A block of so many bytes.
  init(bytes: Int) {
    block = Buffer(uninitialized: bytes / 4)
    let block = block
    Workers.run(over: block.count, grain: 1 << 20) {
      (block.base + $0.lowerBound).update(repeating: 1, count: $0.count)
    }
  }

  /// Seconds of a sum of all of it.
  func time() -> Double {
    let block = block
    return seconds {
      Workers.run(over: block.count, grain: 1 << 20) { range in
        precondition(VectorMath.sum(block.base + range.lowerBound, count: range.count) > 0)
      }
    }
  }
}

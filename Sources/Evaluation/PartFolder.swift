import Foundation
import Storage
import Synchronization

/// One small file for each part (a model, some masks) of a bank that is being made, so that a killed job goes on.
///
/// Each begins with the SHA-256 of what follows it; a file that does not fit is made again.
package struct PartFolder: Sendable {
  /// The folder.
  package let path: String
  /// What the parts are made from.
  let fingerprint: Fingerprint

  /// Parts in a folder, made from something.
  package init(path: String, fingerprint: Fingerprint) {
    (self.path, self.fingerprint) = (path, fingerprint)
  }

  /// Makes the folder, or finds the one to go on with, and keeps other processes out of it.
  ///
  /// Nothing is looked at or deleted before the lock is held.
  ///
  /// - Parameter overwrite: whether parts of another bank are deleted; else they are refused.
  /// - Returns: the lock, to be held until the parts are deleted.
  /// - Throws: `StorageError.storeInUse` when another process makes the bank;
  ///   `StorageError.fingerprintMismatch` naming the field, those of the machine included.
  package func prepare(overwrite: Bool = false) throws -> FolderLock {
    let lock = try FolderLock.making(path)
    let key = fingerprint.fields.map { "\($0.name)=\($0.value)" }.joined(separator: "\n")
    let label = path + "/made-from.txt"
    let found = try? String(contentsOfFile: label, encoding: .utf8)
    if found != key {
      if let found, !overwrite {
        try Fingerprint.requireEqual(
          expected: fingerprint, found: PartFolder.fields(of: found), file: path, for: .goingOn)
      }
      // The folder itself stays: the lock is on it.
      for name in try AtomicFile.names(in: path) { try AtomicFile.removeAll("\(path)/\(name)") }
    }
    for file in AtomicFile.leftovers(in: path) { try AtomicFile.removeAll(file) }
    try AtomicFile.write(key, to: label)
    return lock
  }

  /// Deletes what a process left that was killed between the finished file and the end of its parts.
  ///
  /// Nothing while another process works here, or where nothing may be deleted: whoever reads the
  /// finished file has no need of it.
  package func discardLeftovers() {
    guard (try? AtomicFile.isThere(path)) == true, let lock = try? FolderLock.making(path)
    else { return }
    try? AtomicFile.removeAll(path)
    withExtendedLifetime(lock) {}
  }

  private static func fields(of label: String) -> Fingerprint {
    var result = Fingerprint()
    for line in label.split(separator: "\n") {
      let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(parts[0])
      if parts.count == 2 && result[name] == nil { result.append(name, String(parts[1])) }
    }
    return result.withPresentNames
  }

  private func file(_ part: Int) -> String { "\(path)/\(part).part" }

  /// Writes a part, whole or not at all.
  package func write(_ values: [Float], _ part: Int) throws {
    let bytes = values.withUnsafeBytes { Array($0) }
    try AtomicFile.write(SHA256.digest(of: bytes).bytes + bytes, to: file(part))
  }

  /// Whether a part is there and as it was written.
  package func has(_ part: Int) -> Bool { contents(part) != nil }

  /// A part of so many values.
  ///
  /// - Throws: `EvaluationError.notABank` for one that is not as it was written.
  package func read(_ part: Int, count: Int) throws -> [Float] {
    guard let bytes = contents(part), bytes.count == count * 4 else {
      throw EvaluationError.notABank(problem: "part \(part) is damaged", file: file(part))
    }
    return [Float](unsafeUninitializedCapacity: count) { buffer, filled in
      bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0) }
      filled = count
    }
  }

  private func contents(_ part: Int) -> [UInt8]? {
    guard let data = FileManager.default.contents(atPath: file(part)),
      data.count >= Digest.byteCount
    else { return nil }
    let bytes = [UInt8](data)
    let body = Array(bytes[Digest.byteCount...])
    return SHA256.digest(of: body).bytes == Array(bytes[..<Digest.byteCount]) ? body : nil
  }
}

/// The first error of several workers, and a count of what went well.
final class Failure: Sendable {
  private let state = Mutex<(error: (any Error)?, done: Int)>((nil, 0))

  var happened: Bool { state.withLock { $0.error != nil } }

  func note(_ error: any Error) { state.withLock { if $0.error == nil { $0.error = error } } }

  func countDone() -> Int {
    state.withLock {
      $0.done += 1
      return $0.done
    }
  }

  func rethrow() throws {
    if let error = state.withLock({ $0.error }) { throw error }
  }
}

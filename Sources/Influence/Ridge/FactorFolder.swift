import Foundation
import Storage
import Synchronization
import Tensors

/// The factors that a run keeps, within a budget of bytes: one file each, `factors/LABEL-HASH.h5`.
///
/// The hash is that of the fingerprint, so that factors of other choices stand side by side while
/// there is room. A factor that does not fit takes the place of the least recently made ones that
/// nothing of this object's life has read or written: the factors of one command never push each
/// other out, and when all of them do not fit the first ones stay. What cannot be kept is said in
/// the outcome, never an error: the scores do not depend on it.
public final class FactorFolder: Sendable {
  /// Bytes that kept factors may take unless told otherwise: 8 GB.
  public static let standardBudget = 8_000_000_000

  /// What became of a factor that was to be kept.
  public enum Outcome: Equatable, Sendable {
    /// It is there; files that had to go for it.
    case kept(path: String, bytes: Int, deleted: [String])
    /// It is not; why, as a sentence.
    case notKept(reason: String)
  }

  /// The folder.
  public let path: String
  /// Bytes that its files may take together; 0 keeps and reads nothing.
  public let budget: Int
  private let used = Mutex<Set<String>>([])

  /// A folder, made when the first factor is kept.
  public init(_ path: String, budget: Int = FactorFolder.standardBudget) {
    (self.path, self.budget) = (path, budget)
  }

  /// Where a factor stands.
  ///
  /// - Parameter label: letters, digits, `-` and `.`, such as `epoch-010-trak`; others become `-`.
  public func file(_ label: String, _ fingerprint: Fingerprint) -> String {
    let text = fingerprint.fields.map { "\($0.name)=\($0.value)" }.joined(separator: "\n")
    let hash = "\(SHA256.digest(of: Array(text.utf8)))".prefix(16)
    return "\(path)/\(FactorFolder.fileLabel(label))-\(hash).h5"
  }

  /// Letters and digits as they are, what a path could not hold as `-`.
  private static func fileLabel(_ label: String) -> String {
    String(
      label.unicodeScalars.map { scalar in
        let isPlain = scalar.isASCII && scalar.properties.isAlphabetic
        let isDigit = ("0"..."9").contains(scalar)
        return isPlain || isDigit || scalar == "." ? Character(scalar) : "-"
      })
  }

  /// A factor that was kept.
  ///
  /// - Returns: the factor, nil when there is none; a note when a file of this label was made from
  ///   something else, naming what, or is damaged.
  package func factor(
    _ label: String, _ fingerprint: Fingerprint
  ) -> (factor: KeptFactor?, note: String?) {
    guard budget > 0 else { return (nil, nil) }
    let file = file(label, fingerprint)
    guard FileManager.default.fileExists(atPath: file) else {
      return (nil, difference(label, fingerprint))
    }
    do throws(StorageError) {
      let factor = try KeptFactor(file, fingerprint: fingerprint)
      used.withLock { _ = $0.insert(file) }
      return (factor, nil)
    } catch {
      return (nil, "\(file) is of no use (\(error.what)): it is made again")
    }
  }

  /// What sets the newest file of a label apart from a fingerprint.
  private func difference(_ label: String, _ fingerprint: Fingerprint) -> String? {
    let prefix = "\(path)/\(FactorFolder.fileLabel(label))-"
    // The hash has 16 digits: a longer rest belongs to a longer label.
    guard
      let newest = files().last(where: {
        $0.path.hasPrefix(prefix) && $0.path.count == prefix.count + 19
      }), let file = try? SealedFile(newest.path),
      let found = try? Fingerprint(from: file.hdf5)
    else { return nil }
    do throws(StorageError) {
      try Fingerprint.requireEqual(expected: fingerprint, found: found, file: newest.path)
      return nil
    } catch {
      return "\(newest.path) is of something else and not used: \(error.what)"
    }
  }

  /// Keeps a factor when there is room, or room can be made.
  ///
  /// Leftovers of killed processes are deleted. Two processes do not write at a time: the later one
  /// does not keep its factor.
  package func keep(
    _ factor: RidgeFactor, _ contents: KeptFactor.Contents, label: String,
    fingerprint: Fingerprint
  ) -> Outcome {
    let needed = KeptFactor.byteCount(
      order: factor.order, isSingle: factor.isSingle, targets: contents.residuals?.columns ?? 0)
    guard needed <= budget else {
      return .notKept(
        reason: budget == 0
          ? "keeping factors is off"
          : "a factor takes \(gigabytes(needed)), the budget is \(gigabytes(budget))")
    }
    let file = file(label, fingerprint)
    do throws(StorageError) {
      try AtomicFile.makeFolder(path)
      let lock = try FolderLock(path)
      defer { withExtendedLifetime(lock) {} }
      for leftover in AtomicFile.leftovers(in: path) { unlink(leftover) }
      guard let deleted = makeRoom(for: needed, instead: file) else {
        return .notKept(
          reason: "\(gigabytes(needed)) more do not fit into \(gigabytes(budget)) "
            + "beside the factors that are in use")
      }
      try KeptFactor.write(factor, contents, fingerprint: fingerprint, to: file)
      used.withLock { _ = $0.insert(file) }
      return .kept(path: file, bytes: size(file), deleted: deleted)
    } catch {
      return .notKept(reason: error.what)
    }
  }

  /// Deletes the oldest files that are not in use until some bytes fit.
  ///
  /// - Returns: what was deleted; nil, and nothing is deleted, when it would not be enough.
  private func makeRoom(for needed: Int, instead file: String) -> [String]? {
    let used = used.withLock { $0 }
    let others = files().filter { $0.path != file }
    var total = others.reduce(0) { $0 + $1.bytes }
    var deleted: [String] = []
    for other in others where total + needed > budget && !used.contains(other.path) {
      total -= other.bytes
      deleted.append(other.path)
    }
    guard total + needed <= budget else { return nil }
    for path in deleted { unlink(path) }
    return deleted
  }

  /// The files of factors, the oldest first.
  private func files() -> [(path: String, bytes: Int)] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    var found: [(made: Int, path: String, bytes: Int)] = []
    for name in names where name.hasSuffix(".h5") && !name.hasPrefix(".") {
      var status = stat()
      guard stat("\(path)/\(name)", &status) == 0 else { continue }
      let made = status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
      found.append((made, "\(path)/\(name)", Int(status.st_size)))
    }
    return found.sorted { ($0.made, $0.path) < ($1.made, $1.path) }.map { ($0.path, $0.bytes) }
  }

  private func size(_ file: String) -> Int {
    var status = stat()
    return stat(file, &status) == 0 ? Int(status.st_size) : 0
  }
}

/// Bytes in words.
private func gigabytes(_ bytes: Int) -> String {
  bytes < 100_000_000 ? "\(short(Double(bytes) / 1e6)) MB" : "\(short(Double(bytes) / 1e9)) GB"
}

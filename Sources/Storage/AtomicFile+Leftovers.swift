import Foundation
import Synchronization
import SystemPackage

/// What killed processes left half-written.
extension AtomicFile {
  /// The files in the folder of `path` that are being, or were left, half-written for `path`.
  public static func leftovers(of path: String) -> [String] {
    let path = FilePath(path)
    return leftovers(in: path.folder.string).filter {
      parts(of: FilePath($0).name)?.name == path.name
    }
  }

  /// All half-written files in a folder, not in folders below it.
  public static func leftovers(in folder: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasPrefix(".") && $0.hasSuffix(suffix) }.sorted()
      .map { "\(folder)/\($0)" }
  }

  /// Folders that were looked through: once is enough, and a bank has a file for every model.
  private static let visited = Mutex<Set<String>>([])

  /// Deletes the half-written files in a folder whose process no longer lives; looks once a folder.
  ///
  /// A process that still writes keeps its files, and so does one whose number was given to another
  /// since. What cannot be deleted is left: the write that follows says why.
  static func removeAbandoned(in folder: String) {
    guard visited.withLock({ $0.insert(folder).inserted }) else { return }
    for file in leftovers(in: folder) {
      guard let process = parts(of: FilePath(file).name)?.process, isGone(process) else { continue }
      unlink(file)
    }
  }

  private static func isGone(_ process: pid_t) -> Bool { kill(process, 0) != 0 && errno == ESRCH }

  /// The name that a half-written file was to get, and the process that wrote it; nil for names
  /// that are not `.NAME.PID-COUNT.ascribe-partial`.
  private static func parts(of temporary: String) -> (name: String, process: pid_t)? {
    guard temporary.hasPrefix("."), temporary.hasSuffix(suffix) else { return nil }
    let inner = temporary.dropFirst().dropLast(suffix.count)
    guard let dot = inner.lastIndex(of: ".") else { return nil }
    let numbers = inner[inner.index(after: dot)...].split(
      separator: "-", omittingEmptySubsequences: false)
    guard numbers.count == 2, let process = pid_t(numbers[0]), process > 0, Int(numbers[1]) != nil
    else { return nil }
    return (String(inner[..<dot]), process)
  }
}

import Foundation

/// The memory that Linux lets this process's control group have, as containers and schedulers set it.
enum ControlGroup {
  /// Bytes; nil without a limit.
  static let own: Int? = limit(membership: "/proc/self/cgroup", root: "/sys/fs/cgroup")

  /// The least `memory.max` of a group and of those that it is in; nil where none is a number.
  ///
  /// - Parameters:
  ///   - membership: a file with a line `0::/path/of/the/group`, of version 2.
  ///   - root: where the groups stand as folders.
  static func limit(membership: String, root: String) -> Int? {
    guard let text = try? String(contentsOfFile: membership, encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("0::/") })
    else { return nil }
    var path = line.dropFirst(4).split(separator: "/")
    var least: Int?
    while true {
      let file = ([root] + path.map(String.init) + ["memory.max"]).joined(separator: "/")
      let words = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
      if let bytes = Int(words.trimmingCharacters(in: .whitespacesAndNewlines)) {
        least = min(least ?? bytes, bytes)
      }
      if path.popLast() == nil { return least }
    }
  }
}

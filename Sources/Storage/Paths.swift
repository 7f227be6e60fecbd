import Foundation

/// A folder's place seen from another folder: `../../Examples`.
package func relativePath(of folder: String, from base: String) -> String {
  let target = absoluteParts(folder)
  let start = absoluteParts(base)
  let shared = zip(target, start).prefix { $0 == $1 }.count
  let up = Array(repeating: "..", count: start.count - shared)
  let parts = up + target[shared...]
  return parts.isEmpty ? "." : parts.joined(separator: "/")
}

/// The components of a path from the root, without `.` and `..`.
package func absoluteParts(_ path: String) -> [String] {
  let full =
    path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
  var parts: [String] = []
  for part in full.split(separator: "/") where part != "." {
    if part == ".." { _ = parts.popLast() } else { parts.append(String(part)) }
  }
  return parts
}

/// Whether a file or a folder is there.
package func fileExists(_ path: String) -> Bool { access(path, F_OK) == 0 }

/// Whether a folder is there.
package func isFolder(_ path: String) -> Bool {
  var status = stat()
  return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

/// Makes a folder and those above it.
package func makeFolder(_ path: String) throws(StorageError) {
  try AtomicFile.makeFolder(path)
}

/// Deletes a file, or a folder with what is in it, if it is there.
package func removeIfPresent(_ path: String) throws(StorageError) { try AtomicFile.removeAll(path) }

/// The names in a folder, sorted; none when it is not there.
package func names(in folder: String) -> [String] {
  ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
}

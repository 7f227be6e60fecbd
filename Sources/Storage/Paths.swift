import Foundation
import SystemPackage

/// Paths are computed with as `FilePath`; files, errors and answers say them as text.
extension FilePath {
  /// The folder that it is in: `.` of a name alone, `/` of the root.
  package var folder: FilePath {
    let above = removingLastComponent()
    return above.isEmpty ? "." : above
  }

  /// The last name; empty of the root.
  package var name: String { lastComponent?.string ?? "" }

  /// The file of another ending in place of `.h5` beside it: `train.shards` for `train.h5`.
  package func beside(endingIn ending: String) -> FilePath {
    let stem = name.hasSuffix(".h5") && name.count > 3 ? String(name.dropLast(3)) : name
    return folder.appending("\(stem).\(ending)")
  }

  /// The same place seen from another folder: `../../Examples`.
  package func relative(to base: FilePath) -> FilePath {
    let (target, start) = (Array(absolute.components), Array(base.absolute.components))
    let shared = zip(target, start).prefix { $0 == $1 }.count
    let up = Array(repeating: FilePath.Component(".."), count: start.count - shared)
    let path = FilePath(root: nil, up + target[shared...])
    return path.isEmpty ? "." : path
  }

  /// The place from the root, without `.` and `..`.
  package var absolute: FilePath {
    FilePath(FileManager.default.currentDirectoryPath).pushing(self).lexicallyNormalized()
  }
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
package func removeIfPresent(_ path: String) throws(StorageError) {
  try AtomicFile.removeAll(path)
}

/// The names in a folder, sorted; none when it is not there.
package func names(in folder: String) -> [String] {
  ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
}

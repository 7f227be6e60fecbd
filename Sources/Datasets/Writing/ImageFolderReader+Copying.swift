import Foundation
import Storage

extension ImageFolderReader {
  /// Copies some of the images into a folder, under their relative paths.
  ///
  /// - Parameter rows: in the order of the ids.
  func copy(_ rows: [Int], to target: String) throws {
    let names = try list().images
    for row in rows {
      let path = "\(target)/\(names[row])"
      try AtomicFile.makeFolder((path as NSString).deletingLastPathComponent)
      try AtomicFile.write(try FileBytes("\(folder)/\(names[row])").bytes, to: path)
    }
  }
}

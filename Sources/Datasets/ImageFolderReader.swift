import Foundation
import Images
import Storage
import Tensors

/// Reads a folder of images: a sub-folder for each class, PNG and JPEG files in it or below it.
///
/// Ids are paths relative to the folder, in the order of their UTF-8 bytes. The examples are
/// n × channels × height × width, 0 to 255.
struct ImageFolderReader: Sendable {
  var folder: String
  /// Height and width that all images are brought to; nil: all must have the same.
  var size: (height: Int, width: Int)?
  /// 1 or 3; nil: 3 when an image has colour.
  var channels: Int?

  func read() throws -> RawExamples {
    let found = try list()
    let names = found.images
    let images = try decoded(names)
    let channels = channels ?? (images.contains { $0.channels == 3 } ? 3 : 1)
    let (height, width) = size ?? (images[0].height, images[0].width)
    if size == nil {
      for (name, image) in zip(names, images) where (image.height, image.width) != (height, width) {
        throw DatasetError.otherImageSize(
          file: "\(folder)/\(name)", found: [image.height, image.width],
          expected: [height, width], first: names[0])
      }
    }
    let area = channels * height * width
    let bytes = checkedProduct([images.count, channels, height, width, 4], limit: .max / 2)
    try checkMemory(bytes ?? .max, for: folder)
    let inputs = Tensor(uninitialized: [images.count, channels, height, width])
    let target = inputs.storage
    Workers.run(over: images.count, grain: 16) { rows in
      for row in rows {
        images[row].planes(
          channels: channels, height: height, width: width, into: target.base + row * area)
      }
    }
    let classes = names.map { String($0.prefix { $0 != "/" }) }
    var examples = RawExamples(
      file: folder, labelFile: folder, ids: names.map { ExampleID($0) }, inputs: inputs,
      labels: .words(classes, places: { .row($0) }))
    examples.areByteImages = true
    examples.reading = reading(images, channels, height, width, found, Set(classes))
    return examples
  }

  /// What the images are, what was changed in reading them, and what was passed over.
  private func reading(
    _ images: [PixelImage], _ channels: Int, _ height: Int, _ width: Int, _ found: Listing,
    _ classes: Set<String>
  ) -> SourceReading {
    var reading = SourceReading()
    reading.inputs =
      "pictures of \(height) × \(width) pixels, \(channels == 1 ? "gray" : "red, green and blue")"
    reading.labels = "the folder of each"
    func note(_ count: Int, _ what: String) {
      if count > 0 {
        reading.notes.append("\(count) \(count == 1 ? "picture" : "pictures"): \(what)")
      }
    }
    func count(_ trait: PixelImage.Traits) -> Int { images.count { $0.traits.contains(trait) } }
    note(
      images.count { ($0.height, $0.width) != (height, width) },
      "resized to \(height) × \(width)")
    note(
      images.count { $0.channels != channels },
      channels == 1 ? "colour became gray" : "gray repeated as red, green and blue")
    note(count(.transparency), "transparency dropped, what is hidden keeps its colour")
    note(count(.inks), "inks (CMYK) became red, green and blue")
    note(count(.turned), "the camera noted that it was turned; taken as they are stored")
    note(images.count { $0.fine != nil }, "16 bits a channel, over 65,535")
    if images.count > 1, images.dropFirst().allSatisfy({ $0.pixels == images[0].pixels }) {
      reading.notes.append("all pictures are equal")
    }
    reading.notes += found.notes(classes)
    return reading
  }

  /// What a folder has.
  struct Listing {
    /// Relative paths of what is read, sorted.
    var images: [String] = []
    /// Relative paths of what is not.
    var others: [String] = []
    /// Names of the folders in the folder.
    var folders: [String] = []

    /// What was passed over: classes of nothing that is read, and files by the ends of their names.
    func notes(_ classes: Set<String>) -> [String] {
      var notes: [String] = []
      let empty = folders.filter { !classes.contains($0) }.sorted()
      if !empty.isEmpty {
        notes.append(
          "\(empty.count == 1 ? "folder" : "folders") without pictures that are read, so no "
            + "\(empty.count == 1 ? "class" : "classes"): \(empty.quotedList)")
      }
      if !others.isEmpty {
        let kinds = Dictionary(grouping: others) { name -> String in
          name.split(separator: "/").last?.split(separator: ".").dropFirst().last
            .map { ".\($0.lowercased())" } ?? "without an ending"
        }
        let text = kinds.sorted { $0.key < $1.key }.map { "\($0.value.count) \($0.key)" }
        notes.append(
          "passed over, neither PNG nor JPEG: \(others.count) "
            + "\(others.count == 1 ? "file" : "files") (\(text.joined(separator: ", ")))")
      }
      return notes
    }
  }

  func list() throws(DatasetError) -> Listing {
    var status = stat()
    guard stat(folder, &status) == 0 else {
      if errno == ENOENT || errno == ENOTDIR { throw .missingFile(folder) }
      throw .unreadableFile(folder, reason: String(cString: strerror(errno)))
    }
    guard status.st_mode & S_IFMT == S_IFDIR else { throw .notAFolder(folder) }
    var found = Listing()
    try list(below: "", &found)
    guard !found.images.isEmpty else { throw .noImages(folder) }
    found.images.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    return found
  }

  /// Lists what is in a folder and those below it, hidden files left out.
  private func list(below parent: String, _ found: inout Listing) throws(DatasetError) {
    let path = parent.isEmpty ? folder : "\(folder)/\(parent)"
    let names: [String]
    do throws(StorageError) { names = try AtomicFile.names(in: path) } catch {
      guard case .system(_, _, let code) = error else { return }
      throw .unreadableFile(path, reason: String(cString: strerror(code)))
    }
    for name in names where !name.hasPrefix(".") {
      let relative = parent.isEmpty ? name : "\(parent)/\(name)"
      var status = stat()
      // Links to folders are not followed: they may lead back.
      if lstat("\(folder)/\(relative)", &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
        if parent.isEmpty { found.folders.append(name) }
        try list(below: relative, &found)
      } else if isImage(name) {
        guard !parent.isEmpty else { throw .imageWithoutClass(file: "\(folder)/\(name)") }
        found.images.append(relative)
      } else {
        found.others.append(relative)
      }
    }
  }

  private func isImage(_ name: String) -> Bool {
    let name = name.lowercased()
    return [".png", ".jpg", ".jpeg"].contains { name.hasSuffix($0) }
  }

  /// The images in order; the error is that of the first one that cannot be read.
  private func decoded(_ names: [String]) throws -> [PixelImage] {
    let blocks = (0..<names.count).blocks(of: 16)
    return try Workers.map(slices: blocks.count) { block in
      try blocks[block].map { try PixelImage(reading: "\(folder)/\(names[$0])") }
    }.flatMap { $0 }
  }
}

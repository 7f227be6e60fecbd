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
    let names = try list()
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
    return examples
  }

  /// The images' relative paths, sorted.
  private func list() throws(DatasetError) -> [String] {
    var status = stat()
    guard stat(folder, &status) == 0 else {
      if errno == ENOENT || errno == ENOTDIR { throw .missingFile(folder) }
      throw .unreadableFile(folder, reason: String(cString: strerror(errno)))
    }
    guard status.st_mode & S_IFMT == S_IFDIR else { throw .notAFolder(folder) }
    let names = try images(below: "")
    guard !names.isEmpty else { throw .noImages(folder) }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// The relative paths of the images in a folder and those below it, hidden ones left out.
  private func images(below parent: String) throws(DatasetError) -> [String] {
    let path = parent.isEmpty ? folder : "\(folder)/\(parent)"
    let names: [String]
    do throws(StorageError) { names = try AtomicFile.names(in: path) } catch {
      guard case .system(_, _, let code) = error else { return [] }
      throw .unreadableFile(path, reason: String(cString: strerror(code)))
    }
    var found: [String] = []
    for name in names where !name.hasPrefix(".") {
      let relative = parent.isEmpty ? name : "\(parent)/\(name)"
      var status = stat()
      // Links to folders are not followed: they may lead back.
      if lstat("\(folder)/\(relative)", &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
        found += try images(below: relative)
      } else if isImage(name) {
        guard !parent.isEmpty else { throw .imageWithoutClass(file: "\(folder)/\(name)") }
        found.append(relative)
      }
    }
    return found
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

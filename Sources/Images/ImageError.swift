import Tensors

/// What can be wrong with an image; every case is bad input, exit code 3.
public enum ImageError: DiagnosableError, Equatable {
  /// An image of no pixels.
  case emptyImage(width: Int, height: Int)
  /// More or fewer values than the size says.
  case wrongPixelCount(width: Int, height: Int, channels: Int, found: Int)
  /// libpng refused to write the image.
  case cannotEncode(width: Int, height: Int, reason: String)
  /// The bytes do not begin as a PNG file does.
  case notPNG(name: String)
  /// The file begins as a PNG file and goes wrong later.
  case malformedPNG(name: String, reason: String)
  /// The bytes do not begin as a JPEG file does.
  case notJPEG(name: String)
  /// The file begins as a JPEG file and goes wrong later, or ends early.
  case malformedJPEG(name: String, reason: String)
  /// More pixels than the reader accepts.
  case tooManyPixels(name: String, width: Int, height: Int, limit: Int)

  /// What went wrong, with the values that show it.
  public var what: String {
    switch self {
    case .emptyImage(let width, let height):
      "an image of \(width) × \(height) pixels has nothing to show."
    case .wrongPixelCount(let width, let height, let channels, let found):
      "\(found) values do not make \(width) × \(height) pixels of \(channels) each."
    case .cannotEncode(let width, let height, let reason):
      "an image of \(width) × \(height) pixels cannot be written as PNG: \(reason)."
    case .notPNG(let name): "\(name) is not a PNG file."
    case .malformedPNG(let name, let reason): "\(name) is a damaged PNG file: \(reason)."
    case .notJPEG(let name): "\(name) is not a JPEG file."
    case .malformedJPEG(let name, let reason): "\(name) is a damaged JPEG file: \(reason)."
    case .tooManyPixels(let name, let width, let height, let limit):
      "\(name) has \(width) × \(height) pixels, more than \(limit)."
    }
  }

  /// The file, or the image in memory.
  public var location: String {
    switch self {
    case .emptyImage, .wrongPixelCount, .cannotEncode: "image in memory"
    case .notPNG(let name), .malformedPNG(let name, _), .tooManyPixels(let name, _, _, _),
      .notJPEG(let name), .malformedJPEG(let name, _):
      name
    }
  }

  /// What the user can do about it.
  public var remedy: String {
    switch self {
    case .emptyImage: "give an image at least one pixel wide and high."
    case .wrongPixelCount: "give width · height · channels values, row by row."
    case .cannotEncode: "make the image smaller, at most 1,000,000 pixels wide and high."
    case .notPNG: "convert the file to PNG, or remove it from the folder."
    case .notJPEG: "convert the file to JPEG or PNG, or remove it from the folder."
    case .malformedPNG, .malformedJPEG: "copy the file again from where it came from, or remove it."
    case .tooManyPixels: "shrink the image first."
    }
  }
}

import Text

extension Tokenizer {
  /// Reads a `tokenizer.json`.
  ///
  /// - Throws: `DatasetError` for a file that cannot be read, `TextError` naming the field that is
  ///   damaged or not supported.
  public init(contentsOf file: String) throws {
    try self.init(parsing: try FileBytes(file).bytes, file: file)
  }
}

extension DataPlace {
  /// A place in a file of JSON.
  init(_ place: TextPlace) {
    switch place {
    case .file: self = .file
    case .byte(let offset): self = .byte(offset)
    case .line(let line): self = .line(line)
    case .member(let line, let path): self = .member(line: line, path: path)
    }
  }
}

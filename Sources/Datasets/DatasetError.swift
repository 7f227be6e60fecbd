import Tensors

/// A place inside a data file.
public enum DataPlace: Sendable, Equatable, CustomStringConvertible {
  /// The file as a whole.
  case file
  /// An offset in bytes.
  case byte(Int)
  /// A line of text, from 1.
  case line(Int)
  /// A line of text, from 1, and a column by number, from 0, or name.
  case field(line: Int, column: String)
  /// An example, from 0.
  case row(Int)
  /// An element of an array by its indices, from 0.
  case element([Int])
  /// A member of a JSON value, in files of one value a line with the line from 1.
  case member(line: Int?, path: String)
  /// A named array within the file, and a place in it.
  indirect case array(String, DataPlace)

  /// `line 3, column p4`; empty for the whole file.
  public var description: String {
    switch self {
    case .file: ""
    case .byte(let offset): "byte \(offset)"
    case .line(let line): "line \(line)"
    case .field(let line, let column): "line \(line), column \(column)"
    case .row(let row): "row \(row)"
    case .member(let line, let path): (line.map { "line \($0), " } ?? "") + "field \(path)"
    case .element(let indices): "[" + indices.map(String.init).joined(separator: ", ") + "]"
    case .array(let name, let place):
      place == .file ? "array \(name)" : "array \(name), \(place)"
    }
  }
}

/// What can be wrong with data; every case is bad input, exit code 3.
public enum DatasetError: DiagnosableError, Equatable {
  // MARK: Files
  /// No file of that name.
  case missingFile(String)
  /// A folder or a device where a file is expected.
  case notAFile(String)
  /// A file or a device where a folder is expected.
  case notAFolder(String)
  /// The system refused to read the file.
  case unreadableFile(String, reason: String)
  /// A file of no bytes.
  case emptyFile(String)
  /// More bytes than there is memory for.
  case tooLarge(file: String, bytes: Int, limit: Int)

  // MARK: Formats
  /// The file is not of the format: its first bytes are others.
  case wrongFormat(file: String, format: String, found: [UInt8])
  /// The file ends early.
  case truncated(file: String, place: DataPlace, needed: Int, found: Int)
  /// The file goes on after its data.
  case trailingBytes(file: String, place: DataPlace, count: Int)
  /// A header, a directory or a compressed stream contradicts the format.
  case malformed(file: String, place: DataPlace, problem: String)
  /// A number among token ids that is no token: not whole, negative, or too large.
  case notAToken(file: String, place: DataPlace, value: String, largest: Int)
  /// Something the format allows and this reader does not.
  case unsupported(file: String, place: DataPlace, feature: String, supported: String)

  // MARK: Images
  /// A folder without images.
  case noImages(String)
  /// An image that is in no class's folder.
  case imageWithoutClass(file: String)
  /// An image of another size than the first, height and width.
  case otherImageSize(file: String, found: [Int], expected: [Int], first: String)

  // MARK: Tables
  /// A quote that is never closed, or followed by text after it closes.
  case badQuote(file: String, place: DataPlace, isUnclosed: Bool)
  /// A line with more or fewer fields than the first.
  case fieldCount(file: String, line: Int, expected: Int, found: Int)
  /// A table in which every line is one field.
  case oneColumn(file: String, delimiter: String)
  /// A column that is not there.
  case unknownColumn(file: String, wanted: String, columns: [String])
  /// A test table without inputs of the training table.
  case columnsDiffer(file: String, missing: [String], train: String)
  /// A column name that is there twice.
  case ambiguousColumn(file: String, name: String)
  /// A header and no examples, or arrays of no rows.
  case noExamples(file: String)
  /// A table in which nothing is left as input.
  case noFeatures(file: String)

  // MARK: Values
  /// Text that is not a number.
  case notANumber(file: String, place: DataPlace, text: String)
  /// Inputs without a value; the first one's place and text, how many there are, of how many examples.
  case missingCells(file: String, place: DataPlace, text: String, cells: Int, examples: Int)
  /// A column of inputs without any value.
  case emptyColumn(file: String, column: Int)
  /// NaN, an infinity, or a number beyond Float32.
  case notFinite(file: String, place: DataPlace, value: String)
  /// A label that is neither a word nor a whole number.
  case notAClass(file: String, place: DataPlace, value: String)
  /// A class that is not among those of the training examples, or those given.
  case unknownClass(file: String, place: DataPlace, value: String, classes: [String])
  /// Fewer than two classes.
  case oneClass(file: String, classes: [String])
  /// Two examples of one id.
  case duplicateID(file: String, id: ExampleID, first: Int, second: Int)
  /// An array of another shape than needed.
  case wrongShape(file: String, place: DataPlace, shape: [Int], expected: String)
  /// A row of labels for classes without a single 1.
  case notOneHot(file: String, place: DataPlace, ones: Int, width: Int)
  /// As many labels as there are not inputs.
  case countMismatch(file: String, what: String, found: Int, expected: Int)
  /// A named array that is not there.
  case unknownArray(file: String, name: String, arrays: [String])

  /// A token that the training text does not have.
  case unknownToken(file: String, place: DataPlace, token: String, known: Int)
  /// A text without a token, or with one alone where the next one is to be predicted.
  case shortText(file: String, place: DataPlace, tokens: Int, needed: Int)
  /// A text without a token to predict within its length.
  case noTarget(file: String, place: DataPlace, length: Int)
  /// A length that special tokens alone fill.
  case lengthTooShort(file: String, length: Int, special: Int)
  /// Training and test sequences of two tokenizers.
  case tokenizersDiffer(train: String, test: String)
  /// Sequences for training and something else for testing, or a scale or labels for sequences.
  case notForSequences(file: String, what: String)

  // MARK: Choices
  /// Test inputs of another shape than the training inputs.
  case shapesDiffer(train: String, trainShape: [Int], test: String, testShape: [Int])
  /// A split that wants more examples than there are.
  case splitTooLarge(file: String, train: Int, test: Int, available: Int)
  /// A split that leaves one side empty.
  case splitEmpty(file: String, side: String)
  /// Test examples are asked about, and the run has none.
  case noTestSet
  /// An id that no example has.
  case unknownID(file: String, id: ExampleID, examples: Int, first: ExampleID?)
  /// A decision about an example that does not fit the data; the line from 1, nil of all together.
  case decision(file: String, line: Int?, problem: String, remedy: String)
  /// Weights that do not fit the data; the line from 1, nil of all together.
  case weight(file: String, line: Int?, problem: String, remedy: String)
  /// A table from outside with another number of columns than the run's own file.
  case inputColumns(file: String, found: Int, inputs: Int, labels: Int, all: Int)
  /// A picture from outside of another size than the run's, height and width.
  case inputImageSize(file: String, found: [Int], expected: [Int])
  /// What is wrong with a file from outside, which the run file cannot put right.
  indirect case ofInput(DatasetError)
  /// Rows beyond the end of the source.
  case rowsBeyondEnd(file: String, rows: [Int], available: Int)
  /// Parts of a file that cannot be written without the others.
  case inseparable(file: String, what: String)
  /// Label noise for targets that are not classes.
  case noiseNeedsClasses(file: String)

  /// The file and the place in it.
  public var location: String {
    let (file, place) = fileAndPlace
    return place == .file ? file : "\(file), \(place)"
  }
}

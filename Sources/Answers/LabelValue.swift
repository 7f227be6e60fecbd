import Datasets

/// A label in an answer: a number when it is written like one, else a string.
public enum LabelValue: Codable, Equatable, Sendable {
  /// The name of a class, or a text.
  case id(ExampleID)
  /// A number that is no class.
  case number(Float)

  /// The label of an example; of several numbers the first.
  public init(of row: Int, in data: Dataset) {
    switch data.targets {
    case .classes(let classes, let names): self = .id(ExampleID(names[Int(classes[row])]))
    case .values(let values): self = .number(values[row, 0])
    case .tokens: self = .id(.name(TokenText.text(of: row, in: data) ?? ""))
    }
  }

  /// A predicted class.
  public init(predicted: Int32, in data: Dataset) {
    self = .id(ExampleID(data.classNames[Int(predicted)]))
  }

  /// A JSON number that is not a row is a number, all else an id.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let id = try? container.decode(ExampleID.self) {
      self = .id(id)
    } else {
      self = .number(try container.decode(Float.self))
    }
  }

  /// A JSON number or a string.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .id(let id): try container.encode(id)
    case .number(let number): try container.encode(number)
    }
  }

  /// As it is printed.
  public var text: String {
    switch self {
    case .id(let id): id.description
    case .number(let number): "\(number)"
    }
  }
}

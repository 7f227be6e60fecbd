import Datasets
import Tensors

/// A label in an answer: a number when it is written like one, else a string.
public enum LabelValue: Codable, Equatable, Sendable {
  /// The name of a class, or a text.
  case id(ExampleID)
  /// A number that is no class.
  case number(Float)

  /// The label of an example; of several numbers the first.
  public init(of row: Int, in data: Dataset) { self.init(of: row, data.targets, in: data) }

  /// The label of an example by other targets than its own.
  init(of row: Int, _ targets: Targets, in data: Dataset) {
    switch targets {
    case .classes(let classes, let names): self = .id(ExampleID(names[Int(classes[row])]))
    case .values(let values): self = .number(values[row, 0])
    case .tokens: self = .id(.name(TokenText.text(of: row, in: data) ?? ""))
    }
  }

  /// A predicted class.
  public init(predicted: Int32, in data: Dataset) {
    self = .id(ExampleID(data.classNames[Int(predicted)]))
  }

  /// The label, or of a sequence the token that is asked about.
  package init(of row: Int, token: Int?, in data: Dataset) {
    if let token, case .tokens(let tokens, let vocabulary) = data.targets,
      let text = LabelValue.text(of: tokens[row * tokens.rowLength + token], vocabulary)
    {
      self = .id(.name(text))
    } else {
      self.init(of: row, in: data)
    }
  }

  /// What is predicted: a class, or the token that is asked about; nil of whole sequences.
  package init?(predicted: Int32, token: Int?, in data: Dataset) {
    guard let vocabulary = data.vocabulary else {
      self.init(predicted: predicted, in: data)
      return
    }
    guard token != nil, let text = LabelValue.text(of: Float(predicted), vocabulary)
    else { return nil }
    self = .id(.name(text))
  }

  /// A token by itself.
  private static func text(of token: Float, _ vocabulary: [String]) -> String? {
    TokenText.pieces(of: 0, Tensor([token], shape: [1, 1]), vocabulary).first
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

import Tensors

/// What can be wrong with a model's description, or between a model and the examples.
///
/// Each case holds the facts, the sentences are below.
public enum ModelError: DiagnosableError, Equatable {
  /// A model for classes on numbers, or the other way round.
  case modelTargets(kind: String, targets: String)
  /// A model that examples of this shape do not suit.
  case modelInputs(kind: String, problem: String)
  /// Examples that are not images, or too small for the model; `image` as the run file gives it.
  case imageInputs(kind: String, shape: [Int], image: [Int]?, least: Int)
  /// A `config.json` of an architecture that the library does not have.
  case unsupportedArchitecture(String, file: String)
  /// A key of a `config.json` that changes the outputs in a way that is not built.
  case unsupportedSetting(key: String, value: String, file: String)
  /// Checkpoints of one import whose `config.json` describe different models.
  case otherModel(key: String, value: String, file: String, first: String, firstFile: String)
  /// A model's classes and the data's are the same names in another order.
  case otherClassOrder(model: [String], data: [String])
  /// A folder without an adapter where one is wanted.
  case noAdapter(folder: String)
}

extension ModelError {
  /// What went wrong, with the values that show it.
  public var what: String {
    switch self {
    case .modelTargets(let kind, let targets): "model kind `\(kind)` cannot predict \(targets)."
    case .modelInputs(let kind, let problem): "model kind `\(kind)` \(problem)."
    case .imageInputs(let kind, let shape, let image, let least):
      "model kind `\(kind)` reads images of at least \(least) × \(least) pixels; the examples are "
        + shape.map(String.init).joined(separator: " × ")
        + (image.map { ", model.image " + $0.map(String.init).joined(separator: " × ") } ?? "")
        + "."
    case .unsupportedArchitecture(let name, _): "the architecture \(name) is not supported."
    case .unsupportedSetting(let key, let value, _): "\(key): \(value) is not supported."
    case .otherModel(let key, let value, _, let first, let firstFile):
      "\(key) is \(value), and \(first) in \(firstFile): the checkpoints are not of one model."
    case .otherClassOrder(let model, let data):
      "the model's classes (id2label) are \(ModelError.listed(model)), in this order; the data's "
        + "are \(ModelError.listed(data))."
    case .noAdapter: "there is no adapter: adapter_config.json is missing."
    }
  }

  /// The key or the file.
  public var location: String {
    switch self {
    case .modelTargets("pretrained", _), .modelInputs("pretrained", _): "config.json and data"
    case .modelTargets, .modelInputs: "model.kind"
    case .imageInputs: "model"
    case .otherClassOrder: "data.classes"
    case .unsupportedArchitecture(_, let file), .unsupportedSetting(_, _, let file),
      .otherModel(_, _, let file, _, _), .noAdapter(let file):
      file
    }
  }

  /// What the user can do about it.
  public var remedy: String {
    switch self {
    case .modelTargets("pretrained", _):
      "import a model with another head, or change the data: classes need `label`, numbers `label` "
        + "with `task: regression`, next tokens neither; a model with one output (num_labels: 1) "
        + "predicts numbers."
    case .modelTargets:
      "use kind mlp, logistic for classes, linear for numbers (data.task: regression), gpt2 or "
        + "llama for next tokens, bert or vit for classes of sequences or images."
    case .modelInputs("pretrained", _): "change the data, or import another model."
    case .modelInputs: "change the model's sizes, or the shape of the data."
    case .imageInputs:
      "give height × width or channels × height × width examples, or name the shape of rows: "
        + "model.image: [1, 28, 28]."
    case .unsupportedArchitecture("BertModel", _), .unsupportedArchitecture("RobertaModel", _),
      .unsupportedArchitecture("DistilBertModel", _):
      "it has no head: train one, with `model: {kind: pretrained, classes: N}` and `training: "
        + "{from: FOLDER}` in the run file."
    case .unsupportedArchitecture:
      "import one of \(PretrainedModel.architectures.joined(separator: ", ")), or describe the "
        + "network in the run file's `model`."
    case .unsupportedSetting: "use a model without it."
    case .otherModel: "import the checkpoints of one model."
    case .otherClassOrder(let model, _):
      model.count <= 12
        ? "write `classes: [\(model.joined(separator: ", "))]` into the run file's data."
        : "list `classes` in the model's order in the run file's data."
    case .noAdapter: "name a folder that PEFT saved, or leave ‹base› out."
    }
  }

  /// The first names of a list.
  private static func listed(_ names: [String]) -> String {
    names.prefix(12).joined(separator: ", ") + (names.count > 12 ? ", …" : "")
  }
}

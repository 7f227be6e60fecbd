import Datasets
import Tensors

/// What can go wrong with a request to a session.
///
/// Each case holds the facts, the sentences are below.
public enum SessionError: DiagnosableError, Equatable {
  /// One name for several stores.
  case severalStores(method: String, count: Int)
  /// A list of ids without one.
  case noExample(field: String)
  /// A set that is too small for what is done with it.
  case tooFewExamples(set: String, count: Int, needed: Int)
  /// A class is asked about, and there is none.
  case noClasses(reason: String)
  /// A class that the run does not have.
  case unknownClass(String, classes: [String])
  /// A class is asked about of test examples that have labels.
  case labelled(String)
  /// Test examples without a label are asked about, and there are none.
  case noUnlabelled
  /// Test examples with and without a label are asked about together.
  case mixedQueries(unlabelled: ExampleID)
  /// The error of a prediction is asked about, and there is no label.
  case needsLabel(file: String, outputs: Int)
  /// A run file that is there already.
  case fileThere(String)
  /// An input that the model cannot read.
  case unfitInput(file: String, problem: String)
  /// Something that is known of test examples alone is wanted for an input.
  case notForInput(field: String, reason: String)
  /// Scores that cannot be taken apart by component.
  case noParts(field: String, reason: String)

  /// What went wrong.
  public var what: String {
    switch self {
    case .severalStores(let method, let count):
      "one store is named, and \(method) reads \(count)."
    case .noExample(let field): "\(field) names no example."
    case .tooFewExamples(let set, let count, let needed):
      "\(set) has \(count) examples, and this needs \(needed) at the least."
    case .noClasses(let reason): "‹class› asks about a class: \(reason)."
    case .unknownClass(let text, let classes):
      "the run has no class `\(text)`"
        + (nearest(to: text, among: classes).map { "; did you mean `\($0)`?" } ?? ".")
    case .labelled(let text):
      "‹class› is not for test examples with labels (\(text)), which are asked about their label."
    case .noUnlabelled: "the run has no test examples without a label."
    case .mixedQueries(let unlabelled):
      "\(unlabelled) has no label; others that are asked about have, or are no test examples."
    case .needsLabel(let file, let outputs):
      "\(file) has no label, without which a prediction of \(outputs) "
        + "\(outputs == 1 ? "number" : "numbers") has no error."
    case .unfitInput(_, let problem): problem
    case .fileThere(let file): "\(file) is there already, and nothing is replaced."
    case .notForInput(let field, let reason): "\(field) is not for ‹input›: \(reason)."
    case .noParts(_, let reason):
      "\(reason) has no gradients: its scores cannot be taken apart by component."
    }
  }

  /// The field of the request.
  public var location: String {
    switch self {
    case .severalStores: "‹out›"
    case .noExample(let field), .notForInput(let field, _), .noParts(let field, _): field
    case .tooFewExamples: "‹target›, ‹reference›"
    case .noClasses, .unknownClass, .labelled: "‹class›"
    case .noUnlabelled, .mixedQueries: "‹test›"
    case .needsLabel(let file, _), .unfitInput(let file, _), .fileThere(let file): file
    }
  }

  /// What to do.
  public var remedy: String {
    switch self {
    case .severalStores: "leave it out: each store then has its own place."
    case .tooFewExamples: "name a larger set."
    case .noExample: "write ids such as 17 or 3,5."
    case .noClasses, .labelled: "leave ‹class› out."
    case .noUnlabelled: "give ids, or a file of other examples by ‹input›."
    case .mixedQueries: "ask about them one after the other."
    case .unknownClass(_, let classes):
      "choose one of \(classes.prefix(12).joined(separator: ", "))"
        + (classes.count > 12 ? ", … (\(classes.count) in all)." : ".")
    case .needsLabel(_, let outputs):
      outputs == 1
        ? "add the label, or ask about the prediction (‹outputFunction: prediction›)."
        : "add the labels."
    case .fileThere: "give another name (‹out›), or remove it."
    case .unfitInput: "give inputs like those of the run's own files."
    case .notForInput(let field, _), .noParts(let field, _): "leave \(field) out."
    }
  }

  /// 3 for a file that does not suit, else wrong usage.
  public var exitCode: Int32 {
    switch self {
    case .needsLabel, .unfitInput: 3
    default: 2
    }
  }
}

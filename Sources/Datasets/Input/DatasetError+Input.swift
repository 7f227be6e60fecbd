extension DatasetError {
  /// What can be done about a file from outside: the run file is as it is.
  var remedyForInput: String {
    switch self {
    case .missingFile: "check the path."
    case .wrongFormat(_, let format, _): "give \(format)."
    case .noExamples: "put a row into it, or a text of two tokens at the least."
    case .shortText: "write a longer text."
    case .unknownToken: "leave it out: the model has never seen it."
    case .notAToken(_, _, _, let largest): "give the run's own token ids, 0 to \(largest)."
    case .notANumber(_, _, let text):
      text.isEmpty ? "fill it in." : "correct it: it is an input of the run, a number."
    case .notAClass, .unknownClass:
      "correct the label, or leave labels out: the predicted class is then asked about."
    case .ambiguousColumn: "give each column a name of its own."
    case .unknownColumn: "name the inputs as in the run's own file."
    case .tooLarge: "take fewer examples."
    case .trailingBytes, .malformed: "write the file anew."
    default: remedy
    }
  }
}

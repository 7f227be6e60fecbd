import Answers
import Datasets
import Influence
import Models
import Networks
import Tensors

/// Queries of a file that is in no split, which is read as the run's own data.
public struct QueryInput: Sendable, Equatable {
  /// The file: of the kind of the run's data, with one example or several.
  public var file: String
  /// The class that is asked about, by its name or its number; nil: the label that the file gives,
  /// and the predicted class where it gives none.
  public var `class`: String?

  /// A file.
  public init(file: String, class: String? = nil) { (self.file, self.class) = (file, `class`) }
}

/// Queries as they are asked: their set, which are asked about, and where they are from.
struct AskedQueries {
  /// The test set, or what was read from outside.
  let set: Dataset
  let selection: QuerySelection
  /// nil for test examples.
  var outside: OutsideQueries?
  /// f where nothing else can be asked: of numbers without a label, which have no error.
  var function: OutputFunction?

  /// Queries of the test set.
  init(_ test: String, limit: Int, of influence: RunInfluence, _ control: JobControl) throws {
    set = influence.data.test
    selection = try QuerySelection(test, limit: limit, of: influence, control)
  }

  /// Queries from outside, with what was guessed about them said.
  init(_ input: QueryInput, of influence: RunInfluence, _ control: JobControl) throws {
    let read = try influence.run.configuration().data.readInput(input.file, like: influence.data)
    try self.init(read, asking: input.class, ofSplit: false, of: influence, control)
  }

  /// Queries from outside or without a label, with what was guessed about them said.
  ///
  /// - Parameters:
  ///   - asked: the class that is asked about, by its name or number.
  ///   - isOfSplit: whether they are test examples.
  init(
    _ read: InputExamples, asking asked: String?, ofSplit isOfSplit: Bool,
    of influence: RunInfluence, _ control: JobControl
  ) throws {
    try read.requireReadable(by: influence.run.configuration().model, of: influence)
    let classes = try read.targets(asking: asked, influence)
    control.note(read.summary)
    let zeros = Targets.values(
      Tensor(repeating: 0, shape: [read.count, influence.data.train.outputCount]))
    set = read.dataset(classes?.targets ?? read.targets ?? zeros)
    selection = QuerySelection(rows: Array(0..<read.count), isMean: false, name: read.file)
    outside = OutsideQueries(
      file: read.file, names: read.names, labels: read.targets, isOfSplit: isOfSplit)
    if let sentence = classes?.sentence { control.note(sentence) }
    guard case .values = influence.data.train.targets, read.targets == nil else { return }
    function = .prediction
  }

  /// The request, where the queries leave one output function alone to ask about.
  ///
  /// - Throws: `SessionError.needsLabel` for others.
  func completing(
    _ request: ScoringRequest, _ outputs: Int, _ control: JobControl
  ) throws -> ScoringRequest {
    guard let function, let outside, request.outputFunction != function else { return request }
    guard request.outputFunction == nil, outputs == 1 else {
      throw SessionError.needsLabel(file: outside.file, outputs: outputs)
    }
    control.note("no label: asked about the prediction itself (‹outputFunction: prediction›)")
    var request = request
    request.outputFunction = function
    return request
  }
}

extension InputExamples {
  /// Refuses tokens that the model does not have, which arrays of them can hold.
  fileprivate func requireReadable(
    by model: ModelConfiguration, of influence: RunInfluence
  ) throws {
    do throws(ModelError) {
      try model.require(
        influence.run.loss, inputShape: Array(inputs.shape.dropFirst()),
        outputs: influence.data.train.outputCount, inputs: [inputs])
    } catch {
      throw SessionError.unfitInput(file: file, problem: error.what)
    }
  }
}

extension InputExamples {
  /// The classes that are asked about, and what is to be said of them; nil of other targets.
  ///
  /// - Parameter asked: one class for all; nil: the label, else the predicted class.
  fileprivate func targets(
    asking asked: String?, _ influence: RunInfluence
  ) throws -> (targets: Targets, sentence: String?)? {
    let train = influence.data.train
    guard case .classes(_, let names) = train.targets else {
      if asked != nil { throw SessionError.noClasses(reason: train.reasonWithoutClasses) }
      return nil
    }
    if let asked {
      let index = try InputExamples.index(of: asked, in: names)
      let classes = [Int32](repeating: Int32(index), count: count)
      let isOther = targets.map { $0 != .classes(classes, names: names) } ?? false
      let byNumber = names[index] == asked ? "" : ", number \(index) from 0"
      return (
        .classes(classes, names: names),
        "asked about class \(names[index])\(byNumber)" + (isOther ? ", not about the labels" : "")
      )
    }
    if let labels = targets { return (labels, nil) }
    let unknown = [Int32](repeating: 0, count: count)
    let predicted = try influence.predictions(
      for: dataset(.classes(unknown, names: names))
    ).predicted
    return (
      .classes(predicted, names: names),
      predicted.count == 1
        ? "no label: asked about the predicted class, \(names[Int(predicted[0])])"
        : "no labels: each is asked about its predicted class"
    )
  }

  /// A class by its name, or else by its number, from 0.
  private static func index(of text: String, in names: [String]) throws(SessionError) -> Int {
    if let index = names.firstIndex(of: text) { return index }
    // "03" is the class 3, as in files.
    if let number = Int(text), let index = names.firstIndex(of: String(number)) { return index }
    let areNumbers = names.contains { Int($0) != nil }
    if !areNumbers, let number = Int(text), names.indices.contains(number) { return number }
    throw .unknownClass(text, classes: names)
  }
}

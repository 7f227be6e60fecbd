import Tensors

/// What can go wrong while gradients are collected, or read from files of factors.
public enum GradientError: DiagnosableError, Equatable {
  /// A network's outputs for an example are NaN or infinite.
  case nonFiniteOutput(example: String)
  /// An output function is not defined for the data's targets.
  case outputFunction(name: String)
  /// A store's projector that this version cannot make again.
  case storedProjector(problem: String, text: String, file: String)
  /// A store of checkpoints where one of a training's steps is wanted.
  case notOfSteps(path: String)
  /// A store of a training's steps for a method that needs every example at one checkpoint.
  case stepsHaveNoCheckpoint(method: String, path: String)
  /// Something is made of passes through the network, and there is none.
  case needsNetwork(purpose: String)

  // MARK: Files of factors
  /// Factors of a target that the file neither holds nor implies.
  case noFactors(of: String, available: [String], file: String)
  /// An example that is not in the file.
  case noExample(id: String, file: String)
  /// A file of factors of another model than the first one's.
  case otherFactors(field: String, expected: String, found: String, file: String)
  /// A layer whose gradients have no left and right sides that all outputs share.
  case noFactorForm(layer: String)
  /// A dataset that a file of factors must have.
  case missingDataset(name: String, purpose: String, file: String)
  /// A dataset of another shape; `expected` in letters and numbers.
  case factorShape(dataset: String, expected: String, found: [Int], file: String)
  /// A value that is NaN or infinite, or too large for a float.
  case factorNotFinite(dataset: String, example: String, file: String)
  /// Left sides of something that is no output function.
  case unknownTarget(name: String, known: [String], file: String)
  /// A label that is not one of the classes.
  case labelRange(label: Int64, classes: Int, example: String, file: String)
  /// Two examples of the same id, or two layers of the same name.
  case repeated(name: String, dataset: String, file: String)
}

extension GradientError {
  /// 4 for files that do not belong together or to this version, else 3.
  public var exitCode: Int32 {
    switch self {
    case .otherFactors, .storedProjector: 4
    default: 3
    }
  }

  /// What went wrong.
  public var what: String {
    switch self {
    case .nonFiniteOutput(let example):
      "the network's outputs for example \(example) are not finite numbers"
    case .outputFunction(let name):
      "output function \(name) is not defined for this data's targets"
    case .needsNetwork(let purpose):
      "\(purpose) is made of passes through the network; these gradients come from elsewhere"
    case .noFactors(let target, let available, _):
      "there are no factors of \(target): the file has those of "
        + "\(available.joined(separator: ", "))"
    case .noExample(let id, _): "there are no factors of example \(id)"
    case .otherFactors(let field, let expected, let found, _):
      "\(field) differ between the files: \(expected) in the first, \(found) here"
    case .noFactorForm(let layer):
      "the gradients of \(layer) have no right sides that all outputs share"
    case .missingDataset(let name, let purpose, _): "there is no dataset \(name), \(purpose)"
    case .factorShape(let dataset, let expected, let found, _):
      "\(dataset) has shape \(found), expected \(expected)"
    case .factorNotFinite(let dataset, let example, _):
      "\(dataset) is not a finite number at example \(example)"
    case .unknownTarget(let name, _, _): "`left/\(name)` names no function that is differentiated"
    case .labelRange(let label, let classes, let example, _):
      "the label of example \(example) is \(label); there are \(classes) classes"
    case .repeated(let name, _, _): "\(name) is there twice"
    case .storedProjector(let problem, let text, _):
      "the store's projector cannot be made again: \(problem), in \"\(text.prefix(80))\""
    case .notOfSteps: "the store holds gradients at checkpoints, not at a training's steps"
    case .stepsHaveNoCheckpoint(let method, _):
      "\(method) needs every example at one checkpoint; the store holds gradients of a training's "
        + "steps, each at other weights"
    }
  }

  /// Where.
  public var location: String {
    switch self {
    case .nonFiniteOutput(let example): "example \(example)"
    case .outputFunction: "‹outputFunction›"
    case .needsNetwork(let purpose): purpose
    case .noFactorForm(let layer): layer
    case .noFactors(_, _, let file), .noExample(_, let file), .otherFactors(_, _, _, let file),
      .missingDataset(_, _, let file), .unknownTarget(_, _, let file):
      file
    case .factorShape(let dataset, _, _, let file), .factorNotFinite(let dataset, _, let file):
      "\(file):\(dataset)"
    case .labelRange(_, _, _, let file): "\(file):labels"
    case .repeated(_, let dataset, let file): "\(file):\(dataset)"
    case .storedProjector(_, _, let file): file
    case .notOfSteps(let path), .stepsHaveNoCheckpoint(_, let path): path
    }
  }

  /// What the user can do.
  public var remedy: String {
    switch self {
    case .nonFiniteOutput:
      "the training diverged at this checkpoint: lower the rate, or name an earlier checkpoint"
    case .outputFunction:
      "margin, hardMargin, logit, logProbability and loss need classes; "
        + "prediction (one output), negativeHalfSquaredError and loss need numbers"
    case .needsNetwork: "train or import the network itself as a run"
    case .noFactors(let target, let available, _):
      "write left sides of \(target), or of trace (all outputs), from which any function follows; "
        + "or ask for what \(available.joined(separator: ", ")) gives"
    case .noExample: "name an example of the file, or import the file that has it"
    case .otherFactors: "write both files with the same model"
    case .noFactorForm: "leave the layer out, or take an output function instead of trace"
    case .missingDataset: "write it; Projections/README.md has the layout"
    case .factorShape: "write it in this shape; Projections/README.md has the layout"
    case .factorNotFinite: "find the example that gives it, and leave it out"
    case .unknownTarget(_, let known, _): "name one of \(known.joined(separator: ", "))"
    case .labelRange: "number the classes from 0, and give as many outputs or names as there are"
    case .repeated: "give each a name of its own"
    case .storedProjector: "use the version of Ascribe that made the store, or make it again"
    case .notOfSteps: "name the store of a run trained with `save: {…, at: steps}`"
    case .stepsHaveNoCheckpoint:
      "use graddot or tracin, or a store of checkpoints (ascribe collect, or `save: {…, at: "
        + "checkpoints}`)"
    }
  }
}

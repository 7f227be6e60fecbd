import Datasets
import Tensors

/// What can go wrong with a run.
///
/// Each case holds the facts, the sentences are below.
public enum RunError: DiagnosableError, Equatable {
  /// A subset of no examples.
  case emptySubset(file: String)
  /// No run of this name.
  case noRun(name: String, folder: String, known: [String])
  /// A run of the same name that was made otherwise.
  case otherRun(field: String, recorded: String, wanted: String, folder: String)
  /// A run of the same name whose weights or gradients were imported.
  case importedRun(folder: String)
  /// Something is made of passes through a network, and the run is one of gradients from elsewhere.
  case noNetwork(run: String)
  /// Imported weights of which it is not known how they were trained.
  case noTraining(run: String)
  /// Imported weights that give NaN or infinities.
  case importedNotFinite(what: String, file: String)
  /// Seeds whose checkpoints are not of the same epochs.
  case seedsDiffer(seed: UInt64, epochs: [Int], expected: [Int], folder: String)
  /// A name that cannot be a folder's.
  case runName(String)
  /// Another process trains this run.
  case runInUse(folder: String)
  /// The run's record is from the future.
  case unsupportedVersion(found: Int, newest: Int, file: String)
  /// A file of the run's data is not where it was.
  case dataMoved(file: String, run: String)
  /// The data is not what the run was trained on.
  case dataChanged(part: String, recorded: String, found: String, run: String)
  /// The weights that training begins with are not those that the run began with.
  case startChanged(recorded: String, found: String, path: String)
  /// Imported weights of which some are frozen, and nothing says which values those begin with.
  case noStart(run: String)
  /// An adapter's model is not what the run file says training begins with.
  case otherBase(base: String, start: String)
  /// A folder to make that has something in it, or a file in its place.
  case folderNotEmpty(path: String)
  /// A run without what was asked for.
  case missingPart(what: String, run: String, isFinished: Bool)
}

extension RunError {
  /// 4 for what does not belong to the run, 1 for a run in use, else 3.
  public var exitCode: Int32 {
    switch self {
    case .otherRun, .importedRun, .dataChanged, .startChanged, .unsupportedVersion: 4
    case .runInUse: 1
    default: 3
    }
  }

  /// What went wrong, with the values that show it.
  public var what: String {
    switch self {
    case .emptySubset: "the subset names no training example."
    case .noRun(let name, _, _): "there is no run \(name)."
    case .otherRun(let field, let recorded, let wanted, _):
      "a run of this name exists with \(field) \(recorded), wanted \(wanted)."
    case .importedRun:
      "the run of this name was imported: it cannot be trained on."
    case .noNetwork(let run):
      "\(run) was made of gradients from elsewhere: it has no network."
    case .noTraining: "the run's weights were imported, and its run file has no `training`."
    case .importedNotFinite(let what, _): "with these weights \(what) not finite."
    case .seedsDiffer(let seed, let epochs, let expected, _):
      "seed \(seed) has checkpoints \(epochs), the first seed \(expected)."
    case .runName(let name): "`\(name)` cannot be a run's name."
    case .runInUse: "another process is training this run."
    case .unsupportedVersion(let found, let newest, _):
      "run format version \(found) is unknown; this version reads up to \(newest)."
    case .dataMoved(let file, let run):
      "the data of \(run) is not where it was: there is no file \(file)."
    case .dataChanged(let part, let recorded, let found, _):
      "the \(part) data is not what the run was made with: hash \(recorded) recorded, \(found) now."
    case .startChanged(let recorded, let found, _):
      "the weights that training begins with are not what the run was made with: hash \(recorded) "
        + "recorded, \(found) now."
    case .noStart:
      "some of the run's imported weights are frozen, and its run file does not say where training "
        + "begins."
    case .otherBase(let base, let start):
      "training.from, \(start), has other weights than ‹base: \(base)›."
    case .folderNotEmpty: "the folder is not empty."
    case .missingPart(let what, _, _): "the run has no \(what)."
    }
  }

  /// The run, the folder or the file.
  public var location: String {
    switch self {
    case .emptySubset(let file): file
    case .runName: "‹name›"
    case .noRun(_, let folder, _), .otherRun(_, _, _, let folder), .runInUse(let folder),
      .importedRun(let folder), .seedsDiffer(_, _, _, let folder):
      folder
    case .importedNotFinite(_, let file), .unsupportedVersion(_, _, let file): file
    case .noTraining(let run), .noNetwork(let run), .noStart(let run): run
    case .folderNotEmpty(let path), .startChanged(_, _, let path): path
    case .otherBase: "training.from"
    case .dataMoved(let file, _): file
    case .dataChanged(_, _, _, let run), .missingPart(_, let run, _): run
    }
  }

  /// What the user can do about it.
  public var remedy: String {
    switch self {
    case .emptySubset: "name ids of training examples, one a line."
    case .noRun(_, _, let known):
      known.isEmpty
        ? "train one: ascribe train RUN.yaml."
        : "name one of \(known.sorted().prefix(12).joined(separator: ", ")), or the path of a run's folder."
    case .otherRun: "choose another name, or replace the run with ‹overwrites›."
    case .importedRun: "choose another name, or replace the run with ‹overwrites›."
    case .noNetwork: "train the network as a run of its own, or import its weights."
    case .noTraining:
      "say in the run file how it was trained, and import again with ‹overwrites›."
    case .importedNotFinite: "check that the weights are whole, and the scale of the data."
    case .seedsDiffer: "give each seed's folder the same checkpoints."
    case .runName: "use letters, digits, `-`, `_` and `.`, beginning with a letter or digit."
    case .runInUse: "wait for it, or stop it."
    case .unsupportedVersion: "use a newer version of Ascribe."
    case .dataMoved:
      "put it back, or name the folder in which the paths of the run file begin now (‹dataFolder: DIR›)."
    case .dataChanged: "restore the data, or train again with ‹overwrites›."
    case .startChanged: "restore the weights, or make the run again with ‹overwrites›."
    case .noStart:
      "name the model in the run file, training.from, and import again with ‹overwrites›."
    case .otherBase: "leave training.from out: an adapter's training begins with its model."
    case .folderNotEmpty: "name a new folder, or delete what is in it."
    case .missingPart(_, _, let isFinished):
      isFinished
        ? "name what the run has; ascribe inspect lists it."
        : "finish the training first: give its ascribe train command again."
    }
  }
}

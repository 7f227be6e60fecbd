import Datasets
import Tensors

/// What can go wrong with a run.
///
/// Each case holds the facts, the sentences are below.
public enum TrainingError: DiagnosableError, Equatable {
  // MARK: Model and data
  /// A model for classes on numbers, or the other way round.
  case modelTargets(kind: String, targets: String)
  /// A model that examples of this shape do not suit.
  case modelInputs(kind: String, problem: String)
  /// Examples that are not images, or too small for the model; `image` as the run file gives it.
  case imageInputs(kind: String, shape: [Int], image: [Int]?, least: Int)
  /// Random changes of examples that are not images, or not larger than the shift.
  case augmentInputs(shape: [Int], crop: Int)
  /// A loss that the targets do not have.
  case lossTargets(loss: String, targets: String)
  /// Fewer examples at a time than the batch whose statistics the network takes.
  case microBatch(Int, batch: Int)
  /// Gradients of steps whose examples have none of their own.
  case savingCoupled
  /// Features that the projector cannot make of the network's gradients.
  case savingDimension(kind: String, dimension: Int, allowed: ClosedRange<Int>)
  /// An output function that the targets do not have.
  case savingFunction(String)
  /// A subset of no examples.
  case emptySubset(file: String)

  // MARK: Models from elsewhere
  /// A `config.json` of an architecture that the library does not have.
  case unsupportedArchitecture(String, file: String)
  /// A key of a `config.json` that changes the outputs in a way that is not built.
  case unsupportedSetting(key: String, value: String, file: String)
  /// Checkpoints of one import whose `config.json` describe different models.
  case otherModel(key: String, value: String, file: String, first: String, firstFile: String)
  /// A model's classes and the data's are the same names in another order.
  case otherClassOrder(model: [String], data: [String])

  // MARK: The loop
  /// The loss is NaN or infinite.
  case diverged(seed: UInt64, epoch: Int, step: Int, loss: Double)
  /// Parameters or outputs are NaN or infinite at the end of an epoch.
  case notFinite(seed: UInt64, epoch: Int, what: String)
  /// Ctrl-C.
  case cancelled(run: String, resumable: Bool)

  // MARK: Runs
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
  /// A folder without an adapter where one is wanted.
  case noAdapter(folder: String)
  /// Imported weights of which some are frozen, and nothing says which values those begin with.
  case noStart(run: String)
  /// An adapter's model is not what the run file says training begins with.
  case otherBase(base: String, start: String)
  /// A folder to make that has something in it, or a file in its place.
  case folderNotEmpty(path: String)
  /// A run without what was asked for.
  case missingPart(what: String, run: String, isFinished: Bool)
}

extension TrainingError {
  /// 4 for what does not belong to the run, 1 for interruptions and divergence, else 3.
  public var exitCode: Int32 {
    switch self {
    case .otherRun, .importedRun, .dataChanged, .startChanged, .unsupportedVersion: 4
    case .diverged, .notFinite, .cancelled, .runInUse: 1
    default: 3
    }
  }

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
    case .augmentInputs(let shape, let crop):
      "`augment` changes images larger than \(crop) \(crop == 1 ? "pixel" : "pixels"); the examples "
        + "are \(shape.map(String.init).joined(separator: " × "))."
    case .lossTargets(let loss, let targets): "the loss \(loss) is not defined for \(targets)."
    case .microBatch(let size, let batch):
      "the network's batch norm takes its statistics over the whole batch of \(batch), not over "
        + "\(size) \(size == 1 ? "example" : "examples") at a time."
    case .savingCoupled:
      "batch norm takes statistics over the batch: an example has no gradient of its own in a step."
    case .savingDimension(let kind, let dimension, let allowed):
      "\(kind) features of this network cannot be \(dimension): at least \(allowed.lowerBound)"
        + (allowed.upperBound == .max ? "." : ", at most \(allowed.upperBound).")
    case .savingFunction(let name):
      "the output function \(name) is not defined for this data's targets."
    case .emptySubset: "the subset names no training example."
    case .unsupportedArchitecture(let name, _): "the architecture \(name) is not supported."
    case .unsupportedSetting(let key, let value, _): "\(key): \(value) is not supported."
    case .otherModel(let key, let value, _, let first, let firstFile):
      "\(key) is \(value), and \(first) in \(firstFile): the checkpoints are not of one model."
    case .otherClassOrder(let model, let data):
      "the model's classes (id2label) are \(TrainingError.listed(model)), in this order; the data's "
        + "are \(TrainingError.listed(data))."
    case .diverged(_, _, let step, let loss):
      "the training diverged: the loss is \(loss.isNaN ? "not a number" : "\(loss)") at step \(step)."
    case .notFinite(_, _, let what): "the training diverged: \(what) not finite."
    case .cancelled(let run, _): "the training of \(run) was stopped."
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
    case .noAdapter: "there is no adapter: adapter_config.json is missing."
    case .noStart:
      "some of the run's imported weights are frozen, and its run file does not say where training "
        + "begins."
    case .otherBase(let base, let start):
      "training.from, \(start), has other weights than --base \(base)."
    case .folderNotEmpty: "the folder is not empty."
    case .missingPart(let what, _, _): "the run has no \(what)."
    }
  }

  /// The key, the step or the folder.
  public var location: String {
    switch self {
    case .modelTargets, .modelInputs: "model.kind"
    case .imageInputs: "model"
    case .otherClassOrder: "data.classes"
    case .augmentInputs: "training.augment"
    case .lossTargets: "training.loss"
    case .microBatch: "training.microBatch"
    case .savingCoupled: "training.save.at"
    case .savingDimension: "training.save.dimension"
    case .savingFunction: "training.save.outputFunction"
    case .emptySubset(let file): file
    case .diverged(let seed, let epoch, _, _), .notFinite(let seed, let epoch, _):
      "seed \(seed), epoch \(epoch)"
    case .cancelled(let run, _): run
    case .runName: "--name"
    case .noRun(_, let folder, _), .otherRun(_, _, _, let folder), .runInUse(let folder),
      .importedRun(let folder), .seedsDiffer(_, _, _, let folder):
      folder
    case .importedNotFinite(_, let file), .unsupportedArchitecture(_, let file),
      .unsupportedSetting(_, _, let file), .otherModel(_, _, let file, _, _):
      file
    case .noTraining(let run), .noNetwork(let run), .noStart(let run): run
    case .folderNotEmpty(let path), .startChanged(_, _, let path), .noAdapter(let path): path
    case .otherBase: "training.from"
    case .unsupportedVersion(_, _, let file): file
    case .dataMoved(let file, _): file
    case .dataChanged(_, _, _, let run), .missingPart(_, let run, _): run
    }
  }

  /// What the user can do about it.
  public var remedy: String {
    switch self {
    case .modelTargets:
      "use kind mlp, logistic for classes, linear for numbers (data.task: regression), gpt2 or "
        + "llama for next tokens, bert or vit for classes of sequences or images."
    case .modelInputs: "change the model's sizes, or the shape of the data."
    case .imageInputs:
      "give height × width or channels × height × width examples, or name the shape of rows: "
        + "model.image: [1, 28, 28]."
    case .augmentInputs:
      "give height × width or channels × height × width examples, or remove `augment`."
    case .lossTargets: "leave `loss` out: it follows from the targets."
    case .microBatch: "leave `microBatch` out, or choose smaller batches (training.batch)."
    case .savingCoupled:
      "save at: checkpoints, where batch norm uses its running statistics, or use a model without "
        + "batch norm."
    case .savingDimension(_, let dimension, let allowed):
      "save dimension: \(min(max(dimension, allowed.lowerBound), allowed.upperBound))."
    case .savingFunction:
      "classes and tokens have margin, hardMargin, logit, logProbability and loss; numbers have "
        + "prediction (one output), negativeHalfSquaredError and loss."
    case .emptySubset: "name ids of training examples, one a line."
    case .unsupportedArchitecture:
      "import one of \(PretrainedModel.architectures.joined(separator: ", ")), or describe the "
        + "network in the run file's `model`."
    case .unsupportedSetting: "use a model without it."
    case .otherModel: "import the checkpoints of one model."
    case .otherClassOrder(let model, _):
      model.count <= 12
        ? "write `classes: [\(model.joined(separator: ", "))]` into the run file's data."
        : "list `classes` in the model's order in the run file's data."
    case .diverged, .notFinite: "train with a smaller rate, or add a warm-up (schedule.warmup)."
    case .cancelled(_, let resumable):
      resumable ? "give the same command again to go on." : "give the same command again."
    case .noRun(_, _, let known):
      known.isEmpty
        ? "train one: ascribe train RUN.yaml."
        : "name one of \(known.sorted().prefix(12).joined(separator: ", ")), or the path of a run's folder."
    case .otherRun: "choose another name, or replace the run with --overwrite."
    case .importedRun: "choose another name, or replace the run with --overwrite."
    case .noNetwork: "train the network as a run of its own, or import its weights."
    case .noTraining:
      "say in the run file how it was trained, and import again with --overwrite."
    case .importedNotFinite: "check that the weights are whole, and the scale of the data."
    case .seedsDiffer: "give each seed's folder the same checkpoints."
    case .runName: "use letters, digits, `-`, `_` and `.`, beginning with a letter or digit."
    case .runInUse: "wait for it, or stop it."
    case .unsupportedVersion: "use a newer version of Ascribe."
    case .dataMoved:
      "put it back, or name the folder in which the paths of the run file begin now (`dataFolder`)."
    case .dataChanged: "restore the data, or train again with --overwrite."
    case .startChanged: "restore the weights, or make the run again with --overwrite."
    case .noAdapter: "name a folder that PEFT saved, or leave --base out."
    case .noStart:
      "name the model in the run file, training.from, and import again with --overwrite."
    case .otherBase: "leave training.from out: an adapter's training begins with its model."
    case .folderNotEmpty: "name a new folder, or delete what is in it."
    case .missingPart(_, _, let isFinished):
      isFinished
        ? "name what the run has; ascribe inspect lists it."
        : "finish the training first: give its ascribe train command again."
    }
  }

  /// The first names of a list.
  private static func listed(_ names: [String]) -> String {
    names.prefix(12).joined(separator: ", ") + (names.count > 12 ? ", …" : "")
  }
}

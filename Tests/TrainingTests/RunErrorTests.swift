import Models
import Runs
import TestSupport
import Testing

/// What is said of runs and models that cannot be used, word for word.
@Suite("Words of run and model errors")
struct RunErrorTests {
  static let runs: [ErrorWords] = [
    ErrorWords(
      RunError.emptySubset(file: "ids.txt"),
      """
      error: the subset names no training example.
        at:  ids.txt
        fix: name ids of training examples, one a line.
      """),
    ErrorWords(
      RunError.noRun(name: "digit", folder: "Checkpoints", known: []),
      """
      error: there is no run digit.
        at:  Checkpoints
        fix: train one: ascribe train RUN.yaml.
      """),
    ErrorWords(
      RunError.noRun(name: "digit", folder: "Checkpoints", known: ["text", "digits"]),
      """
      error: there is no run digit.
        at:  Checkpoints
        fix: name one of digits, text, or the path of a run's folder.
      """),
    ErrorWords(
      RunError.otherRun(
        field: "training.rate", recorded: "0.1", wanted: "0.2", folder: "Checkpoints/d"), code: 4,
      """
      error: a run of this name exists with training.rate 0.1, wanted 0.2.
        at:  Checkpoints/d
        fix: choose another name, or replace the run with ‹overwrites›.
      """),
    ErrorWords(
      RunError.importedRun(folder: "Checkpoints/d"), code: 4,
      """
      error: the run of this name was imported: it cannot be trained on.
        at:  Checkpoints/d
        fix: choose another name, or replace the run with ‹overwrites›.
      """),
    ErrorWords(
      RunError.noNetwork(run: "d"),
      """
      error: d was made of gradients from elsewhere: it has no network.
        at:  d
        fix: train the network as a run of its own, or import its weights.
      """),
    ErrorWords(
      RunError.noTraining(run: "d"),
      """
      error: the run's weights were imported, and its run file has no `training`.
        at:  d
        fix: say in the run file how it was trained, and import again with ‹overwrites›.
      """),
    ErrorWords(
      RunError.importedNotFinite(what: "the loss of example 3 is", file: "w.safetensors"),
      """
      error: with these weights the loss of example 3 is not finite.
        at:  w.safetensors
        fix: check that the weights are whole, and the scale of the data.
      """),
    ErrorWords(
      RunError.seedsDiffer(seed: 1, epochs: [1, 2], expected: [1, 2, 5], folder: "w"),
      """
      error: seed 1 has checkpoints [1, 2], the first seed [1, 2, 5].
        at:  w
        fix: give each seed's folder the same checkpoints.
      """),
    ErrorWords(
      RunError.runName("../x"),
      """
      error: `../x` cannot be a run's name.
        at:  ‹name›
        fix: use letters, digits, `-`, `_` and `.`, beginning with a letter or digit.
      """),
    ErrorWords(
      RunError.runInUse(folder: "Checkpoints/d"), code: 1,
      """
      error: another process is training this run.
        at:  Checkpoints/d
        fix: wait for it, or stop it.
      """),
    ErrorWords(
      RunError.unsupportedVersion(found: 9, newest: 3, file: "run.json"), code: 4,
      """
      error: run format version 9 is unknown; this version reads up to 3.
        at:  run.json
        fix: use a newer version of Ascribe.
      """),
    ErrorWords(
      RunError.dataMoved(file: "/data/a.csv", run: "d"),
      """
      error: the data of d is not where it was: there is no file /data/a.csv.
        at:  /data/a.csv
        fix: put it back, or name the folder in which the paths of the run file begin now \
      (‹dataFolder: DIR›).
      """),
    ErrorWords(
      RunError.dataChanged(part: "training", recorded: "ab", found: "cd", run: "d"), code: 4,
      """
      error: the training data is not what the run was made with: hash ab recorded, cd now.
        at:  d
        fix: restore the data, or train again with ‹overwrites›.
      """),
    ErrorWords(
      RunError.startChanged(recorded: "ab", found: "cd", path: "gpt2"), code: 4,
      """
      error: the weights that training begins with are not what the run was made with: hash ab \
      recorded, cd now.
        at:  gpt2
        fix: restore the weights, or make the run again with ‹overwrites›.
      """),
    ErrorWords(
      RunError.noStart(run: "d"),
      """
      error: some of the run's imported weights are frozen, and its run file does not say where \
      training begins.
        at:  d
        fix: name the model in the run file, training.from, and import again with ‹overwrites›.
      """),
    ErrorWords(
      RunError.otherBase(base: "gpt2", start: "other"),
      """
      error: training.from, other, has other weights than ‹base: gpt2›.
        at:  training.from
        fix: leave training.from out: an adapter's training begins with its model.
      """),
    ErrorWords(
      RunError.folderNotEmpty(path: "out"),
      """
      error: the folder is not empty.
        at:  out
        fix: name a new folder, or delete what is in it.
      """),
    ErrorWords(
      RunError.missingPart(what: "checkpoint of seed 3", run: "d", isFinished: true),
      """
      error: the run has no checkpoint of seed 3.
        at:  d
        fix: name what the run has; ascribe inspect lists it.
      """),
    ErrorWords(
      RunError.missingPart(what: "dynamics", run: "d", isFinished: false),
      """
      error: the run has no dynamics.
        at:  d
        fix: finish the training first: give its ascribe train command again.
      """),
  ]

  static let models: [ErrorWords] = [
    ErrorWords(
      ModelError.modelTargets(kind: "linear", targets: "classes"),
      """
      error: model kind `linear` cannot predict classes.
        at:  model.kind
        fix: use kind mlp, logistic for classes, linear for numbers (data.task: regression), gpt2 \
      or llama for next tokens, bert or vit for classes of sequences or images.
      """),
    ErrorWords(
      ModelError.modelInputs(kind: "gpt2", problem: "has 4 positions, the sequences 9"),
      """
      error: model kind `gpt2` has 4 positions, the sequences 9.
        at:  model.kind
        fix: change the model's sizes, or the shape of the data.
      """),
    ErrorWords(
      ModelError.imageInputs(kind: "cnn", shape: [784], image: [1, 2, 2], least: 4),
      """
      error: model kind `cnn` reads images of at least 4 × 4 pixels; the examples are 784, \
      model.image 1 × 2 × 2.
        at:  model
        fix: give height × width or channels × height × width examples, or name the shape of \
      rows: model.image: [1, 28, 28].
      """),
    ErrorWords(
      ModelError.unsupportedSetting(key: "scale_attn", value: "true", file: "config.json"),
      """
      error: scale_attn: true is not supported.
        at:  config.json
        fix: use a model without it.
      """),
    ErrorWords(
      ModelError.otherModel(
        key: "n_layer", value: "2", file: "b/config.json", first: "3", firstFile: "a/config.json"),
      """
      error: n_layer is 2, and 3 in a/config.json: the checkpoints are not of one model.
        at:  b/config.json
        fix: import the checkpoints of one model.
      """),
    ErrorWords(
      ModelError.otherClassOrder(model: ["b", "a"], data: ["a", "b"]),
      """
      error: the model's classes (id2label) are b, a, in this order; the data's are a, b.
        at:  data.classes
        fix: write `classes: [b, a]` into the run file's data.
      """),
    ErrorWords(
      ModelError.otherClassOrder(
        model: (0..<14).reversed().map { "c\($0)" }, data: (0..<14).map { "c\($0)" }),
      """
      error: the model's classes (id2label) are c13, c12, c11, c10, c9, c8, c7, c6, c5, c4, c3, \
      c2, …, in this order; the data's are c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, ….
        at:  data.classes
        fix: list `classes` in the model's order in the run file's data.
      """),
    ErrorWords(
      ModelError.noAdapter(folder: "lora"),
      """
      error: there is no adapter: adapter_config.json is missing.
        at:  lora
        fix: name a folder that PEFT saved, or leave ‹base› out.
      """),
  ]

  @Test("errors of runs say what, where and how to go on", arguments: runs)
  func printed(words: ErrorWords) { #expect(words.isPrinted, "\(words)") }

  @Test("errors of models say what, where and how to go on", arguments: models)
  func printedOfModels(words: ErrorWords) { #expect(words.isPrinted, "\(words)") }
}

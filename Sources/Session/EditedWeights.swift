import Answers
import Checkpoints
import Components
import Datasets
import Models
import Networks
import Runs
import Tensors
import Training

/// Where weights go that have an edit in them.
public struct EditedWeights: Sendable {
  /// The name of a new run beside the one that is edited; nil: none.
  public var run: String?
  /// A safetensors file; nil: none.
  public var file: String?
  /// Whether a run of that name is replaced.
  public var overwrites = false
  /// The folder of all runs.
  public var checkpointsFolder = "Checkpoints"

  /// Nowhere.
  public init() {}

  /// Whether anything is written.
  var isWanted: Bool { run != nil || file != nil }

  /// Refuses a run's name that cannot be, before anything is computed.
  ///
  /// - Throws: `ComponentError.request` for what is no name, and for the run that is edited.
  func requireName(in session: Session) throws(ComponentError) {
    guard let run else { return }
    guard RunConfiguration.isName(run) else {
      throw .request(
        problem: "`\(run)` cannot be a run's name", field: "‹bake›",
        remedy: "use letters, digits, `-`, `_` and `.`, beginning with a letter or digit")
    }
    guard run != session.run.name else {
      throw .request(
        problem: "`\(run)` is the run that is edited", field: "‹bake›",
        remedy: "choose another name")
    }
  }

  /// The largest difference from the masked network's outputs, in the largest output.
  static let tolerance = 1e-5

  /// Writes weights, after they were compared with the masked network on the test set.
  ///
  /// - Parameters:
  ///   - weights: p values of `model`'s network.
  ///   - model: a smaller one; nil: that of the run.
  /// - Throws: `ComponentError.notBaked` for other outputs than the masked network's; `RunError` for
  ///   a run of that name; errors of files.
  func write(
    _ weights: Tensor, model: ModelConfiguration?, of edit: ComponentEdit, in session: Session
  ) throws -> WrittenWeights {
    let (source, checkpoint) = (session.run, try session.run.checkpoint())
    var edited = try EditedRun(
      named: run ?? "\(source.name)-edited", from: source, checkpoint, model: model,
      checkpointsFolder: checkpointsFolder)
    edited.overwrites = overwrites
    let network = try edited.network()
    let difference = try EditedWeights.difference(weights, network, from: edit, in: session)
    if run != nil {
      let written = try edited.write(
        weights, origin: "\(source.name), \(checkpoint.name) without \(edit.description)")
      session.control.note("wrote the run \(written.name): \(written.folder)")
    }
    if let file {
      try SafetensorsFile.write(
        parameters: weights, layout: network.parameters,
        metadata: [
          "format": "pt", "ascribe.editOf": edit.model, "ascribe.ablation": edit.ablation,
        ], to: file)
      session.control.note("wrote \(file): \(network.parameterCount) parameters")
    }
    return WrittenWeights(run: run, file: file, difference: difference)
  }

  /// How far outputs of weights are from those of the masked network, in the largest output.
  ///
  /// - Throws: `ComponentError.notBaked` beyond the tolerance.
  static func difference(
    _ weights: Tensor, _ network: Network, from edit: ComponentEdit, in session: Session
  ) throws -> Double {
    let influence = try session.influence()
    let whole = try session.run.predictor(try session.run.checkpoint())
    let masked = Predictor(
      network: whole.network, parameters: whole.parameters, loss: whole.loss,
      masks: try edit.masks(
        of: whole.network, parameters: whole.parameters, reference: influence.data.train,
        file: "‹bake›"))
    let plain = Predictor(network: network, parameters: weights, loss: whole.loss)
    let data = influence.data.test.count > 0 ? influence.data.test : influence.data.train
    let rows = Array(0..<min(512, data.count))
    func values(_ predictor: Predictor) -> [Float] {
      let found = predictor.predictions(for: data, rows: rows)
      // Logits of sequences are not kept.
      return found.logits.count > 0 ? found.logits.elements : found.losses
    }
    let (wanted, found) = (values(masked), values(plain))
    let largest = wanted.reduce(1) { max($0, abs($1)) }
    let difference = zip(wanted, found).reduce(0) { max($0, Double(abs($1.0 - $1.1) / largest)) }
    guard difference <= tolerance else {
      throw ComponentError.notBaked(
        component: edit.removed.first ?? "", reason: "the outputs differ by \(difference)")
    }
    return difference
  }
}

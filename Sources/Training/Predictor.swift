// Letters: n examples, C outputs.
import Datasets
import Networks
import Tensors

/// A network at given parameters in evaluation mode.
public struct Predictor: Sendable {
  /// The network.
  public let network: Network
  /// Its parameters, p values.
  public let parameters: Tensor
  /// The loss that is reported.
  public let loss: Loss
  /// Masks of a batch of so many examples, by the network's ablation points; nil: nothing is taken
  /// away.
  public let masks: (@Sendable (Int) -> [Int: AblationMask])?

  /// A predictor.
  public init(
    network: Network, parameters: Tensor, loss: Loss,
    masks: (@Sendable (Int) -> [Int: AblationMask])? = nil
  ) {
    (self.network, self.parameters, self.loss) = (network, parameters, loss)
    self.masks = masks
  }

  /// Outputs of some inputs, B × output shape.
  func outputs(_ inputs: Tensor) -> Tensor {
    network.uncheckedOutputs(
      inputs, parameters: parameters, ablation: masks?(inputs.shape[0]) ?? [:])
  }

  /// Most examples that go through the network at a time, cut at absolute rows.
  public static let blockSize = 1024

  /// Outputs and signals of every example.
  ///
  /// Memory beyond the result is that of one block.
  ///
  /// - Parameters:
  ///   - data: n examples of the network's input shape.
  ///   - rows: the rows of `data` to predict, all when nil.
  public func predictions(for data: Dataset, rows: [Int]? = nil) -> Predictions {
    let n = rows?.count ?? data.count
    // Every position's logits would be as large as all activations: those of sequences are not kept.
    let isSequence = loss == .nextToken
    let width = isSequence ? 0 : network.outputCount
    let isClassification = loss == .crossEntropy
    let signals = SignalRows(predictedBy: loss, of: n)
    let logits = Tensor(uninitialized: [n, width])
    let targets = TargetValues(data.targets)
    for range in (0..<n).blocks(of: examplesAtATime) {
      let start = range.lowerBound
      let block = rows.map { Array($0[range]) } ?? Array(range)
      let outputs = outputs(data.inputs.gathered(block))
      (logits.storage.base + start * width).update(
        from: outputs.storage.base, count: range.count * width)
      _ = loss.forEach(outputs, targets.gathered(block)) { row, values in
        signals.write(values, example: start + row)
      }
    }
    return Predictions(logits: logits, signals, isClassification: isClassification)
  }

  /// Examples of a block.
  var examplesAtATime: Int {
    let places = network.outputShape.count > 1 ? network.outputShape[0] : 1
    return network.examplesAtATime(atMost: max(1, Predictor.blockSize / places))
  }

  static func largest(_ logits: Tensor) -> [Int32] {
    let width = logits.rowLength
    return (0..<logits.rowCount).map { row in
      let z = logits.storage.base + row * width
      return Int32((0..<width).reduce(0) { z[$1] > z[$0] ? $1 : $0 })
    }
  }
}

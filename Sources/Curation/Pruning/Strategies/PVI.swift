// Letters: n training examples, p probabilities.
import Foundation
import Tensors
import Training

extension PruneStrategy {
  /// By the pointwise usable information that an input has of its label, little being hard.
  ///
  ///     PVI(x → y) = log₂ p(y | x) − log₂ p(y)
  ///
  /// p(y | x) of the last epoch, the mean over the seeds, as the example was visited; p(y) the share of
  /// its class, which is what a model without inputs learns.
  static let pvi = byHardness(
    "pvi", of: "the usable information of their inputs (PVI)",
    source: "Ethayarajh et al. 2022 (arXiv:2110.08420)", needs: [.dynamics, .classes]
  ) { context in
    let probabilities = try context.mean(.probability) { $0 - 1..<$0 }
    guard let classes = context.classes else { return probabilities.map { -$0 } }
    var counts = [Double](repeating: 0, count: context.classNames.count)
    for label in classes { counts[Int(label)] += 1 }
    return probabilities.enumerated().map { row, p in
      let prior = counts[Int(classes[row])] / Double(context.count)
      return Float(log2(prior) - log2(max(Double(p), Double(Float.leastNormalMagnitude))))
    }
  }
}

// Letters: n examples, H features, C classes.
import Datasets
import Factors
import Gradients
import Networks
import Tensors

/// What the last layer of a network reads: the features that examples are compared by.
struct LastLayer {
  /// Its weight's name.
  let name: String
  private let source: any GradientProvider
  private let block: Int

  /// - Throws: `InfluenceError.notDefined` for a network whose last weight has no dense inputs at one
  ///   position.
  init(_ context: ScoringContext) throws {
    source = context.checkpoint.source
    let shapes = try source.factored(context.training.subset([0]), .output(.loss))
    guard
      let last = shapes.blocks.lastIndex(where: {
        $0.isDense && $0.terms.count == 1 && $0.terms[0].positions == 1 && $0.rightWidth > 1
      })
    else {
      throw InfluenceError.notDefined(
        name: context.method.name,
        reason: "no layer reads one vector of features an example", option: "‹method›")
    }
    (block, name) = (last, shapes.blocks[last].weight.name)
  }

  /// The features of examples, n × H, without the 1 of a bias; and the outputs.
  func features(of data: Dataset) throws -> (features: Matrix<Float>, outputs: Tensor) {
    var rows: [Float] = []
    var outputs: [Float] = []
    var width = 0
    try source.forEachBlock(of: data, target: .output(.loss)) { _, gradients, logits in
      let side = gradients.blocks[block].withoutBias().terms[0].right
      width = side.width
      rows += side.materialised(count: gradients.count).elements
      outputs += logits.elements
    }
    return (
      Matrix(rows, rows: data.count, columns: width),
      Tensor(outputs, shape: [data.count, outputs.count / max(1, data.count)])
    )
  }
}

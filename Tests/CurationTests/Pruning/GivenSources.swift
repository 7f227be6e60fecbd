import Tensors
import Training

@testable import Curation

/// What strategies read, as numbers of a test.
struct GivenSources: PruneSources {
  var signals: [ExampleSignal: [Matrix<Float>]] = [:]
  var suspicions: [Float] = []
  var influences: [Float] = []
  var helps: [Float] = []
  var matrix = Matrix<Float>(uninitialized: 0, 0)
  var wrong: WrongLabels?
  var words = PruneTexts(training: [], target: [])
  var hasMargins = true

  func epochs(of signal: ExampleSignal) throws -> [Matrix<Float>] { signals[signal] ?? [] }
  func suspicion() throws -> [Float] { suspicions }
  func selfInfluence() throws -> [Float] { influences }
  func help(for rows: [Int]) throws -> [Float] { helps }
  func features() throws -> any FeatureRows { Given(matrix: matrix) }
  func texts() throws -> PruneTexts { words }
  func wrongLabels() throws -> WrongLabels? { wrong }

  private struct Given: FeatureRows {
    let matrix: Matrix<Float>
    var rows: Int { matrix.rows }
    var columns: Int { matrix.columns }
    func read(_ range: Range<Int>) throws -> Matrix<Float> {
      Matrix(range.flatMap { Array(matrix.row($0)) }, rows: range.count, columns: columns)
    }
  }
}

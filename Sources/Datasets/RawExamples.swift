import Tensors
import Text

/// What a reader gives: examples before classes are numbered and inputs normalised.
struct RawExamples: Sendable {
  /// The file of the inputs, which errors name.
  var file: String
  /// The file of the labels.
  var labelFile: String
  /// The names, or nil for row numbers.
  var ids: [ExampleID]?
  /// n × …, all finite; NaN what is to get a mean.
  var inputs: Tensor
  var labels: RawLabels
  /// Whether the inputs were bytes of an image format: 0 to 255.
  var areByteImages = false
  /// The inputs before they were rounded to Float32, where that would run values together that
  /// standardising keeps apart.
  var exactInputs: [Double]?
  /// Whether some inputs have no value and get the mean of their column.
  var hasHoles = false
  /// What the columns of a table are for; nil of what is no table.
  var columns: CSVReader.Layout?
  /// How the source was read.
  var reading = SourceReading()
  /// What made the inputs from texts; nil when they are no texts.
  var tokenizer: Tokenizer?
  /// Of sequences of which a part alone is to be predicted, the inputs with −1 for the others.
  var nextTokens: Tensor?

  var count: Int { inputs.shape[0] }
}

/// Labels as they stand in the source.
enum RawLabels: Sendable {
  /// Words, with the place of each for errors.
  case words([String], places: @Sendable (Int) -> DataPlace)
  /// Numbers, n × outputs.
  case numbers([Double], outputs: Int, places: @Sendable (Int) -> DataPlace)
  /// None: the inputs are token ids, and the next one is to be predicted. The text of each id.
  case tokens(vocabulary: [String])
  /// None, where the run's own data have some.
  case unlabelled
}

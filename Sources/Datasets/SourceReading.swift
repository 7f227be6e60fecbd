/// How a source was read, in words that a person can check.
struct SourceReading: Sendable, Equatable {
  /// What the inputs are: "4 columns: `a`, `b`, …".
  var inputs = ""
  /// Where the labels are from; empty without.
  var labels = ""
  /// How long texts are; nil of what is no sequence.
  var texts: TextCounts?
  /// What was guessed, changed or passed over, a sentence each without its full stop.
  var notes: [String] = []
  /// Columns whose values Float32 would run together unless they are standardised.
  var coarse: [String] = []
}

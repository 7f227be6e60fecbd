/// Training examples whose label may be wrong, the most suspect first.
public struct SuspectGallery: Sendable, Equatable {
  /// What the scores are: `leave-one-out margin`.
  public var scoreName: String
  /// The suspects in order.
  public var suspects: [Suspect]

  /// Suspects ranked by one score.
  public init(scoreName: String, suspects: [Suspect]) {
    (self.scoreName, self.suspects) = (scoreName, suspects)
  }
}

/// A training example whose label may be wrong.
public struct Suspect: Sendable, Equatable {
  /// What is known of the label.
  public enum Truth: Sendable, Equatable {
    /// Nothing: no noise was planted.
    case unknown
    /// Noise was planted, and this label was left alone.
    case untouched
    /// The label was changed on purpose; this is what it was.
    case planted(trueLabel: String)
  }

  /// Its place in the ranking, from 1.
  public var rank: Int
  /// Its id.
  public var id: String
  /// What is shown of it.
  public var view: ExampleView
  /// The label it has.
  public var label: String
  /// What the model makes of it.
  public var predicted: String
  /// The probability of `predicted`, 0 … 1; nil for models without one.
  public var probability: Double?
  /// Its score, as the gallery names it.
  public var score: Double
  /// What is known of the label.
  public var truth: Truth
  /// Why it was dropped, shown in the place of what the model predicts and of the score; nil for
  /// suspects.
  public var reason: String?

  /// A suspect.
  public init(
    rank: Int, id: String, view: ExampleView, label: String, predicted: String,
    probability: Double?, score: Double, truth: Truth = .unknown
  ) {
    (self.rank, self.id, self.view, self.label) = (rank, id, view, label)
    (self.predicted, self.probability, self.score) = (predicted, probability, score)
    self.truth = truth
  }

  /// A training example that was dropped.
  public init(droppedAs reason: String, place: Int, id: String, view: ExampleView, label: String) {
    self.init(
      rank: place, id: id, view: view, label: label, predicted: "", probability: nil, score: 0)
    self.reason = reason
  }
}

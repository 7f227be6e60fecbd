/// Test examples, each beside the training examples that helped and harmed it.
public struct QuerySection: Sendable, Equatable {
  /// What the examples of positive and of negative scores did, as headings.
  public struct Sides: Sendable, Equatable {
    /// Of positive scores.
    public let positive: String
    /// Of negative scores.
    public let negative: String

    /// The sides of scores that say what helped.
    public static let help = Sides(positive: "Helped", negative: "Harmed")

    /// Two headings.
    public init(positive: String, negative: String) {
      (self.positive, self.negative) = (positive, negative)
    }
  }

  /// The unit of the scores: `margin`, `nats of loss`.
  public var unit: String
  /// How the sign is to be read, as in `Positive: training on it raised the margin.`.
  public var signSentence: String
  /// The headings of the two sides.
  public var sides = Sides.help
  /// What the changes beside the scores are, and how they were found; empty without changes.
  public var changeSentence = ""
  /// The test examples.
  public var cards: [QueryCard]

  /// Whether tokens of training passages are shaded by their scores.
  var hasShadedTokens: Bool {
    cards.contains { card in (card.helpful + card.harmful).contains(where: \.view.isShaded) }
  }

  /// Whether tokens of queries are shaded by their scores.
  var hasShadedQueries: Bool { cards.contains(where: \.view.isShaded) }

  /// Test examples whose scores have one unit and one sign.
  public init(unit: String, signSentence: String, cards: [QueryCard]) {
    (self.unit, self.signSentence, self.cards) = (unit, signSentence, cards)
  }
}

/// A test example and the training examples that matter for it.
public struct QueryCard: Sendable, Equatable {
  /// What is shown of the test example.
  public var view: ExampleView
  /// Its id.
  public var id: String
  /// Its label; empty for a passage, which is all there is.
  public var label: String
  /// What the model makes of it; empty when it is nothing to be told in a word.
  public var predicted: String
  /// What is asked about it, where it is not all of it.
  public var question = ""
  /// Whether it is in no split; else a test example.
  public var isOutside = false
  /// The probability of `predicted`, 0 … 1; nil for models without one.
  public var probability: Double?
  /// The training examples that helped, the strongest first.
  public var helpful: [Influence]
  /// The training examples that harmed, the strongest first.
  public var harmful: [Influence]

  /// Whether it has no label to be right or wrong about.
  var isUnlabelled: Bool { isOutside && label.isEmpty }

  /// A test example with its strongest training examples.
  public init(
    view: ExampleView, id: String, label: String, predicted: String, probability: Double?,
    helpful: [Influence], harmful: [Influence]
  ) {
    (self.view, self.id, self.label, self.predicted) = (view, id, label, predicted)
    (self.probability, self.helpful, self.harmful) = (probability, helpful, harmful)
  }

  /// A training example and its score.
  public struct Influence: Sendable, Equatable {
    /// What is shown of the training example.
    public var view: ExampleView
    /// Its id.
    public var id: String
    /// Its label.
    public var label: String
    /// Its score in the unit of the section; positive = helped.
    public var score: Double
    /// What removing it changes, with an interval: `removed: margin −0.73 ± 0.44`; empty without a
    /// calibration.
    public var change = ""
    /// The query's tokens with their parts of the score; empty where they are not asked for.
    public var queryTokens: [ScoredToken] = []

    /// A training example and its score.
    public init(view: ExampleView, id: String, label: String, score: Double) {
      (self.view, self.id, self.label, self.score) = (view, id, label, score)
    }
  }
}

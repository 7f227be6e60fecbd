/// What a random stream is for; streams of different purposes are independent.
///
/// The numbers belong to the file formats: a projector stored as {kind, k, seed} is remade from
/// value = f(seed, purpose, index, position). Never change one, never use one again.
public struct Purpose: Sendable, Hashable {
  /// The number in the generator's counter.
  public let number: UInt32

  /// A purpose of one's own; numbers below 1,000 belong to this package.
  public init(number: UInt32) { self.number = number }

  /// Initial parameters of a network.
  public static let initialisation = Purpose(number: 1)
  /// Order of examples within an epoch.
  public static let shuffle = Purpose(number: 2)
  /// Dropout masks.
  public static let dropout = Purpose(number: 3)
  /// Which examples go to training and which to test.
  public static let split = Purpose(number: 4)
  /// Planted label noise.
  public static let flip = Purpose(number: 5)
  /// Entries of projection matrices.
  public static let projection = Purpose(number: 6)
  /// Choice of landmarks.
  public static let landmarks = Purpose(number: 7)
  /// Probe vectors of stochastic estimates.
  public static let probe = Purpose(number: 8)
  /// Random training subsets.
  public static let subset = Purpose(number: 9)
  /// Bootstrap resamples.
  public static let bootstrap = Purpose(number: 10)
  /// Random changes of training images.
  public static let augmentation = Purpose(number: 11)
  /// Masks of components, and the examples whose activations take their place.
  public static let ablation = Purpose(number: 12)
  /// Labels changed on purpose, to see how many of such are found again.
  public static let decoy = Purpose(number: 14)
  /// Labels drawn from a network's own outputs, for its Fisher matrix.
  public static let fisher = Purpose(number: 15)
  /// Batches and starting vectors of stochastic solvers.
  public static let solver = Purpose(number: 16)
}

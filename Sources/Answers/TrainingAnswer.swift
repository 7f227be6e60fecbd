import Datasets
import Foundation
import Reports
import Runs

/// A run that is trained.
public struct TrainingAnswer: Answer, Equatable {
  /// A seed with its last checkpoint.
  public struct Seed: Codable, Equatable, Sendable {
    /// The seed.
    public let seed: UInt64
    /// Means over the data; absent where there are none.
    public let trainLoss, trainAccuracy, testLoss, testAccuracy: Double?
    /// The hash of the weights.
    public let modelHash: String
  }
  /// The run, and its folder.
  public let run, folder: String
  /// Epochs whose checkpoints are kept.
  public let epochs: [Int]
  /// The seeds.
  public let seeds: [Seed]
  /// How its data were read.
  public let data: DataDescription?

  /// What a run says of itself.
  ///
  /// - Parameter data: how its data were read.
  public init(_ run: Run, data: DataDescription? = nil) {
    self.data = data
    self.run = run.name
    folder = run.folder
    epochs = run.record.checkpointEpochs
    seeds = run.record.results.map {
      Seed(
        seed: $0.seed, trainLoss: $0.metrics.trainLoss, trainAccuracy: $0.metrics.trainAccuracy,
        testLoss: $0.metrics.testLoss, testAccuracy: $0.metrics.testAccuracy,
        modelHash: $0.modelHash)
    }
  }

  /// A table for reading.
  public var text: String {
    var table = TextTable(["seed", "train loss", "train accuracy", "test loss", "test accuracy"])
    func text(_ value: Double?) -> String { value.map { String(format: "%.4f", $0) } ?? "" }
    for seed in seeds {
      table.append([
        "\(seed.seed)", text(seed.trainLoss), text(seed.trainAccuracy), text(seed.testLoss),
        text(seed.testAccuracy),
      ])
    }
    return table.text
      + "\ncheckpoints of epochs \(epochs.map(String.init).joined(separator: ", ")) in \(folder)"
  }
}

import Datasets
import Foundation
import Reports
import Runs

/// Weights from elsewhere that became a run.
public struct ImportAnswer: Answer, Equatable {
  /// A checkpoint.
  public struct Entry: Codable, Equatable, Sendable {
    /// Its seed.
    public let seed: UInt64
    /// Its epoch.
    public let epoch: Int
    /// The file that it was read from.
    public let file: String
    /// Means over the data; absent where there are none.
    public let trainLoss, trainAccuracy, testLoss, testAccuracy: Double?
  }
  /// A tensor that was taken for a parameter of another name.
  public struct Renamed: Codable, Equatable, Sendable {
    /// The names.
    public let tensor, parameter: String
  }
  /// The run, and its folder.
  public let run, folder: String
  /// The checkpoints.
  public let checkpoints: [Entry]
  /// Of the first file.
  public let renamed: [Renamed]
  /// Tensors of the first file that hold no weights.
  public let leftOut: [String]
  /// How its data were read.
  public let data: DataDescription?

  package init(_ run: Run, _ imported: [ImportJob.Imported], data: DataDescription?) {
    self.data = data
    self.run = run.name
    folder = run.folder
    checkpoints = imported.map {
      Entry(
        seed: $0.seed, epoch: $0.epoch, file: $0.file, trainLoss: $0.metrics.trainLoss,
        trainAccuracy: $0.metrics.trainAccuracy, testLoss: $0.metrics.testLoss,
        testAccuracy: $0.metrics.testAccuracy)
    }
    renamed = (imported.first?.renamed ?? []).map {
      Renamed(tensor: $0.tensor, parameter: $0.parameter)
    }
    leftOut = imported.first?.leftOut ?? []
  }

  /// A table for reading.
  public var text: String {
    var table = TextTable(["seed", "epoch", "train loss", "test loss", "test accuracy", "file"])
    func text(_ value: Double?) -> String { value.map { String(format: "%.4f", $0) } ?? "" }
    for entry in checkpoints {
      table.append([
        "\(entry.seed)", "\(entry.epoch)", text(entry.trainLoss), text(entry.testLoss),
        text(entry.testAccuracy), entry.file,
      ])
    }
    return table.text + "\nimported as \(run) in \(folder)"
  }
}

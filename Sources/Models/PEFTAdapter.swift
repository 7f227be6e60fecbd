import Checkpoints
import Configuration
import Factors
import Foundation
import Networks
import Storage
import Tensors

/// A low-rank adapter as the Python library PEFT saves it: `adapter_config.json` beside
/// `adapter_model.safetensors`.
///
/// What would change the outputs and is not built (DoRA, trained biases, ranks by layer, …) is
/// refused by its key.
public struct PEFTAdapter: Sendable {
  /// Rank, scale and layers.
  public let adapters: LowRankAdapters
  /// The file of tensors.
  public let path: String

  /// What PEFT puts before the names of the model's modules.
  private static let prefix = "base_model.model."

  private static let fileName = "adapter_model.safetensors"

  /// Whether checkpoints, where there are some, are adapters.
  public static func isFound(at source: String) -> Bool {
    guard let first = try? ForeignCheckpoint.find(source).first else { return false }
    return (first.path as NSString).lastPathComponent == fileName && isThere(first.folder)
  }

  /// Whether a folder holds an adapter.
  public static func isThere(_ folder: String) -> Bool {
    fileExists(folder + "/adapter_config.json")
  }

  /// Reads an adapter's configuration and the names of its tensors.
  ///
  /// - Throws: `ModelError.noAdapter`; `.unsupportedSetting` naming the key; `ConfigurationError`;
  ///   `CheckpointError`.
  public init(reading folder: String) throws {
    guard PEFTAdapter.isThere(folder) else { throw ModelError.noAdapter(folder: folder) }
    let map = try ConfigurationMap(contentsOf: folder + "/adapter_config.json")
    func refuse(_ key: String) -> ModelError { .unsupported(map, key) }
    guard try map.string("peft_type", default: "LORA") == "LORA" else { throw refuse("peft_type") }
    let others = [
      "use_dora", "use_qalora", "use_bdlora", "lora_bias", "alora_invocation_tokens",
      "trainable_token_indices", "target_parameters", "kasa_config", "monteclora_config",
      "velora_config",
    ]
    for key in others {
      switch map.value(key) {
      case nil, .null, .bool(false): break
      default: throw refuse(key)
      }
    }
    guard try map.string("bias", default: "none") == "none" else { throw refuse("bias") }
    for key in ["rank_pattern", "alpha_pattern", "modules_to_save", "layer_replication"] {
      switch map.value(key) {
      case nil, .null: break
      case .map(let values) where values.isEmpty: break
      case .list(let values) where values.isEmpty: break
      default: throw refuse(key)
      }
    }
    let rank = try map.int("r", in: 1...1 << 20)
    var alpha = try map.double("lora_alpha", in: .positive)
    // Rank-stabilised adapters are scaled by α/√r.
    if try map.bool("use_rslora", default: false) { alpha *= Double(rank).squareRoot() }
    path = folder + "/" + PEFTAdapter.fileName
    let names = try ForeignWeights(reading: path).entries.map(\.name)
    let suffix = LowRankLinear.downName
    let modules = names.filter { $0.hasPrefix(PEFTAdapter.prefix) && $0.hasSuffix(suffix) }
      .map { String($0.dropFirst(PEFTAdapter.prefix.count).dropLast(suffix.count)) }.sorted()
    guard !modules.isEmpty else {
      throw CheckpointError.missingTensor(
        name: "\(PEFTAdapter.prefix)…\(suffix)", present: names, file: path)
    }
    adapters = LowRankAdapters(rank: rank, alpha: alpha, targets: LayerPatterns(modules))
  }

  /// The adapter's numbers in the order of a network's parameters after those of its model.
  ///
  /// - Throws: `CheckpointError.otherNetwork` with every tensor that is missing, unknown or of
  ///   another shape.
  package func parameters(of network: Network) throws -> Tensor {
    let first = network.modelParameters.count
    let start = network.modelParameters.last?.range.upperBound ?? 0
    return try ForeignWeights(reading: path).parameters(
      layout: network.parameters.dropFirst(first).map {
        Parameter(
          name: PEFTAdapter.prefix + $0.name, shape: $0.shape, offset: $0.offset - start)
      }
    ).parameters
  }
}

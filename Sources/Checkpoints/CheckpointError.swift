import Tensors

/// What can be wrong with a checkpoint.
///
/// Each case holds the facts, the sentences are below.
public enum CheckpointError: DiagnosableError, Equatable {
  // MARK: Safetensors
  /// Fewer bytes than the header's length needs.
  case tooShort(bytes: Int, file: String)
  /// The first eight bytes claim a header that does not fit.
  case headerLength(claimed: UInt64, available: Int, file: String)
  /// The header is not the JSON that it should be.
  case headerSyntax(byte: Int, problem: String, file: String)
  /// An entry of the header that breaks a rule of the format.
  case badEntry(name: String, problem: String, file: String)
  /// Tensors do not lie one after another.
  case badOffsets(name: String, begin: Int, expected: Int, file: String)
  /// The data does not end where the tensors end.
  case dataLength(expected: Int, found: Int, file: String)
  /// More bytes than there is memory for.
  case tooLarge(bytes: Int, file: String)
  /// Elements of a type that is not read.
  case unsupportedType(name: String, type: String, file: String)

  // MARK: Tensors and the network
  /// A parameter of the network that the file does not have.
  case missingTensor(name: String, present: [String], file: String)
  /// A tensor that the network does not have.
  case unknownTensor(name: String, known: [String], file: String)
  /// A tensor of another shape than the network's.
  case wrongShape(name: String, expected: [Int], found: [Int], file: String)
  /// Weights from elsewhere whose tensors are not those of the network.
  case otherNetwork(TensorDifferences, file: String)
  /// A parameter that is NaN or infinite.
  case notFinite(name: String, element: Int, value: Float, file: String)

  // MARK: Weights from elsewhere
  /// Nothing of the name that was given.
  case nothingThere(path: String)
  /// A shard that the index names and that is not there.
  case missingShard(name: String, file: String)
  /// A folder without safetensors files.
  case noWeights(folder: String)
  /// What torch.save writes; `isNanoGPT` where it has nanoGPT's `model_args`.
  case pickle(file: String, isNanoGPT: Bool)
  /// A folder of which it is not clear what the weights are.
  case ambiguousWeights(names: [String], folder: String)
  /// A folder `seed-N` whose N is no seed.
  case badSeed(name: String, largest: UInt64, folder: String)
  /// Parts of one model without the index that belongs to them.
  case missingIndex(shards: [String], folder: String)
  /// The index of a sharded model is not the JSON that it should be.
  case badIndex(problem: String, file: String)
  /// A tensor that is not in the shard that the index names.
  case missingInShard(name: String, shard: String, file: String)

  // MARK: Trust
  /// A byte changed after the file was written.
  case changed(file: String)
  /// A file that the run's record names is not there.
  case missingFile(file: String)
  /// The JSON beside a checkpoint is not there.
  case missingProvenance(file: String)
  /// The JSON beside a checkpoint cannot be read.
  case unreadableProvenance(problem: String, file: String)
  /// A format from the future.
  case unsupportedVersion(found: Int, newest: Int, file: String)
  /// The file is not the one that was recorded.
  case mismatch(field: String, recorded: String, found: String, file: String)
}

extension CheckpointError {
  /// 4 for what changed or does not belong together, else 3.
  public var exitCode: Int32 {
    switch self {
    case .changed, .missingFile, .missingProvenance, .unreadableProvenance, .unsupportedVersion,
      .mismatch:
      4
    default: 3
    }
  }

  /// What went wrong, with the values that show it.
  public var what: String {
    switch self {
    case .tooShort(let bytes, _): "a safetensors file has at least 8 bytes, this one has \(bytes)."
    case .headerLength(let claimed, let available, _):
      "the header claims \(claimed) bytes, \(available) are there."
    case .headerSyntax(let byte, let problem, _):
      "the header is not the JSON of safetensors: \(problem) at byte \(byte)."
    case .badEntry(let name, let problem, _): "the entry \"\(name)\" \(problem)."
    case .badOffsets(let name, let begin, let expected, _):
      "\"\(name)\" begins at byte \(begin) of the data, expected \(expected): "
        + (begin < expected ? "tensors overlap." : "bytes belong to no tensor.")
    case .dataLength(let expected, let found, _):
      "the tensors take \(expected) bytes, the file has \(found) for them."
    case .tooLarge(let bytes, _): "\(bytes) bytes are more than there is memory for."
    case .unsupportedType(let name, let type, _):
      "\"\(name)\" has elements of type \(type); only F16, BF16, F32 and F64 are read."
    case .missingTensor(let name, _, _): "the network's \"\(name)\" is not in the file."
    case .unknownTensor(let name, _, _): "the network has no \"\(name)\"."
    case .wrongShape(let name, let expected, let found, _):
      "\"\(name)\" has shape \(found), the network's has \(expected)."
    case .otherNetwork(let differences, _): "the tensors are not the network's: \(differences)."
    case .nothingThere: "there is no file or folder of that name."
    case .missingShard(let name, _): "the shard \(name) is missing."
    case .noWeights: "there is no safetensors file."
    case .pickle(_, let isNanoGPT):
      "the file is what torch.save writes\(isNanoGPT ? " in nanoGPT" : ""): a pickle, a program "
        + "that Python runs to read it."
    case .ambiguousWeights(let names, _):
      "it is not clear what the weights are: \(CheckpointError.listed(names))."
    case .badSeed(let name, let largest, _):
      "the number of the folder \(name) is no seed: the largest is \(largest)."
    case .missingIndex(let shards, _):
      "\(CheckpointError.listed(shards)) are parts of one model, whose index is missing."
    case .badIndex(let problem, _): "the index of the shards cannot be used: \(problem)."
    case .missingInShard(let name, let shard, _): "\"\(name)\" is not in \(shard)."
    case .notFinite(let name, let element, let value, _):
      "element \(element) of \"\(name)\" is \(value)."
    case .changed: "a byte of the file changed after it was written: its SHA-256 does not match."
    case .missingFile: "a file of this run is gone."
    case .missingProvenance: "the JSON beside the checkpoint is missing."
    case .unreadableProvenance(let problem, _): "the JSON cannot be read: \(problem)."
    case .unsupportedVersion(let found, let newest, _):
      "format version \(found) is unknown; this version reads up to \(newest)."
    case .mismatch(let field, let recorded, let found, _):
      "\(field) differs: recorded \(recorded), found \(found)."
    }
  }

  /// The file.
  public var location: String {
    switch self {
    case .tooShort(_, let file), .headerLength(_, _, let file), .headerSyntax(_, _, let file),
      .badEntry(_, _, let file), .badOffsets(_, _, _, let file), .dataLength(_, _, let file),
      .tooLarge(_, let file), .unsupportedType(_, _, let file), .missingTensor(_, _, let file),
      .unknownTensor(_, _, let file), .wrongShape(_, _, _, let file),
      .notFinite(_, _, _, let file), .changed(let file), .missingFile(let file),
      .missingProvenance(let file), .otherNetwork(_, let file), .noWeights(let file),
      .nothingThere(let file), .missingShard(_, let file),
      .pickle(let file, _), .ambiguousWeights(_, let file), .badSeed(_, _, let file),
      .missingIndex(_, let file), .badIndex(_, let file), .missingInShard(_, _, let file),
      .unreadableProvenance(_, let file), .unsupportedVersion(_, _, let file),
      .mismatch(_, _, _, let file):
      file
    }
  }

  /// What the user can do about it.
  public var remedy: String {
    switch self {
    case .tooShort, .headerLength, .headerSyntax, .badEntry, .badOffsets, .dataLength:
      "check that this is a whole safetensors file, and copy it again from where it came."
    case .tooLarge: "use a machine with more memory."
    case .unsupportedType:
      "convert the tensors to float32 before saving: {k: v.float() for k, v in state.items()}."
    case .missingTensor(_, let present, _): "the file has \(CheckpointError.listed(present))."
    case .unknownTensor(_, let known, _):
      "describe the network it belongs to; this one has \(CheckpointError.listed(known))."
    case .otherNetwork:
      "make `model` of the run file the network that the weights are of, or rename the tensors."
    case .noWeights:
      "save the weights with safetensors: save_file(model.state_dict(), \"model.safetensors\")."
    case .pickle(let file, let isNanoGPT):
      ForeignPickle.conversion(of: file, isNanoGPT: isNanoGPT)
    case .ambiguousWeights: "name one of the files instead of the folder."
    case .badSeed: "give the folder a smaller number."
    case .missingIndex: "copy model.safetensors.index.json too."
    case .nothingThere: "check the path of the weights."
    case .badIndex, .missingInShard, .missingShard:
      "copy the index and all shards again from where they came."
    case .wrongShape: "make the model of the run file the one that the weights are of."
    case .notFinite: "use an earlier checkpoint, and train with a smaller rate."
    case .changed: "copy the file again from where it came, or train again with ‹overwrites›."
    case .missingFile:
      "copy it again from where it came, or give the run's ascribe train command again."
    case .missingProvenance:
      "copy it too, or import the weights as a run of their own: ascribe import."
    case .unreadableProvenance:
      "copy the file again from where it came, or train again with ‹overwrites›."
    case .unsupportedVersion: "use a newer version of Ascribe."
    case .mismatch: "use the files of one run together, or train again with ‹overwrites›."
    }
  }

  /// At most eight names.
  static func listed(_ names: [String]) -> String {
    if names.isEmpty { return "no tensors" }
    return names.prefix(8).joined(separator: ", ")
      + (names.count > 8 ? ", … (\(names.count) in all)" : "")
  }
}

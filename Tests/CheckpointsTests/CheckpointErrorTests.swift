import Factors
import Foundation
import Randomness
import Storage
import Tensors
import TestSupport
import Testing

@testable import Checkpoints

/// What is said of checkpoints that cannot be used, word for word.
@Suite("Words of checkpoint errors")
struct CheckpointErrorTests {
  static let words: [ErrorWords] = [
    ErrorWords(
      CheckpointError.tooShort(bytes: 3, file: "w.safetensors"),
      """
      error: a safetensors file has at least 8 bytes, this one has 3.
        at:  w.safetensors
        fix: check that this is a whole safetensors file, and copy it again from where it came.
      """),
    ErrorWords(
      CheckpointError.badOffsets(name: "b", begin: 4, expected: 8, file: "w.safetensors"),
      """
      error: "b" begins at byte 4 of the data, expected 8: tensors overlap.
        at:  w.safetensors
        fix: check that this is a whole safetensors file, and copy it again from where it came.
      """),
    ErrorWords(
      CheckpointError.badOffsets(name: "b", begin: 12, expected: 8, file: "w.safetensors"),
      """
      error: "b" begins at byte 12 of the data, expected 8: bytes belong to no tensor.
        at:  w.safetensors
        fix: check that this is a whole safetensors file, and copy it again from where it came.
      """),
    ErrorWords(
      CheckpointError.pickle(file: "a/w\"1.pth", isNanoGPT: false),
      """
      error: the file is what torch.save writes: a pickle, a program that Python runs to read it.
        at:  a/w"1.pth
        fix: make model.safetensors beside it in Python, and import those:
               import torch, safetensors.torch as s; c = torch.load("w\\"1.pth", map_location="cpu")
               s.save_file({k: v.clone() for k, v in c.get("model", c.get("state_dict", c)).items()}, "model.safetensors")
      """),
    ErrorWords(
      CheckpointError.pickle(file: "out/ckpt.pt", isNanoGPT: true),
      """
      error: the file is what torch.save writes in nanoGPT: a pickle, a program that Python runs to read it.
        at:  out/ckpt.pt
        fix: make model.safetensors and config.json beside it in Python, and import those:
               import json, torch, safetensors.torch as s; c = torch.load("ckpt.pt", map_location="cpu")
               s.save_file({k: v.clone() for k, v in c["model"].items()}, "model.safetensors"); json.dump({"model_type": "nanogpt", **c["model_args"]}, open("config.json", "w"))
      """),
    ErrorWords(
      CheckpointError.tooLarge(bytes: 1 << 50, file: "w.safetensors"),
      """
      error: 1125899906842624 bytes are more than there is memory for.
        at:  w.safetensors
        fix: use a machine with more memory.
      """),
    ErrorWords(
      CheckpointError.unsupportedType(name: "w", type: "F8_E4M3", file: "w.safetensors"),
      """
      error: "w" has elements of type F8_E4M3; only F16, BF16, F32 and F64 are read.
        at:  w.safetensors
        fix: convert the tensors to float32 before saving: {k: v.float() for k, v in state.items()}.
      """),
    ErrorWords(
      CheckpointError.missingTensor(
        name: "0.bias", present: (0..<10).map { "t\($0)" }, file: "w.safetensors"),
      """
      error: the network's "0.bias" is not in the file.
        at:  w.safetensors
        fix: the file has t0, t1, t2, t3, t4, t5, t6, t7, … (10 in all).
      """),
    ErrorWords(
      CheckpointError.unknownTensor(name: "x", known: [], file: "w.safetensors"),
      """
      error: the network has no "x".
        at:  w.safetensors
        fix: describe the network it belongs to; this one has no tensors.
      """),
    ErrorWords(
      CheckpointError.notFinite(name: "0.weight", element: 7, value: -.infinity, file: "c"),
      """
      error: element 7 of "0.weight" is -inf.
        at:  c
        fix: use an earlier checkpoint, and train with a smaller rate.
      """),
    ErrorWords(
      CheckpointError.nothingThere(path: "/no"),
      """
      error: there is no file or folder of that name.
        at:  /no
        fix: check the path of the weights.
      """),
    ErrorWords(
      CheckpointError.noWeights(folder: "/f"),
      """
      error: there is no safetensors file.
        at:  /f
        fix: save the weights with safetensors: save_file(model.state_dict(), "model.safetensors").
      """),
    ErrorWords(
      CheckpointError.ambiguousWeights(names: ["a.safetensors", "b.safetensors"], folder: "/f"),
      """
      error: it is not clear what the weights are: a.safetensors, b.safetensors.
        at:  /f
        fix: name one of the files instead of the folder.
      """),
    ErrorWords(
      CheckpointError.badSeed(name: "seed-99", largest: 9, folder: "/f"),
      """
      error: the number of the folder seed-99 is no seed: the largest is 9.
        at:  /f
        fix: give the folder a smaller number.
      """),
    ErrorWords(
      CheckpointError.missingIndex(
        shards: ["model-1-of-2.safetensors", "model-2-of-2.safetensors"], folder: "/f"),
      """
      error: model-1-of-2.safetensors, model-2-of-2.safetensors are parts of one model, whose \
      index is missing.
        at:  /f
        fix: copy model.safetensors.index.json too.
      """),
    ErrorWords(
      CheckpointError.missingInShard(name: "w", shard: "s.safetensors", file: "/f/index.json"),
      """
      error: "w" is not in s.safetensors.
        at:  /f/index.json
        fix: copy the index and all shards again from where they came.
      """),
    ErrorWords(
      CheckpointError.changed(file: "c"), code: 4,
      """
      error: a byte of the file changed after it was written: its SHA-256 does not match.
        at:  c
        fix: copy the file again from where it came, or train again with ‹overwrites›.
      """),
    ErrorWords(
      CheckpointError.missingFile(file: "c"), code: 4,
      """
      error: a file of this run is gone.
        at:  c
        fix: copy it again from where it came, or give the run's ascribe train command again.
      """),
    ErrorWords(
      CheckpointError.missingProvenance(file: "c.json"), code: 4,
      """
      error: the JSON beside the checkpoint is missing.
        at:  c.json
        fix: copy it too, or import the weights as a run of their own: ascribe import.
      """),
    ErrorWords(
      CheckpointError.unreadableProvenance(problem: "no seed", file: "c.json"), code: 4,
      """
      error: the JSON cannot be read: no seed.
        at:  c.json
        fix: copy the file again from where it came, or train again with ‹overwrites›.
      """),
    ErrorWords(
      CheckpointError.unsupportedVersion(found: 9, newest: 2, file: "c.json"), code: 4,
      """
      error: format version 9 is unknown; this version reads up to 2.
        at:  c.json
        fix: use a newer version of Ascribe.
      """),
    ErrorWords(
      CheckpointError.mismatch(field: "modelHash", recorded: "a", found: "b", file: "c.json"),
      code: 4,
      """
      error: modelHash differs: recorded a, found b.
        at:  c.json
        fix: use the files of one run together, or train again with ‹overwrites›.
      """),
  ]

  @Test("errors say what, where and how to go on", arguments: words)
  func printed(words: ErrorWords) { #expect(words.isPrinted, "\(words)") }

  // MARK: Files that are written and read

  /// Tensors of random shapes and sizes, scalars too, under names that JSON must escape.
  private func tensors(seed: Int) -> [(name: String, value: Tensor)] {
    let stream = RandomStream(seed: UInt64(seed), purpose: .probe)
    return (0..<1 + seed % 5).map { index in
      let rank = stream.integer(below: 4, at: UInt64(20 * index))
      let shape = (0..<rank).map { 1 + stream.integer(below: 4, at: UInt64(20 * index + 1 + $0)) }
      let value = Tensor(uninitialized: shape)
      RandomStream(seed: UInt64(seed), purpose: .probe, index: UInt64(index + 1)).fillGaussian(
        value.storage.base, count: value.count, scale: pow(10, Float(index * 4 - 8)))
      return ("layers.\(index).wéight \"\(seed)\"", value)
    }
  }

  @Test("tensors of any name, shape and size come back bit for bit", arguments: 0..<20)
  func roundTrip(seed: Int) throws {
    let folder = try ScratchFolder()
    let written = tensors(seed: seed)
    try SafetensorsFile.write(written, metadata: ["seed": "\(seed)"], to: folder / "w.safetensors")
    let file = try SafetensorsFile(reading: folder / "w.safetensors")
    #expect(file.entries.map(\.name) == written.map(\.name) && file.isSealed)
    for (name, value) in written {
      let read = try file.tensor(name)
      #expect(read.shape == value.shape, "seed \(seed)")
      #expect(read.elements.map(\.bitPattern) == value.elements.map(\.bitPattern), "seed \(seed)")
    }
    #expect(file.metadata["seed"] == "\(seed)")
  }
}

import Datasets
import Foundation
import Storage
import SystemPackage
import Tensors

/// Writes a run file for data, with what was found as comments.
public struct InitJob: Sendable {
  /// A table, a folder of pictures by class, texts, an IDX, npz or HDF5 file.
  public var path: String
  /// The run file to write; nil: the data's name with .yaml in this folder.
  public var out: String?
  /// The column, field or array of the labels; nil: found.
  public var label: String?

  /// A file or a folder.
  public init(_ path: String) { self.path = path }

  /// Reads the data and writes the run file, whole or not at all.
  ///
  /// - Returns: the run file's path and its text.
  /// - Throws: `SessionError.fileThere` for a run file that is there; errors of reading the data.
  public func run(control: JobControl = .silent) throws -> (file: String, text: String) {
    let name = runName
    let file = out ?? "\(name).yaml"
    if FileManager.default.fileExists(atPath: file) { throw SessionError.fileThere(file) }
    let folder = FilePath(file).removingLastComponent().string
    let draft = try DataDraft(path: path, label: label, relativeTo: folder.isEmpty ? "." : folder)
    let text = InitJob.text(draft, name: name, file: file)
    try AtomicFile.write(text, to: file)
    for line in draft.data.description?.lines ?? [] { control.note(line) }
    control.note("wrote \(file); `ascribe train \(file)` trains it")
    return (file, text)
  }

  /// The name of the run: that of the run file, else of the data.
  private var runName: String {
    let last = FilePath(out ?? path).absolute.lastComponent?.string ?? "run"
    let stem = last.split(separator: ".").first.map(String.init) ?? "run"
    let name = String(
      String.UnicodeScalarView(
        stem.unicodeScalars.map {
          $0.properties.isAlphabetic || "0123456789-_".unicodeScalars.contains($0) ? $0 : "-"
        }))
    return name.hasPrefix("-") ? "run" + name : name
  }

  private static func text(_ draft: DataDraft, name: String, file: String) -> String {
    var lines = ["# Written by `ascribe init`. What was found:"]
    lines += (draft.data.description?.lines ?? []).map { "#   \($0)" }
    lines += [
      "# Check it, then `ascribe train \(file)`; all keys: Documentation/GUIDE.md and DATA.md.",
      "name: \(name)", "data:",
    ]
    lines += draft.lines
    if let note = targetNote(draft.data.train) { lines.append("  # \(note)") }
    let (model, training) = network(for: draft)
    lines += ["model:    \(model)", "training: \(training)"]
    return lines.joined(separator: "\n") + "\n"
  }

  /// What is to be said of numbers to predict that are far from 1: training takes them as they are.
  private static func targetNote(_ train: Dataset) -> String? {
    guard case .values(let values) = train.targets, let greatest = values.elements.map(abs).max(),
      greatest > 100
    else { return nil }
    return String(
      format:
        "numbers to predict go up to %.3g and are not scaled: divide them in the file, or training takes long",
      greatest)
  }

  /// A small network of the kind's usual form, with a training that does not diverge.
  private static func network(for draft: DataDraft) -> (model: String, training: String) {
    let n = draft.data.train.count
    // Enough steps for small data, few for large.
    let epochs = min(50, max(5, 20_000 / max(1, n)))
    let batch = n < 640 ? 16 : 64
    let classes = draft.data.train.classes != nil
    switch draft.kind {
    case .table, .numbers:
      return (
        "{kind: mlp, hidden: [64]}",
        classes
          ? "{rate: 0.05, momentum: 0.9, batch: \(batch), epochs: \(epochs), seed: 0}"
          : "{optimizer: adamw, rate: 0.003, batch: \(batch), epochs: \(epochs), seed: 0}"
      )
    case .images:
      let shape = draft.data.train.featureShape
      let isLarge = (shape.suffix(2).min() ?? 0) >= 12
      return (
        isLarge
          ? "{kind: cnn, channels: [16, 32], hidden: [64]}" : "{kind: mlp, hidden: [64]}",
        "{optimizer: adamw, rate: 0.001, batch: \(batch), epochs: \(max(5, epochs / 2)), seed: 0}"
      )
    case .labelledTexts:
      return (
        "{kind: bert, layers: 2, heads: 4, width: 64}",
        "{optimizer: adamw, rate: 0.001, batch: \(batch), epochs: \(max(5, epochs / 2)), seed: 0}"
      )
    case .texts:
      return (
        "{kind: gpt2, layers: 2, heads: 4, width: 64}",
        "{optimizer: adamw, rate: 0.003, batch: \(min(batch, 32)), epochs: \(max(5, epochs / 2)), seed: 0}"
      )
    }
  }
}

import Foundation
import Tensors

/// How the data of a run were read: what a person checks before believing anything made from them.
public struct DataDescription: Codable, Equatable, Sendable {
  /// A source.
  public struct Source: Codable, Equatable, Sendable {
    /// Its file or folder.
    public let file: String
    /// Its examples that are used, in training and test.
    public let examples: Int
    /// What the inputs are: "4 columns: `a`, `b`, `c`, `d`".
    public let inputs: String
    /// Where the labels are from; empty where nothing is to be said.
    public let labels: String
    /// How long its texts are; absent of what is no sequence.
    public let texts: TextCounts?
    /// What was guessed, changed or passed over.
    public let notes: [String]
  }

  /// A class with its number of examples.
  public struct Class: Codable, Equatable, Sendable {
    /// Its name.
    public let name: String
    /// Training and test examples.
    public let train, test: Int
  }

  /// The source of both training and test examples, or that of each.
  public let sources: [Source]
  /// The classes in their order; empty where targets are none.
  public let classes: [Class]
  /// Least and greatest training input as it is read, and as the network gets it; nil of tokens.
  public let range, scaledRange: [Double]?

  init(
    _ train: RawExamples, _ trainSet: Dataset, _ test: RawExamples, _ testSet: Dataset,
    _ normalisation: Normalisation, isOneSource: Bool, spelled: String?
  ) {
    let isText = train.reading.texts != nil || train.tokenizer != nil
    var first = train.reading
    if let spelled {
      first.notes.append("labels are words as they are spelled, because of `\(spelled)`")
    }
    if normalisation.mean.isEmpty, !first.coarse.isEmpty {
      first.notes.append(
        "the values of \(first.coarse.quotedList) are far from 0 for how much they differ, and Float32 "
          + "runs some together; set `standardise: true`")
    }
    let shape = trainSet.featureShape
    var sources = [
      Source(
        train, first, shape, isOneSource ? train.count + test.count : train.count,
        tokens: isText)
    ]
    if !isOneSource {
      sources.append(Source(test, test.reading, shape, test.count, tokens: isText))
    }
    self.sources = sources
    func counts(_ set: Dataset) -> [Int] {
      var counts = [Int](repeating: 0, count: trainSet.classCount)
      for y in set.classes ?? [] { counts[Int(y)] += 1 }
      return counts
    }
    let (trained, tested) = (counts(trainSet), counts(testSet))
    classes = trainSet.classNames.indices.map {
      Class(name: trainSet.classNames[$0], train: trained[$0], test: tested[$0])
    }
    range = isText ? nil : train.inputs.range
    scaledRange = isText ? nil : trainSet.inputs.range
  }

  /// Lines for reading.
  public var lines: [String] {
    var lines = sources.map { source in
      "\(source.file): \(source.examples) examples, \(source.inputs)"
        + (source.labels.isEmpty ? "" : "; label: \(source.labels)")
    }
    for source in sources {
      guard let texts = source.texts else { continue }
      lines.append((sources.count > 1 ? "\(source.file): " : "") + texts.line)
    }
    if !classes.isEmpty { lines.append(classLine) }
    if let range, let scaledRange {
      func text(_ x: Double) -> String { String(format: "%.4g", x) }
      lines.append(
        "inputs from \(text(range[0])) to \(text(range[1]))"
          + (range == scaledRange
            ? "" : ", for the network \(text(scaledRange[0])) to \(text(scaledRange[1]))"))
    }
    for source in sources {
      lines += source.notes.map { "note: \(sources.count > 1 ? "\(source.file): " : "")\($0)" }
    }
    return lines
  }

  /// At most ten classes: `3 classes (train + test): cat 30 + 10, dog 30 + 10`.
  private var classLine: String {
    let hasTest = classes.contains { $0.test > 0 }
    let shown = classes.prefix(10).map {
      "\($0.name) \($0.train)" + (hasTest ? " + \($0.test)" : "")
    }
    return "\(classes.count) classes\(hasTest ? " (train + test)" : ""): "
      + shown.joined(separator: ", ") + (classes.count > 10 ? ", …" : "")
  }
}

extension DataDescription.Source {
  fileprivate init(
    _ examples: RawExamples, _ reading: SourceReading, _ shape: [Int], _ count: Int, tokens: Bool
  ) {
    let shapeText = shape.map(String.init).joined(separator: " × ")
    self.init(
      file: examples.file, examples: count,
      inputs: reading.inputs.isEmpty
        ? tokens ? "\(shapeText) tokens each" : "\(shapeText) numbers each" : reading.inputs,
      labels: reading.labels, texts: reading.texts, notes: reading.notes)
  }
}

extension Tensor {
  /// The least and the greatest element; nil without any.
  fileprivate var range: [Double]? {
    guard count > 0 else { return nil }
    var (least, most) = (Float.infinity, -Float.infinity)
    for i in 0..<count {
      let x = storage.base[i]
      if x < least { least = x }
      if x > most { most = x }
    }
    return [Double(least), Double(most)]
  }
}

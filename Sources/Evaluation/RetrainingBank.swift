// Letters: n training examples, m test examples, M subsets, S seeds, C outputs.
import Datasets
import Foundation
import Networks
import Runs
import Storage
import Tensors
import Training

/// Outputs of models trained on subsets: the ground truth of everything in this module.
///
/// One sealed HDF5 file: `masks`, M × n bytes; of classes and numbers `logits`, (M · S) × (m · C),
/// model (subset, seed) in row subset · S + seed; of sequences what `SequenceBank` says; design and
/// fingerprint as attributes. Designs that are lists have `roles` too: one JSON text a subset.
public struct RetrainingBank: Sendable {
  /// The subsets.
  public let design: SubsetDesign
  /// Models of each subset.
  public let seeds: Int
  /// M × n, 1 where the example was trained on.
  public let masks: Matrix<Float>
  /// What the bank was made from.
  public let fingerprint: Fingerprint
  /// The file's seal, which stands for its whole contents.
  public let digest: Digest
  /// Where it was read.
  public let path: String
  let contents: Contents

  /// What is kept of the models' outputs.
  enum Contents: Sendable {
    /// All of them, (M · S) × (m · C).
    case logits(Matrix<Float>, outputCount: Int)
    /// f of sequences and their tokens.
    case sequences(SequenceBank)
  }

  /// Reads a bank and checks every byte; those of sequences' tokens where they are read.
  ///
  /// - Parameter expected: what it must have been made from, on whatever machine; nil takes any.
  /// - Throws: `StorageError.fingerprintMismatch` naming the field, `EvaluationError.notABank`.
  public init(_ path: String, expecting expected: Fingerprint? = nil) throws {
    self.path = path
    let file = try SealedFile(path)
    digest = file.digest
    fingerprint = try Fingerprint(from: file.hdf5).withPresentNames
    if let expected {
      try Fingerprint.requireEqual(expected: expected, found: fingerprint, file: path)
    }
    guard case .text(let text) = try file.hdf5.attribute("bank"),
      let header = try? JSONDecoder().decode(Header.self, from: Data(text.utf8))
    else { throw EvaluationError.notABank(problem: "it has no header", file: path) }
    let bytes = try file.rows("masks").values(UInt8.self)
    guard header.outputCount > 0, header.testExamples >= 0,
      bytes.count == header.design.subsets * header.trainingExamples
    else { throw EvaluationError.notABank(problem: "its shapes do not fit", file: path) }
    seeds = header.seeds
    contents = try RetrainingBank.contents(of: file, header)
    let count = header.trainingExamples
    masks = Matrix(bytes.map { Float($0) }, rows: header.design.subsets, columns: count)
    var design = header.design
    if design.kind != .random {
      let decoder = JSONDecoder()
      design.roles = try file.hdf5.dataset("roles").readStrings().compactMap {
        try? decoder.decode(SubsetRole.self, from: Data($0.utf8))
      }
      guard design.roles.count == design.subsets else {
        throw EvaluationError.notABank(problem: "its subsets have no roles", file: path)
      }
      design.members = (0..<design.subsets).map { subset in
        (0..<count).filter { bytes[subset * count + $0] == 1 }
      }
    }
    self.design = design
  }

  private static func contents(of file: SealedFile, _ header: Header) throws -> Contents {
    if header.keepsTokens != nil { return .sequences(try SequenceBank(file, header)) }
    let width = header.testExamples * header.outputCount
    let values = try file.rows("logits").values(Float.self)
    guard values.count == header.models * width else {
      throw EvaluationError.notABank(problem: "its shapes do not fit", file: file.path)
    }
    return .logits(
      Matrix(values, rows: header.models, columns: width), outputCount: header.outputCount)
  }

  struct Header: Codable {
    let design: SubsetDesign
    let seeds: Int
    let trainingExamples: Int
    let testExamples: Int
    let outputCount: Int
    /// Of sequences whether f of each token is kept; nil of others.
    var keepsTokens: Bool?

    var models: Int { design.subsets * seeds }
  }

  /// Of sequences whether f of each token is kept; nil of classes and numbers.
  public var keepsTokens: Bool? {
    if case .sequences(let bank) = contents { bank.keepsTokens } else { nil }
  }

  /// The logits of one model on the test set, m × C; m × 0 of sequences, whose outputs at every
  /// position are not kept.
  public func logits(subset: Int, seed: Int) -> Tensor {
    switch contents {
    case .logits(let logits, let outputCount):
      let row = logits.row(subset * seeds + seed)
      return Tensor(row, shape: [row.count / outputCount, outputCount])
    case .sequences(let bank): return Tensor(uninitialized: [bank.counts.count, 0])
    }
  }

  /// f of every query under every model: S matrices of M × queries.
  ///
  /// Of a sequence f is the sum over its targets, or that of the token that is asked about.
  ///
  /// - Throws: `EvaluationError.noTokenOutputs` where a token is asked about and the sums alone
  ///   were kept; `.notABank` for queries of another test set; `StorageError.rowsCorrupt`.
  public func outputs(
    _ function: OutputFunction, of queries: EvaluationQueries
  ) throws -> [Matrix<Float>] {
    switch contents {
    case .logits:
      let targets = TargetValues(queries.data.targets)
      return (0..<seeds).map { seed in
        let result = Matrix<Float>(uninitialized: design.subsets, queries.rows.count)
        for subset in 0..<design.subsets {
          let all = logits(subset: subset, seed: seed)
          let values = function.values(queries.isWhole ? all : all.gathered(queries.rows), targets)
          for (query, value) in values.enumerated() {
            result.storage.base[subset * values.count + query] = value
          }
        }
        return result
      }
    case .sequences(let sequences):
      let all = try sequences.values(of: function, queries, file: path)
      return (0..<seeds).map { seed in
        all.rows((0..<design.subsets).map { $0 * seeds + seed })
      }
    }
  }

  /// f of every test example under every model: S matrices of M × m.
  public func outputs(_ function: OutputFunction, of test: Dataset) throws -> [Matrix<Float>] {
    try outputs(function, of: EvaluationQueries(test))
  }
}

extension Matrix where Scalar == Float {
  /// Some rows, copied.
  fileprivate func rows(_ chosen: [Int]) -> Matrix<Float> {
    let result = Matrix<Float>(uninitialized: chosen.count, columns)
    for (place, row) in chosen.enumerated() {
      (result.storage.base + place * columns).update(
        from: storage.base + row * columns, count: columns)
    }
    return result
  }
}

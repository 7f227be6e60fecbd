// Letters: n training examples, m test examples, M subsets, S seeds, W targets of all test
// sequences together.
import Datasets
import Foundation
import Storage
import Tensors
import Training

extension RetrainingJob {
  /// Puts the parts of all models together as a sealed file.
  func write(
    to path: String, _ parts: PartFolder, _ fingerprint: Fingerprint
  ) throws {
    let header = RetrainingBank.Header(
      design: design, seeds: seeds, trainingExamples: data.train.count,
      testExamples: data.test.count, outputCount: try run.network.outputCount,
      keepsTokens: keepsTokens)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let file = try SealedFileWriter(path)
    try file.writeRows(
      design.masks(of: data.train.count).elements.map { UInt8($0) },
      shape: [design.subsets, data.train.count], to: "masks")
    try writeOutputs(parts, header, to: file)
    if design.kind != .random {
      try file.hdf5.write(
        design.roles.map { String(decoding: try encoder.encode($0), as: UTF8.self) }, to: "roles")
    }
    try file.hdf5.setAttribute(
      "bank", .text(String(decoding: try encoder.encode(header), as: UTF8.self)))
    try fingerprint.write(to: file.hdf5)
    try file.finish()
  }

  /// The columns of a part, each in a dataset of its own.
  private struct Column {
    let rows: CheckedRowsWriter
    let places: Range<Int>
  }

  /// Every model's outputs, part by part: memory is that of one.
  private func writeOutputs(
    _ parts: PartFolder, _ header: RetrainingBank.Header, to file: SealedFileWriter
  ) throws {
    var columns: [Column] = []
    func add(_ name: String, _ width: Int, _ type: StorageType = .float32) throws {
      let start = columns.last?.places.upperBound ?? 0
      columns.append(
        Column(
          rows: try file.makeRows(name, shape: [header.models, width], type: type),
          places: start..<start + width))
    }
    if let counts = data.test.targets.tokenCounts {
      try file.writeRows(
        counts.map { Int32($0) }, shape: [counts.count], to: SequenceBank.countsName)
      for function in SequenceOutputs.functions { try add(function.rawValue, counts.count) }
      if keepsTokens == true {
        let width = counts.reduce(0, +)
        for function in SequenceOutputs.functions {
          try add(SequenceBank.tokensName(function), width)
        }
        try add(SequenceBank.predictedName, width, .int32)
      }
    } else {
      try add("logits", data.test.count * header.outputCount)
    }
    for model in 0..<header.models {
      let part = try parts.read(model, count: columns.last?.places.upperBound ?? 0)
      for column in columns {
        let values = part[column.places]
        if column.rows.type == .int32 {
          try column.rows.append(
            values.map { Int32(bitPattern: $0.bitPattern) }, rows: 1)
        } else {
          try column.rows.append(Array(values), rows: 1)
        }
      }
    }
  }
}

// Letters: n examples, T positions, O left width, I right width, C outputs.
import Datasets
import Factors
import Networks
import Storage
import Tensors

/// A file of factors as another program wrote it: no seal, any order of datasets.
struct PlainFactors {
  let file: HDF5File
  let ids: [ExampleID]
  let targets: Targets
  let layout: FactorLayout

  init(_ path: String) throws {
    file = try HDF5File(reading: path)
    let outputs = try PlainFactors.shape("outputs", "n × C", in: file, ranks: [2])
    let (n, width) = (outputs[0], outputs[1])
    guard n > 0, width > 0 else {
      throw GradientError.factorShape(
        dataset: "outputs", expected: "n × C", found: outputs, file: path)
    }
    // Ids take about 64 bytes each.
    guard FactorLayout.fits([n, width]), n <= Memory.available / 64 else {
      throw StorageError.tooLarge(name: "outputs", shape: outputs, file: path)
    }
    ids = try PlainFactors.ids(file, count: n)
    targets = try PlainFactors.targets(file, ids, outputs: width)
    layout = try PlainFactors.layout(file, count: n, outputs: width)
  }

  /// A dataset's shape.
  static func shape(
    _ name: String, _ expected: String, in file: HDF5File, ranks: [Int]
  ) throws -> [Int] {
    guard file.isDataset(name) else {
      throw GradientError.missingDataset(name: name, purpose: expected, file: file.path)
    }
    let shape = try file.dataset(name).shape
    guard ranks.contains(shape.count) else {
      throw GradientError.factorShape(
        dataset: name, expected: expected, found: shape, file: file.path)
    }
    return shape
  }

  private static func ids(_ file: HDF5File, count: Int) throws -> [ExampleID] {
    guard file.contains("ids") else { return (0..<count).map { .row($0) } }
    let found = try shape("ids", "n", in: file, ranks: [1])
    guard found == [count] else {
      throw GradientError.factorShape(
        dataset: "ids", expected: "n = \(count)", found: found, file: file.path)
    }
    let dataset = try file.dataset("ids")
    let texts =
      dataset.isText
      ? try dataset.readStrings() : try dataset.read(Int64.self).map { "\($0)" }
    var seen = Set<ExampleID>()
    return try texts.map {
      let id = ExampleID($0)
      guard seen.insert(id).inserted else {
        throw GradientError.repeated(name: $0, dataset: "ids", file: file.path)
      }
      return id
    }
  }

  /// Whole numbers are classes, others numbers to predict.
  private static func targets(
    _ file: HDF5File, _ ids: [ExampleID], outputs: Int
  ) throws -> Targets {
    let n = ids.count
    let found = try shape("labels", "n, or n × C", in: file, ranks: [1, 2])
    let labels = try file.dataset("labels")
    guard found[0] == n, found.count == 1 || found[1] == outputs else {
      throw GradientError.factorShape(
        dataset: "labels", expected: "n = \(n), or n × C = \(n) × \(outputs)", found: found,
        file: file.path)
    }
    guard found.count == 1, let type = labels.type, [.int64, .int32, .uint8].contains(type) else {
      guard found.count == 2 || outputs == 1 else {
        throw GradientError.factorShape(
          dataset: "labels", expected: "n × C = \(n) × \(outputs), or whole numbers",
          found: found, file: file.path)
      }
      let values = try labels.read(Float.self)
      if let bad = values.firstIndex(where: { !$0.isFinite }) {
        throw GradientError.factorNotFinite(
          dataset: "labels", example: "\(ids[bad / outputs])", file: file.path)
      }
      return .values(Tensor(values, shape: [n, outputs]))
    }
    let names =
      file.contains("classes")
      ? try file.dataset("classes").readStrings() : (0..<outputs).map { "\($0)" }
    guard names.count == outputs else {
      throw GradientError.factorShape(
        dataset: "classes", expected: "C = \(outputs)", found: [names.count], file: file.path)
    }
    let classes = try labels.read(Int64.self)
    for (row, label) in classes.enumerated() where label < 0 || label >= Int64(outputs) {
      throw GradientError.labelRange(
        label: label, classes: outputs, example: "\(ids[row])", file: file.path)
    }
    return .classes(classes.map { Int32($0) }, names: names)
  }

  private static func layout(
    _ file: HDF5File, count: Int, outputs: Int
  ) throws -> FactorLayout {
    guard file.contains("left") else {
      throw GradientError.missingDataset(
        name: "left/FUNCTION/LAYER", purpose: "n × T × O", file: file.path)
    }
    let targets = try file.children(of: "left").map {
      guard let target = GradientSource.Target(name: $0) else {
        throw GradientError.unknownTarget(
          name: $0, known: GradientSource.Target.names, file: file.path)
      }
      return target
    }
    guard let first = targets.first else {
      throw GradientError.missingDataset(
        name: "left/FUNCTION/LAYER", purpose: "n × T × O", file: file.path)
    }
    let names =
      file.contains("layers")
      ? try file.dataset("layers").readStrings()
      : try file.datasetNames().compactMap {
        let prefix = FactorLayout.leftName("", first)
        return $0.hasPrefix(prefix) ? String($0.dropFirst(prefix.count)) : nil
      }
    guard !names.isEmpty else {
      throw GradientError.missingDataset(
        name: FactorLayout.leftName("LAYER", first), purpose: "n × T × O", file: file.path)
    }
    var seen = Set<String>()
    let layers = try names.map { name in
      guard seen.insert(name).inserted else {
        throw GradientError.repeated(name: name, dataset: "layers", file: file.path)
      }
      let widths = try targets.map {
        try left(name, $0, count: count, outputs: outputs, in: file)
      }
      for (target, found) in zip(targets, widths) where found != widths[0] {
        throw GradientError.factorShape(
          dataset: FactorLayout.leftName(name, target),
          expected: "T × O = \(widths[0].positions) × \(widths[0].width) as "
            + FactorLayout.leftName(name, first), found: [found.positions, found.width],
          file: file.path)
      }
      return try layer(name, widths[0], count: count, in: file)
    }
    return FactorLayout(
      layers: layers, outputCount: outputs, targets: targets,
      functionCount: targets.contains(.jacobian) ? outputs : 1)
  }

  /// T and O of a layer's left sides.
  private static func left(
    _ layer: String, _ target: GradientSource.Target, count: Int, outputs: Int, in file: HDF5File
  ) throws -> (positions: Int, width: Int) {
    let name = FactorLayout.leftName(layer, target)
    let isTrace = target == .jacobian
    let expected =
      isTrace ? "n × T × C × O, n = \(count), C = \(outputs)" : "n × T × O, n = \(count)"
    // Without T there is one position.
    var shape = try shape(name, expected, in: file, ranks: isTrace ? [3, 4] : [2, 3])
    if shape.count == (isTrace ? 3 : 2) { shape.insert(1, at: 1) }
    guard shape[0] == count, shape.allSatisfy({ $0 > 0 }), !isTrace || shape[2] == outputs else {
      throw GradientError.factorShape(
        dataset: name, expected: expected, found: try file.dataset(name).shape, file: file.path)
    }
    guard FactorLayout.fits(shape) else {
      throw StorageError.tooLarge(name: name, shape: shape, file: file.path)
    }
    return (shape[1], shape[shape.count - 1])
  }

  private static func layer(
    _ name: String, _ left: (positions: Int, width: Int), count: Int, in file: HDF5File
  ) throws -> FactorLayout.Layer {
    let right = FactorLayout.rightName(name)
    guard file.contains(right) else {
      guard left.positions == 1 else {
        throw GradientError.missingDataset(
          name: right, purpose: "n × T × I with T = \(left.positions)", file: file.path)
      }
      return FactorLayout.Layer(
        name: name, positions: 1, outputs: left.width, inputs: nil, hasBias: false)
    }
    let expected = "n × T × I, n = \(count), T = \(left.positions)"
    var shape = try shape(right, expected, in: file, ranks: [2, 3])
    if shape.count == 2 { shape.insert(1, at: 1) }
    guard shape[0] == count, shape[1] == left.positions, shape[2] > 0 else {
      throw GradientError.factorShape(
        dataset: right, expected: expected, found: try file.dataset(right).shape, file: file.path)
    }
    guard FactorLayout.fits(shape), FactorLayout.fits([left.positions, left.width, shape[2]])
    else { throw StorageError.tooLarge(name: right, shape: shape, file: file.path) }
    var hasBias = false
    if try file.attributeNames(of: right).contains("bias") {
      switch try file.attribute("bias", of: right) {
      case .integer(0): hasBias = false
      case .integer(1): hasBias = true
      default:
        throw StorageError.wrongType(
          name: "\(right)@bias", expected: "0 or 1", found: "another value", file: file.path)
      }
    }
    return FactorLayout.Layer(
      name: name, positions: left.positions, outputs: left.width, inputs: shape[2],
      hasBias: hasBias)
  }

  /// Bytes that are read at a time.
  private static let blockBytes = 16 << 20

  /// Calls `body` with one block of rows of a dataset after the other, all values finite.
  func forEachBlock(
    _ name: String, width: Int, _ body: ([Float], Range<Int>) throws -> Void
  ) throws {
    let dataset = try file.dataset(name)
    let size = max(1, PlainFactors.blockBytes / (4 * width))
    for rows in (0..<ids.count).blocks(of: size) {
      let values = try dataset.read(rows: rows, Float.self)
      if let bad = values.firstIndex(where: { !$0.isFinite }) {
        throw GradientError.factorNotFinite(
          dataset: name, example: "\(ids[rows.lowerBound + bad / width])", file: file.path)
      }
      try body(values, rows)
    }
  }
}

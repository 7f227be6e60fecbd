// Letters: n examples, B a block of them, T positions, O left width, I right width, C outputs.
import Datasets
import Factors
import Storage
import Tensors

/// Writes a sealed file of factors, block by block of examples: `Projections/README.md` has the
/// format.
final class FactorFileWriter {
  static let format = "ascribe factors"
  static let version: Int64 = 1

  private let layout: FactorLayout
  private let file: SealedFileWriter
  private let outputs: CheckedRowsWriter
  /// A layer each; nil for element-wise ones.
  private let rights: [CheckedRowsWriter?]
  /// A target each, a layer each.
  private let lefts: [[CheckedRowsWriter]]

  init(
    _ path: String, layout: FactorLayout, ids: [ExampleID], targets: Targets, model: String
  ) throws {
    let n = ids.count
    self.layout = layout
    file = try SealedFileWriter(path)
    let file = file
    try file.hdf5.setAttribute("format", .text(Self.format))
    try file.hdf5.setAttribute("version", .integer(Self.version))
    try file.hdf5.setAttribute("functions", .integer(Int64(layout.functionCount)))
    try Fingerprint([
      "model": model, "targets": layout.targets.map(\.name).joined(separator: " "),
      "layers": layout.layers.map(\.text).joined(separator: "; "),
      "outputs": "\(layout.outputCount)", "engine": storeEngineVersion,
    ]).write(to: file.hdf5)
    try file.hdf5.write(ids.map(\.description), to: "ids")
    try file.hdf5.write(layout.layers.map(\.name), to: "layers")
    try file.hdf5.write(layout.targets.map(\.name), to: "targets")
    switch targets {
    case .classes(let classes, let names):
      try file.writeRows(classes.map { Int64($0) }, shape: [n], to: "labels")
      try file.hdf5.write(names, to: "classes")
    case .values(let values):
      try file.writeRows(values.elements, shape: values.shape, to: "labels")
    case .tokens:
      throw GradientError.needsNetwork(purpose: "the factors of sequences' next tokens")
    }
    outputs = try file.makeRows("outputs", shape: [n, layout.outputCount], type: .float32)
    rights = try layout.layers.map { layer in
      guard let inputs = layer.inputs else { return nil }
      let name = FactorLayout.rightName(layer.name)
      let rows = try file.makeRows(name, shape: [n, layer.positions, inputs], type: .float32)
      try file.hdf5.setAttribute("bias", .integer(layer.hasBias ? 1 : 0), on: name)
      return rows
    }
    lefts = try layout.targets.map { target in
      try layout.layers.map { layer in
        try file.makeRows(
          FactorLayout.leftName(layer.name, target),
          shape: [n, layer.positions, layout.leftWidth(layer, target)], type: .float32)
      }
    }
  }

  /// The next outputs, B × C.
  func append(outputs block: Tensor) throws {
    try outputs.append(block.storage.base, rows: block.shape[0])
  }

  /// The next right sides of a layer, B × T × I.
  func append(right: Tensor, layer: Int) throws {
    try rights[layer]?.append(right.storage.base, rows: right.shape[0])
  }

  /// The next left sides of a layer, B × T × O.
  func append(left: Tensor, layer: Int, target: Int) throws {
    try lefts[target][layer].append(left.storage.base, rows: left.shape[0])
  }

  /// Seals the file.
  func finish() throws { try file.finish() }
}

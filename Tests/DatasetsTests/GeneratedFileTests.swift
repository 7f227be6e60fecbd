import Datasets
import Foundation
import Tensors
import TestSupport
import Testing

extension Draws {
  /// A float of any size, its sign and the last of its bits included.
  fileprivate mutating func number() -> Float {
    let value = Float(bitPattern: UInt32(truncatingIfNeeded: bits()))
    return value.isFinite ? value : Float(integer(-9...9))
  }

  /// Rows × columns of `number()`.
  fileprivate mutating func table(_ rows: Int, _ columns: Int) -> [[Float]] {
    (0..<rows).map { _ in (0..<columns).map { _ in number() } }
  }

  /// At least one of each of `classes`, and others as they come.
  fileprivate mutating func labels(_ rows: Int, of classes: [String]) -> [String] {
    (0..<rows).map { $0 < classes.count ? classes[$0] : pick(classes) }
  }
}

/// Tables and arrays with any contents come back as they were written, in every format and spelling.
@Suite struct GeneratedFileTests {
  /// As a field of a table: quoted where it must be, and sometimes where it need not.
  private func field(_ text: String, _ delimiter: String, _ draws: inout Draws) -> String {
    let mustQuote = text.contains { "\"\n\r".contains($0) } || text.contains(delimiter)
    guard mustQuote || draws.integer(0...3) == 0 else { return text }
    return "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\""
  }

  @Test(arguments: 0..<24)
  func `a table is read as written whatever its delimiter, quotes, line ends and columns`(
    seed: Int
  ) throws {
    var draws = Draws(seed: seed)
    let (rows, columns) = (draws.integer(3...12), draws.integer(1...5))
    let values = draws.table(rows, columns)
    let words = ["a", "b c", "say \"hi\"", "x,y;z\tw", "two\nlines", "é"]
    let labels = draws.labels(rows, of: Array(words.prefix(draws.integer(2...3))))
    let ids = (0..<rows).map { "id, \($0 * 7 + seed)" }
    let (delimiter, name) = draws.pick([(",", ","), (";", ";"), ("\t", "tab"), ("|", "|")])
    let end = draws.pick(["\n", "\r\n"])
    let hasHeader = draws.integer(0...1) == 1
    let labelPlace = draws.integer(0...columns)
    let idPlace = draws.integer(0...columns + 1)
    func record(_ inputs: [String], _ label: String, _ id: String) -> String {
      var fields = inputs
      fields.insert(label, at: labelPlace)
      fields.insert(id, at: idPlace)
      return fields.map { field($0, delimiter, &draws) }.joined(separator: delimiter)
    }
    var lines = zip(zip(values, labels), ids).map { row, id in
      record(row.0.map { "\($0)" }, row.1, id)
    }
    if hasHeader {
      lines.insert(record((0..<columns).map { "x\($0)" }, "the label", "the id"), at: 0)
    }
    let text = lines.joined(separator: end) + draws.pick(["", end])
    let folder = try DataFolder()
    try folder.write(draws.pick(["", "\u{FEFF}"]) + text, to: "a.csv")
    let label = labelPlace + (labelPlace >= idPlace ? 1 : 0)
    let choice = hasHeader ? "label: the label, id: the id" : "label: \(label), id: \(idPlace)"
    let data = try folder.load(
      """
      train: {format: csv, path: a.csv, delimiter: "\(name)", header: \(hasHeader), \(choice)}
      """)
    #expect(data.train.inputs.shape == [rows, columns], "seed \(seed)")
    #expect(
      data.train.inputs.elements.map(\.bitPattern) == values.flatMap { $0 }.map(\.bitPattern),
      "seed \(seed)")
    let names = data.train.classNames
    #expect(data.train.classes?.map { names[Int($0)] } == labels, "seed \(seed)")
    #expect(names == Set(labels).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    #expect(data.train.ids.map(\.description) == ids, "seed \(seed)")
  }

  @Test(arguments: 0..<8)
  func `the same table has the same content hash in every spelling, and another when a bit differs`(
    seed: Int
  ) throws {
    var draws = Draws(seed: seed)
    let values = draws.table(6, 3)
    let labels = draws.labels(6, of: ["0", "1", "2"])
    let folder = try DataFolder()
    func hash(_ values: [[Float]], _ delimiter: String, _ label: (String) -> String) throws
      -> String
    {
      let lines = zip(values, labels).map { row, word in
        (row.map { "\($0)" } + [label(word)]).joined(separator: delimiter)
      }
      try folder.write(lines.joined(separator: "\n"), to: "a.csv")
      return try folder.load("train: {format: csv, path: a.csv, delimiter: \"\(delimiter)\"}").train
        .contentHash.description
    }
    let plain = try hash(values, ",") { $0 }
    #expect(try hash(values, ";") { $0 } == plain)
    // 1 and 1.0 are one class, 01 is a word.
    #expect(try hash(values, ",") { "0" + $0 } != plain)
    #expect(try hash(values, ",") { $0 + ".0" } == plain)
    var other = values
    other[4][1] = other[4][1].nextUp
    #expect(try hash(other, ",") { $0 } != plain, "seed \(seed)")
  }

  /// Big-endian or little-endian bytes of an integer.
  private func bytes(_ bits: UInt64, _ size: Int, isBig: Bool) -> [UInt8] {
    let little = (0..<size).map { UInt8(truncatingIfNeeded: bits >> (8 * UInt64($0))) }
    return isBig ? little.reversed() : little
  }

  @Test(arguments: 0..<20)
  func `an IDX file is read as written, of every kind of number and shape`(seed: Int) throws {
    var draws = Draws(seed: seed)
    let shape =
      [draws.integer(2...6)] + (0..<draws.integer(1...3)).map { _ in draws.integer(1...4) }
    let count = shape.reduce(1, *)
    let (code, size) = draws.pick([
      (UInt8(8), 1), (9, 1), (0x0B, 2), (0x0C, 4), (0x0D, 4), (0x0E, 8),
    ])
    let values: [Float] = (0..<count).map { _ in
      switch code {
      case 8: Float(draws.integer(0...255))
      case 9: Float(draws.integer(-128...127))
      case 0x0B: Float(draws.integer(-32768...32767))
      case 0x0C: Float(draws.integer(-(1 << 24)...1 << 24))
      default: draws.number()
      }
    }
    func raw(_ value: Float) -> UInt64 {
      switch code {
      case 0x0D: UInt64(value.bitPattern)
      case 0x0E: Double(value).bitPattern
      default: UInt64(bitPattern: Int64(value))
      }
    }
    func header(_ code: UInt8, _ sizes: [Int]) -> [UInt8] {
      [0, 0, code, UInt8(sizes.count)] + sizes.flatMap { bytes(UInt64($0), 4, isBig: true) }
    }
    let folder = try DataFolder()
    try folder.write(
      header(code, shape) + values.flatMap { bytes(raw($0), size, isBig: true) }, to: "x.idx")
    let labels = (0..<shape[0]).map { UInt8($0 % 2) }
    try folder.write(header(8, [shape[0]]) + labels, to: "y.idx")
    let train = try folder.load(
      "train: {format: idx, images: x.idx, labels: y.idx}\nscale: false"
    ).train
    #expect(train.inputs.shape == shape, "seed \(seed)")
    #expect(train.inputs.elements == values, "seed \(seed), code \(code)")
    #expect(train.classes == labels.map { Int32($0) })
  }

  @Test(arguments: 0..<24)
  func `an npy file is read as written, in both orders of bytes and of axes`(seed: Int) throws {
    var draws = Draws(seed: seed)
    let shape = (0..<draws.integer(2...3)).map { _ in draws.integer(2...4) }
    let count = shape.reduce(1, *)
    let (kind, size) = draws.pick([
      ("u", 1), ("u", 2), ("u", 4), ("i", 1), ("i", 2), ("i", 4), ("i", 8), ("f", 4), ("f", 8),
    ])
    let isBig = size > 1 && draws.integer(0...1) == 1
    let isColumnMajor = draws.integer(0...1) == 1
    let limit = size >= 4 ? 1 << 24 : 1 << (8 * size - 1)
    let values: [Float] = (0..<count).map { _ in
      switch kind {
      case "u": Float(draws.integer(0...limit - 1))
      case "i": Float(draws.integer(-limit...limit - 1))
      default: draws.number()
      }
    }
    func raw(_ value: Float) -> [UInt8] {
      let bits: UInt64 =
        kind != "f"
        ? UInt64(bitPattern: Int64(value))
        : size == 4 ? UInt64(value.bitPattern) : Double(value).bitPattern
      return bytes(bits, size, isBig: isBig)
    }
    // Element number `place` of the file, in the order of the header.
    let places: [Int] = (0..<count).map { place in
      guard isColumnMajor else { return place }
      var (rest, flat, stride) = (place, 0, count)
      var indices: [Int] = []
      for length in shape {
        indices.append(rest % length)
        rest /= length
      }
      for (index, length) in zip(indices, shape) {
        stride /= length
        flat += index * stride
      }
      return flat
    }
    let sizes = shape.map(String.init).joined(separator: ", ")
    let order = size == 1 ? "|" : isBig ? ">" : "<"
    let text =
      "{'descr': '\(order)\(kind)\(size)', 'fortran_order': \(isColumnMajor ? "True" : "False"), "
      + "'shape': (\(sizes)), }\n"
    func file(_ text: String, _ data: [UInt8]) -> [UInt8] {
      [0x93] + Array("NUMPY".utf8) + [1, 0] + bytes(UInt64(text.utf8.count), 2, isBig: false)
        + Array(text.utf8) + data
    }
    let folder = try DataFolder()
    try folder.write(file(text, places.flatMap { raw(values[$0]) }), to: "x.npy")
    try folder.write(
      file(
        "{'descr': '|u1', 'fortran_order': False, 'shape': (\(shape[0]),), }\n",
        (0..<shape[0]).map { UInt8($0 % 2) }), to: "y.npy")
    let train = try folder.load(
      "{train: {format: npy, inputs: x.npy, labels: y.npy, layout: channelsFirst}, scale: false}"
    ).train
    #expect(train.inputs.shape == shape, "seed \(seed)")
    #expect(train.inputs.elements == values, "seed \(seed), \(order)\(kind)\(size)")
  }

  @Test(arguments: 0..<12)
  func `JSON lines keep texts, ids and numbers as written`(seed: Int) throws {
    var draws = Draws(seed: seed)
    let letters = Array("abcdé \"\\/\t☃")
    let rows = draws.integer(3...8)
    let texts = (0..<rows).map { _ in
      String((0..<draws.integer(2...9)).map { _ in draws.pick(letters) })
    }
    let numbers = (0..<rows).map { _ in draws.number() }
    let lines = try texts.indices.map { row -> String in
      let text = try JSONEncoder().encode(texts[row])
      return "{\"y\": \(numbers[row]), \"text\": \(String(decoding: text, as: UTF8.self)), "
        + "\"name\": \"n\(row)\"}"
    }
    let folder = try DataFolder()
    try folder.write(lines.joined(separator: draws.pick(["\n", "\r\n", "\n\n"])), to: "a.jsonl")
    let train = try folder.load(
      "train: {format: jsonl, path: a.jsonl, label: y, id: name, length: 9}\ntask: regression"
    ).train
    let longest = 9
    #expect(train.inputs.shape == [rows, longest], "seed \(seed)")
    guard case .values(let targets) = train.targets else {
      Issue.record("no numbers, seed \(seed)")
      return
    }
    #expect(targets.elements.map(\.bitPattern) == numbers.map(\.bitPattern), "seed \(seed)")
    #expect(train.ids.map(\.description) == (0..<rows).map { "n\($0)" })
    for row in 0..<rows {
      let shown = TokenText.text(of: row, in: train)
      #expect(shown == texts[row], "seed \(seed), row \(row)")
    }
  }

  @Test(arguments: 0..<10)
  func `a split is a partition drawn again from its seed, with the sizes asked for`(seed: Int)
    throws
  {
    var draws = Draws(seed: seed)
    let n = draws.integer(12...40)
    let folder = try DataFolder()
    try folder.write(
      (0..<n).map { "\($0),\($0 % 2)" }.joined(separator: "\n"), to: "a.csv")
    func split(_ text: String) throws -> (train: [Int], test: [Int]) {
      let data = try folder.load("source: {format: csv, path: a.csv}\nsplit: {\(text)}")
      // The one input of a row is its number.
      return (data.train.inputs.elements.map { Int($0) }, data.test.inputs.elements.map { Int($0) })
    }
    let count = draws.integer(1...n / 3)
    let first = try split("test: \(count), seed: \(seed)")
    #expect(first.test.count == count && first.train.count == n - count, "seed \(seed)")
    #expect((first.train + first.test).sorted() == Array(0..<n), "seed \(seed)")
    #expect(first.train == first.train.sorted() && first.test == first.test.sorted())
    let again = try split("test: \(count), seed: \(seed)")
    #expect(first == again)
    // Fewer training examples are some of those, beside the same test set.
    let fewer = try split("test: \(count), train: \(n / 3), seed: \(seed)")
    #expect(fewer.test == first.test && fewer.train.count == n / 3)
    #expect(Set(fewer.train).isSubset(of: first.train), "seed \(seed)")
    let share = try split("test: 0.25, seed: \(seed)")
    #expect(share.test.count == Int((0.25 * Double(n)).rounded()), "seed \(seed)")
  }

  @Test(arguments: 0..<10)
  func `planted noise changes exactly its share, each to another class, and remembers the first`(
    seed: Int
  ) throws {
    var draws = Draws(seed: seed)
    let n = draws.integer(20...60)
    let classes = (0..<n).map { Int32($0 % 4) }
    let clean = Dataset(
      inputs: Tensor(repeating: 1, shape: [n, 2]),
      targets: .classes(classes, names: ["a", "b", "c", "d"]))
    let fraction = Double(draws.integer(0...10)) / 10
    let noisy = try LabelNoise(fraction: fraction, seed: UInt64(seed)).planted(
      in: clean, file: "a.csv")
    let changed = zip(classes, noisy.classes ?? []).count { $0 != $1 }
    #expect(changed == Int((fraction * Double(n)).rounded()), "seed \(seed)")
    #expect(noisy.originalClasses == classes && noisy.classes?.count == n)
    #expect(noisy.classes?.allSatisfy { 0..<4 ~= $0 } == true)
  }

  @Test(arguments: [[12, 3], [8, 2, 5], [6, 3, 2, 2]], [nil, [-2.0, 6]])
  func `standardised inputs have mean 0 and deviation 1 over what shares a number, and go back`(
    shape: [Int], scale: [Double]?
  ) {
    var draws = Draws(seed: shape.count)
    let inputs = Tensor(
      (0..<shape.reduce(1, *)).map { _ in Float(draws.integer(-50...50)) / 8 }, shape: shape)
    for statistics in Normalisation.Statistics.allCases {
      let made = Normalisation(of: inputs, scale: scale, statistics: statistics)
      let applied = made.applied(to: inputs)
      let features = inputs.count / shape[0]
      let group = features / made.mean.count
      for column in made.mean.indices {
        let values = (0..<inputs.count).filter { $0 % features / group == column }
          .map { Double(applied[$0]) }
        let center = values.reduce(0, +) / Double(values.count)
        let square = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
        #expect(abs(center) < 1e-6 && abs(square - 1) < 1e-6, "\(statistics) \(column)")
      }
      let shown = made.unstandardised(applied)
      for i in 0..<inputs.count {
        let scaled = scale.map { (Double(inputs[i]) - $0[0]) / ($0[1] - $0[0]) }
        #expect(abs(Double(shown[i]) - (scaled ?? Double(inputs[i]))) < 1e-5)
      }
    }
  }
}

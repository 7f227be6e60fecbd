import Factors

/// Which tensor of a foreign file is which parameter of a network.
///
/// Tried in this order; the first that gives every parameter one tensor of its shape, and leaves
/// none over, is taken:
///
/// 1. the same names;
/// 2. the same names without the prefixes of wrappers (`module.`, `model.`, …), or without a prefix
///    that all tensors share; `LayerNorm.gamma` and `.beta` of old BERT files are weight and bias;
/// 3. the same names but for one number, in ascending order: `1.weight, 4.weight` or
///    `fc1.weight, fc2.weight` for `0.weight, 2.weight`;
/// 4. modules (what stands before the last point) whose shapes fit in one way only.
///
/// Everything else is refused, with the differences that the first or second leaves.
struct TensorNames {
  /// How the names of a file were understood.
  enum Spelling: String, Sendable {
    case same, withoutPrefix, renumbered, byShape
  }

  let spelling: Spelling
  /// The name in the file by the parameter's name.
  let tensors: [String: String]

  /// - Throws: `CheckpointError.otherNetwork`.
  init(
    of layout: [Parameter], in entries: [SafetensorsEntry], file: String
  ) throws(CheckpointError) {
    let attempts: [(Spelling, [String: String]?)] = [
      (.same, TensorNames.same(layout, entries)),
      (.withoutPrefix, TensorNames.withoutPrefix(layout, entries)),
      (.withoutPrefix, TensorNames.withoutSharedPrefix(layout, entries)),
      (.renumbered, TensorNames.renumbered(layout, entries)),
      (.byShape, TensorNames.byShape(layout, entries)),
    ]
    var nearest: TensorDifferences?
    for (spelling, tensors) in attempts {
      guard let tensors else { continue }
      let differences = TensorNames.differences(layout, entries, tensors)
      if differences.isEmpty {
        (self.spelling, self.tensors) = (spelling, tensors)
        return
      }
      let isNearer = differences.missing.count < nearest?.missing.count ?? .max
      if spelling == .same || spelling == .withoutPrefix, isNearer { nearest = differences }
    }
    throw .otherNetwork(nearest ?? TensorDifferences(), file: file)
  }

  private static func differences(
    _ layout: [Parameter], _ entries: [SafetensorsEntry], _ tensors: [String: String]
  ) -> TensorDifferences {
    let shapes = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0.shape) })
    var differences = TensorDifferences()
    for parameter in layout {
      guard let name = tensors[parameter.name], let shape = shapes[name] else {
        differences.missing.append(.init(parameter.name, parameter.shape))
        continue
      }
      if shape != parameter.shape {
        differences.otherShapes.append(.init(.init(name, shape), expected: parameter.shape))
      }
    }
    let used = Set(tensors.values)
    differences.unknown = entries.filter { !used.contains($0.name) }
      .map { .init($0.name, $0.shape) }
    return differences
  }

  // MARK: Spellings

  private static func same(
    _ layout: [Parameter], _ entries: [SafetensorsEntry]
  ) -> [String: String]? {
    let names = Set(entries.map(\.name))
    return Dictionary(
      uniqueKeysWithValues: layout.filter { names.contains($0.name) }.map { ($0.name, $0.name) })
  }

  private static let prefixes = [
    "module.", "_orig_mod.", "model.", "network.", "net.", "transformer.", "bert.", "vit.",
  ]

  private static func withoutPrefix(
    _ layout: [Parameter], _ entries: [SafetensorsEntry]
  ) -> [String: String]? {
    func bare(_ name: String) -> String {
      var rest = name[...]
      while let prefix = prefixes.first(where: rest.hasPrefix) { rest.removeFirst(prefix.count) }
      return String(rest)
    }
    func modern(_ name: String) -> String {
      bare(name).replacing("LayerNorm.gamma", with: "LayerNorm.weight")
        .replacing("LayerNorm.beta", with: "LayerNorm.bias")
    }
    return joined(layout, entries, bare, modern)
  }

  private static func withoutSharedPrefix(
    _ layout: [Parameter], _ entries: [SafetensorsEntry]
  ) -> [String: String]? {
    func shared(_ names: [String]) -> Int {
      guard let first = names.first, let point = first.lastIndex(of: ".") else { return 0 }
      var prefix = first[...point]
      while !prefix.isEmpty, !names.allSatisfy({ $0.hasPrefix(prefix) }) {
        prefix = prefix.dropLast()
        while let last = prefix.last, last != "." { prefix.removeLast() }
      }
      return prefix.count
    }
    let (ours, theirs) = (shared(layout.map(\.name)), shared(entries.map(\.name)))
    return joined(
      layout, entries, { String($0.dropFirst(ours)) }, { String($0.dropFirst(theirs)) })
  }

  /// Tensors and parameters of equal rewritten names; nil when a rewriting makes two names one.
  private static func joined(
    _ layout: [Parameter], _ entries: [SafetensorsEntry], _ ours: (String) -> String,
    _ theirs: (String) -> String
  ) -> [String: String]? {
    var byKey: [String: String] = [:]
    for entry in entries {
      guard byKey.updateValue(entry.name, forKey: theirs(entry.name)) == nil else { return nil }
    }
    var result: [String: String] = [:]
    var keys = Set<String>()
    for parameter in layout {
      let key = ours(parameter.name)
      guard keys.insert(key).inserted else { return nil }
      result[parameter.name] = byKey[key]
    }
    return result
  }

  /// A module's name and, by the last part of their names, its tensors.
  private struct Module {
    let name: String
    var shapes: [String: [Int]] = [:]

    func name(of leaf: String) -> String { name.isEmpty ? leaf : "\(name).\(leaf)" }
  }

  private static func modules(_ tensors: [(name: String, shape: [Int])]) -> [Module] {
    var modules: [String: Module] = [:]
    for (name, shape) in tensors {
      let point = name.lastIndex(of: ".")
      let module = point.map { String(name[..<$0]) } ?? ""
      let leaf = point.map { String(name[name.index(after: $0)...]) } ?? name
      modules[module, default: Module(name: module)].shapes[leaf] = shape
    }
    return modules.values.sorted { $0.name < $1.name }
  }

  private static func both(
    _ layout: [Parameter], _ entries: [SafetensorsEntry]
  ) -> (ours: [Module], theirs: [Module])? {
    let ours = modules(layout.map { ($0.name, $0.shape) })
    let theirs = modules(entries.map { ($0.name, $0.shape) })
    return ours.count == theirs.count ? (ours, theirs) : nil
  }

  private static func names(_ pairs: some Sequence<(Module, Module)>) -> [String: String]? {
    var result: [String: String] = [:]
    for (ours, theirs) in pairs {
      guard ours.shapes == theirs.shapes else { return nil }
      for leaf in ours.shapes.keys { result[ours.name(of: leaf)] = theirs.name(of: leaf) }
    }
    return result
  }

  /// Modules of one name but for one number, on both sides, in the order of their numbers.
  private static func renumbered(
    _ layout: [Parameter], _ entries: [SafetensorsEntry]
  ) -> [String: String]? {
    guard let (ours, theirs) = both(layout, entries), let ours = numbered(ours),
      let theirs = numbered(theirs)
    else { return nil }
    return names(zip(ours, theirs))
  }

  private static func numbered(_ modules: [Module]) -> [Module]? {
    var frame: String?
    var byNumber: [Int: Module] = [:]
    for module in modules {
      let numbers = module.name.split(whereSeparator: { !"0123456789".contains($0) })
      guard numbers.count == 1, let digits = numbers.first, let number = Int(digits),
        byNumber.updateValue(module, forKey: number) == nil
      else { return nil }
      let found = module.name[..<digits.startIndex] + "#" + module.name[digits.endIndex...]
      if let frame, frame != found { return nil }
      frame = String(found)
    }
    return byNumber.sorted { $0.key < $1.key }.map(\.value)
  }

  /// Modules whose shapes occur once on each side.
  private static func byShape(
    _ layout: [Parameter], _ entries: [SafetensorsEntry]
  ) -> [String: String]? {
    guard let (ours, theirs) = both(layout, entries) else { return nil }
    var byShapes: [[String: [Int]]: Module] = [:]
    for module in theirs {
      guard byShapes.updateValue(module, forKey: module.shapes) == nil else { return nil }
    }
    var pairs: [(Module, Module)] = []
    for module in ours {
      // Taken out, so that two modules of the same shapes do not share one.
      guard let partner = byShapes.removeValue(forKey: module.shapes) else { return nil }
      pairs.append((module, partner))
    }
    return names(pairs)
  }
}

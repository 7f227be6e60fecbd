import Factors

/// Patterns that choose parameters of a network by their names.
///
/// Patterns stand in order, separated by commas: each adds what it matches, with a `!` before it
/// takes that away; when the first takes away, all parameters are there before it. `*` stands for any
/// characters and `?` for one. A pattern matches a name from its beginning or, where none begins so,
/// from any part of it (`h.3` finds `transformer.h.3`), to its end or to the end of a part: a
/// layer's name matches its parameters.
public struct LayerPatterns: Sendable, Hashable, CustomStringConvertible {
  /// The patterns in order.
  public let patterns: [String]

  /// Patterns in order.
  public init(_ patterns: [String]) { self.patterns = patterns }

  /// Patterns separated by commas.
  public init(text: String) {
    patterns = text.split(separator: ",", omittingEmptySubsequences: false).map {
      String($0.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
  }

  /// As they are written.
  public var description: String { patterns.joined(separator: ",") }

  /// The parameters that the patterns choose, in order.
  ///
  /// - Parameter place: where the patterns are written, for errors.
  /// - Throws: `SelectionError.unmatched` for a pattern that matches no name.
  public func chosen(
    from parameters: [Parameter], place: String
  ) throws(SelectionError) -> [Parameter] {
    try chosen(among: parameters.map(\.name), place: place).map { parameters[$0] }
  }

  /// The places of the names that the patterns choose, ascending.
  ///
  /// - Parameter place: where the patterns are written, for errors.
  /// - Throws: `SelectionError.unmatched` for a pattern that matches no name.
  package func chosen(among names: [String], place: String) throws(SelectionError) -> [Int] {
    var chosen = Set<Int>()
    for (index, pattern) in patterns.enumerated() {
      let isTaken = pattern.hasPrefix("!")
      let matched = LayerPatterns.matches(isTaken ? String(pattern.dropFirst()) : pattern, names)
      guard !matched.isEmpty else {
        throw .unmatched(pattern: pattern, names: names, place: place)
      }
      if isTaken && index == 0 { chosen = Set(names.indices) }
      if isTaken { chosen.subtract(matched) } else { chosen.formUnion(matched) }
    }
    return chosen.sorted()
  }

  /// Places of the names that a pattern matches.
  private static func matches(_ pattern: String, _ names: [String]) -> Set<Int> {
    let parts = Array(pattern)
    guard !parts.isEmpty else { return [] }
    func found(_ isStart: (Int, [Character]) -> Bool) -> Set<Int> {
      Set(
        names.indices.filter { place in
          let name = Array(names[place])
          return name.indices.contains { start in
            isStart(start, name) && matches(parts[...], name[start...])
          }
        })
    }
    let whole = found { start, _ in start == 0 }
    return whole.isEmpty ? found { start, name in name[start - (start > 0 ? 1 : 0)] == "." } : whole
  }

  /// Whether a pattern matches a name from here to its end, or to a dot.
  private static func matches(
    _ pattern: ArraySlice<Character>, _ name: ArraySlice<Character>
  ) -> Bool {
    // Where the last star stood, and how far it reaches.
    var (place, position) = (pattern.startIndex, name.startIndex)
    var star: (after: Int, from: Int)?
    while true {
      if place == pattern.endIndex {
        if position == name.endIndex || name[position] == "." { return true }
      } else if pattern[place] == "*" {
        star = (place + 1, position)
        place += 1
        continue
      } else if position < name.endIndex, pattern[place] == "?" || pattern[place] == name[position]
      {
        (place, position) = (place + 1, position + 1)
        continue
      }
      guard let last = star, last.from < name.endIndex else { return false }
      star = (last.after, last.from + 1)
      (place, position) = (last.after, last.from + 1)
    }
  }
}

extension Network {
  /// The same network whose gradients are taken by some parameters alone, in training and
  /// attribution; buffers have none.
  ///
  /// - Throws: `SelectionError.unmatched`, `.empty`.
  public func selecting(_ layers: LayerPatterns, place: String) throws(SelectionError) -> Network {
    try selecting(layers.chosen(from: parameters, place: place), patterns: layers, place: place)
  }

  /// The same network with some parameters frozen: neither trained nor attributed to.
  ///
  /// - Throws: `SelectionError.unmatched`, `.empty` when nothing is left.
  public func freezing(_ layers: LayerPatterns, place: String) throws(SelectionError) -> Network {
    let frozen = ParameterSelection(try layers.chosen(from: parameters, place: place))
    var network = try selecting(
      parameters.filter { !frozen.contains($0) }, patterns: layers, place: place)
    network.frozenBuffers = buffers.filter { frozen.contains($0) }
    return network
  }

  private func selecting(
    _ chosen: [Parameter], patterns: LayerPatterns, place: String
  ) throws(SelectionError) -> Network {
    let isBuffer = Set(buffers.map(\.offset))
    func hasGradient(_ parameter: Parameter) -> Bool {
      !isBuffer.contains(parameter.offset) && selection.selects(parameter)
    }
    let kept = chosen.filter(hasGradient)
    guard !kept.isEmpty else {
      throw .empty(
        patterns: patterns.description,
        names: parameters.filter(hasGradient).map(\.name), place: place)
    }
    var network = self
    network.selection = ParameterSelection(kept)
    return network
  }

  /// Length of the vector that gradients are taken by.
  public var selectedCount: Int {
    selection?.count ?? parameterCount - buffers.reduce(0) { $0 + $1.count }
  }

  /// The selection as text, the same for the same parameters however they were chosen: the paths
  /// whose parameters are all selected.
  ///
  /// Nil when all are.
  public var selectionText: String? {
    guard let selection else { return nil }
    let isBuffer = Set(buffers.map(\.offset))
    let all = parameters.filter { !isBuffer.contains($0.offset) }
    if all.allSatisfy({ selection.contains($0) }) { return nil }
    // A path is whole unless a parameter below it is not selected.
    var broken = Set<String>()
    for parameter in all where !selection.contains(parameter) {
      broken.formUnion(Network.paths(of: parameter.name))
    }
    var paths: [String] = []
    for parameter in all where selection.contains(parameter) {
      let path = Network.paths(of: parameter.name).first { !broken.contains($0) } ?? parameter.name
      if paths.last != path && !paths.contains(path) { paths.append(path) }
    }
    return paths.joined(separator: " ")
  }

  /// `a`, `a.b`, `a.b.weight` of `a.b.weight`.
  private static func paths(of name: String) -> [String] {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return parts.indices.map { parts[...$0].joined(separator: ".") }
  }
}

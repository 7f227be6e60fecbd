/// Some parameters of a network: those that gradients are taken by.
public struct ParameterSelection: Sendable, Hashable {
  /// The parameters, in the order of the flat vector.
  public let parameters: [Parameter]
  /// Their places in the flat vector, in order; neighbours are one range.
  public let ranges: [Range<Int>]

  /// A selection of parameters, each once.
  public init(_ parameters: [Parameter]) {
    var seen = Set<Int>()
    self.parameters = parameters.filter { seen.insert($0.offset).inserted }
      .sorted { $0.offset < $1.offset }
    ranges = self.parameters.reduce(into: []) { ranges, parameter in
      if let last = ranges.last, last.upperBound == parameter.offset {
        ranges[ranges.count - 1] = last.lowerBound..<parameter.range.upperBound
      } else {
        ranges.append(parameter.range)
      }
    }
  }

  /// The numbers in all of them.
  public var count: Int { parameters.reduce(0) { $0 + $1.count } }

  /// Whether a parameter, or the one that it is a part of (a group's), is selected.
  public func contains(_ parameter: Parameter) -> Bool {
    // The last one that begins at or before it.
    var (low, high) = (0, parameters.count)
    while low < high {
      let middle = (low + high) / 2
      if parameters[middle].offset <= parameter.offset { low = middle + 1 } else { high = middle }
    }
    return low > 0 && parameters[low - 1].range.contains(parameter.offset)
  }
}

extension ParameterSelection? {
  /// Whether a parameter is selected; nil selects all.
  public func selects(_ parameter: Parameter) -> Bool { self?.contains(parameter) ?? true }
}

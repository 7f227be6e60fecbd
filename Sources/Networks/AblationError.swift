import Tensors

/// What can be wrong with the masks of a pass.
public enum AblationError: DiagnosableError, Equatable {
  /// A mask for a point that the network has not.
  case unknownPoint(point: Int, points: Int)
  /// A mask or its value has another size than its group.
  case mismatch(group: String, fault: String, batch: Int)

  /// What went wrong.
  public var what: String {
    switch self {
    case .unknownPoint(let point, _): "there is no ablation point \(point)"
    case .mismatch(_, let fault, _): fault
    }
  }

  /// Where.
  public var location: String {
    switch self {
    case .unknownPoint: "masks"
    case .mismatch(let group, _, let batch): "\(group), \(batch) examples"
    }
  }

  /// What the user can do.
  public var remedy: String {
    switch self {
    case .unknownPoint(_, let points):
      points == 0
        ? "the network has none"
        : "use `point` of the network's components, 0 to \(points - 1)"
    case .mismatch:
      "give a mask of examples × units, and a value of one number an activation, of a row an "
        + "example, or of the activations' shape"
    }
  }
}

extension Network {
  /// Checks masks for a batch before a pass takes them.
  ///
  /// - Throws: `AblationError` for a point that is not there or a size that does not fit.
  public func require(
    _ ablation: [Int: AblationMask], batch: Int
  ) throws(AblationError) {
    let groups = Dictionary(components.map { ($0.point, $0) }) { first, _ in first }
    for (point, mask) in ablation.sorted(by: { $0.key < $1.key }) {
      guard let group = groups[point] else {
        throw .unknownPoint(point: point, points: groups.count)
      }
      if let fault = mask.mismatch(group, batch: batch, positions: nil) {
        throw .mismatch(group: group.description, fault: fault, batch: batch)
      }
    }
  }
}

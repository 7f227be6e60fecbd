import Tensors

/// How inputs were brought to a common scale: the numbers themselves, kept with every run.
///
///     x′ = ((x − from) / (to − from) − mean) / std
///
/// Always with the statistics of the training inputs, for training and test inputs alike.
public struct Normalisation: Codable, Sendable, Equatable {
  /// The numbers that become 0 and 1; nil when inputs keep their scale.
  public var scale: [Double]?
  /// What is subtracted after scaling: one number, one for each channel of images or one for each
  /// feature; empty for nothing.
  public var mean: [Double]
  /// What is divided by after that, as many as `mean`; 1 where the training inputs are constant.
  public var std: [Double]

  /// Normalisation by given numbers; `mean` and `std` have 0, 1, channel-count or feature-count
  /// elements.
  public init(scale: [Double]? = nil, mean: [Double] = [], std: [Double] = []) {
    precondition(mean.count == std.count, "\(mean.count) means, \(std.count) deviations")
    precondition(scale.map { $0.count == 2 && $0[0] != $0[1] } ?? true, "scale")
    precondition(std.allSatisfy { $0 > 0 }, "a deviation that is not positive")
    (self.scale, self.mean, self.std) = (scale, mean, std)
  }

  /// Leaves inputs as they are.
  public static let none = Normalisation()

  /// Over which numbers mean and deviation are taken.
  public enum Statistics: String, CaseIterable, Codable, Sendable {
    /// One mean and deviation for each feature.
    case columns
    /// One mean and deviation for each channel of n × channels × … inputs.
    case channels
    /// One mean and deviation over all features.
    case global
  }

  /// Mean and deviation (population, as in scikit-learn and torchvision) of the training inputs
  /// after scaling.
  ///
  /// - Parameters:
  ///   - inputs: n × …, n ≥ 1.
  ///   - exact: the inputs before they were rounded to Float32.
  /// - Precision: two passes in fp64 in the order of the elements; the same bits always. What differs
  ///   by less than 1e-12 of its mean counts as constant.
  public init(
    of inputs: Tensor, exact: [Double]? = nil, scale: [Double]? = nil, statistics: Statistics
  ) {
    self.init(scale: scale)
    let n = inputs.shape[0]
    let features = n == 0 ? 0 : inputs.count / n
    let width =
      switch statistics {
      case .columns: features
      case .channels: inputs.shape.count > 2 ? inputs.shape[1] : features
      case .global: 1
      }
    let count = Double(n * (features / max(1, width)))
    var sums = [Double](repeating: 0, count: width)
    forEach(inputs, exact, width) { column, x in sums[column] += x }
    let mean = sums.map { $0 / count }
    var squares = [Double](repeating: 0, count: width)
    forEach(inputs, exact, width) { column, x in
      let difference = x - mean[column]
      squares[column] += difference * difference
    }
    self.mean = mean
    std = zip(squares, mean).map { square, mean in
      let deviation = (square / count).squareRoot()
      return deviation > 1e-12 * abs(mean) ? deviation : 1
    }
  }

  /// Gives each scaled input with its column, 0 when there is one.
  private func forEach(
    _ inputs: Tensor, _ exact: [Double]?, _ width: Int, _ body: (Int, Double) -> Void
  ) {
    let (from, span) = scaling
    let base = inputs.storage.base
    // Neighbours that share a column: all of a channel, one feature, or everything.
    let features = inputs.shape[0] == 0 ? 0 : inputs.count / inputs.shape[0]
    let group = max(1, features / max(1, width))
    var (column, place) = (0, 0)
    for i in 0..<inputs.count {
      body(column, ((exact?[i] ?? Double(base[i])) - from) / span)
      place += 1
      if place == group { (column, place) = (column + 1 < width ? column + 1 : 0, 0) }
    }
  }

  /// `from` and `to − from`.
  private var scaling: (from: Double, span: Double) {
    guard let scale else { return (0, 1) }
    return (scale[0], scale[1] - scale[0])
  }

  /// Inputs as they were after scaling and before standardisation, n × …: what pictures show.
  public func unstandardised(_ inputs: Tensor) -> Tensor {
    if mean.isEmpty || inputs.count == 0 { return inputs }
    let features = inputs.count / inputs.shape[0]
    let group = max(1, features / mean.count)
    let result = Tensor(uninitialized: inputs.shape)
    for i in 0..<inputs.count {
      let column = i % features / group
      result.storage.base[i] = Float(
        Double(inputs.storage.base[i]) * std[column] + mean[column])
    }
    return result
  }

  /// The inputs on the common scale: n × …, computed in fp64 and rounded once.
  ///
  /// - Parameter exact: the inputs before they were rounded to Float32.
  public func applied(to inputs: Tensor, exact: [Double]? = nil) -> Tensor {
    if self == .none { return inputs }
    let n = inputs.shape[0]
    let features = n == 0 ? 0 : inputs.count / n
    precondition(
      mean.count <= 1 || mean.count == features || mean.count == inputs.shape[1],
      "\(mean.count) means for \(features) features")
    let (from, span) = scaling
    let (mean, std) = mean.isEmpty ? ([0], [1]) : (mean, std)
    let group = max(1, features / mean.count)
    let result = Tensor(uninitialized: inputs.shape)
    let (source, target) = (inputs.storage, result.storage)
    Workers.run(over: n, grain: 1024) { rows in
      for i in rows.lowerBound * features..<rows.upperBound * features {
        let column = i % features / group
        let x = ((exact?[i] ?? Double(source.base[i])) - from) / span
        target.base[i] = Float((x - mean[column]) / std[column])
      }
    }
    return result
  }
}

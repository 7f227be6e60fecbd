import Configuration

extension ConfigurationMap {
  /// A dropout rate: from 0, and below 1 in fp32 too, where 0.99999999 is 1 and nothing would be
  /// kept.
  func dropoutRate(
    _ key: String, default fallback: Double = 0
  ) throws(ConfigurationError) -> Double {
    let rate = try double(key, in: .from(0, below: 1), default: fallback)
    guard Float(rate) < 1 else {
      throw .outOfRange(place(key), value: "\(rate)", allowed: "at least 0 and at most 0.999999")
    }
    return rate
  }
}

extension PixelImage {
  /// The values as planes, one channel after the other, resized bilinearly where the size differs.
  ///
  ///     y = (i + ½) · H / h − ½,  clamped to [0, H − 1];  likewise x
  ///
  /// Each value is the mean of its four neighbours by distance, without smoothing before: PyTorch's
  /// `interpolate(mode="bilinear", align_corners=False)`. Much smaller sizes alias: shrink such
  /// images before.
  /// - Parameters:
  ///   - channels: 1 or 3. Gray becomes colour by repeating it; colour becomes gray by the weights
  ///     0.299, 0.587 and 0.114 (ITU-R BT.601).
  ///   - target: channels × height × width values, 0 to 255; of 16 bits over 257.
  public func planes(
    channels wanted: Int, height h: Int, width w: Int, into target: UnsafeMutablePointer<Float>
  ) {
    precondition(wanted == 1 || wanted == 3, "\(wanted) channels")
    precondition(h > 0 && w > 0, "\(h) × \(w)")
    let rows = PixelImage.taps(h, of: height)
    let columns = PixelImage.taps(w, of: width)
    for channel in 0..<wanted {
      for (i, row) in rows.enumerated() {
        for (j, column) in columns.enumerated() {
          let top = mixed(row.first, column, channel, wanted)
          let value =
            row.share == 0
            ? top : top + row.share * (mixed(row.second, column, channel, wanted) - top)
          target[(channel * h + i) * w + j] = value
        }
      }
    }
  }

  /// Two neighbours, and how much the second counts.
  private struct Tap {
    let first, second: Int
    let share: Float
  }

  private static func taps(_ count: Int, of length: Int) -> [Tap] {
    if count == length { return (0..<count).map { Tap(first: $0, second: $0, share: 0) } }
    let ratio = Float(length) / Float(count)
    return (0..<count).map { index in
      let place = max(0, (Float(index) + 0.5) * ratio - 0.5)
      let first = min(Int(place), length - 1)
      return Tap(first: first, second: min(first + 1, length - 1), share: place - Float(first))
    }
  }

  private func mixed(_ row: Int, _ column: Tap, _ channel: Int, _ wanted: Int) -> Float {
    let left = value(row, column.first, channel, wanted)
    guard column.share != 0 else { return left }
    return left + column.share * (value(row, column.second, channel, wanted) - left)
  }

  private func value(_ row: Int, _ column: Int, _ channel: Int, _ wanted: Int) -> Float {
    let place = (row * width + column) * channels
    if channels == wanted { return number(place + channel) }
    if channels == 1 { return number(place) }
    return 0.299 * number(place) + 0.587 * number(place + 1) + 0.114 * number(place + 2)
  }

  /// A value from 0 to 255, of 16 bits with its fraction.
  private func number(_ place: Int) -> Float {
    fine.map { Float(Double($0[place]) / 257) } ?? Float(pixels[place])
  }
}

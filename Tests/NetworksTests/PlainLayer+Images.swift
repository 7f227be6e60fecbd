import Networks
import Tensors

/// Layers over images, B × H × W × C, in plain fp64 loops.
extension PlainLayer {
  static let images: [PlainLayer] = [
    groupNorm, batchNorm(trains: false), batchNorm(trains: true), convolution, pool(.largest),
    pool(.mean), flatten,
  ]

  /// x̂ of the values at some places.
  private static func normalise(_ x: [Double], _ places: [Int], into hat: inout [Double]) {
    let mean = places.reduce(0) { $0 + x[$1] } / Double(places.count)
    let variance =
      places.reduce(0) { $0 + (x[$1] - mean) * (x[$1] - mean) } / Double(places.count)
    for place in places { hat[place] = (x[place] - mean) / (variance + 1e-5).squareRoot() }
  }

  /// 3 pixels of 4 channels in 2 groups.
  private static let groupNorm = make(
    "group norm", [3, 1, 4], { $0.groupNorm("n", groups: 2, channels: 4) },
    { x, theta in
      var hat = x
      for example in 0..<2 {
        for group in 0..<2 {
          var places: [Int] = []
          for pixel in 0..<3 {
            let start = (example * 3 + pixel) * 4 + group * 2
            places += [start, start + 1]
          }
          normalise(x, places, into: &hat)
        }
      }
      return hat.indices.map { theta[$0 % 4] * hat[$0] + theta[4 + $0 % 4] }
    })

  /// 2 × 2 pixels of 3 channels: by the batch's statistics, or by the running ones.
  private static func batchNorm(trains: Bool) -> PlainLayer {
    make(
      "batch norm" + (trains ? " in training" : ""), [2, 2, 3], trains: trains,
      { $0.batchNorm("n", channels: 3) },
      { x, theta in
        var hat = x
        for c in 0..<3 {
          let places = x.indices.filter { $0 % 3 == c }
          if trains {
            normalise(x, places, into: &hat)
          } else {
            for place in places {
              hat[place] = (x[place] - theta[6 + c]) / (theta[9 + c] + 1e-5).squareRoot()
            }
          }
        }
        return hat.indices.map { theta[$0 % 3] * hat[$0] + theta[3 + $0 % 3] }
      })
  }

  /// 2 channels of 4 × 3 pixels to 4, in 2 groups: kernel 3, stride 2, padding 1.
  private static let convolution = make(
    "convolution", [4, 3, 2],
    { builder in
      // What reads the network's inputs does not propagate: not this one.
      _ = builder.linear("before", inputs: 1, outputs: 1)
      let image = ImageShape(channels: 2, height: 4, width: 3)
      let layer = builder.convolution(
        "c", input: image, outputs: 4, kernel: 3, stride: 2, padding: 1, groups: 2)
      guard let layer else { preconditionFailure("a window that does not fit") }
      return layer
    },
    { x, theta in
      windows { example, pixels in
        var y: [Double] = []
        for o in 0..<4 {
          var sum = theta[38 + o]
          for pixel in pixels {
            guard let place = pixel.place else { continue }
            let value = x[(example * 12 + place) * 2 + o / 2]
            sum += theta[2 + o * 9 + pixel.element] * value
          }
          y.append(sum)
        }
        return y
      }
    })

  private enum Pool { case largest, mean }

  /// 2 channels of 4 × 3 pixels: kernel 3, stride 2, padding 1.
  private static func pool(_ kind: Pool) -> PlainLayer {
    make(
      "\(kind) of windows", [4, 3, 2],
      { builder in
        let image = ImageShape(channels: 2, height: 4, width: 3)
        let layer: (any Layer)? =
          kind == .largest
          ? builder.maxPool(input: image, kernel: 3, stride: 2, padding: 1)
          : builder.averagePool(input: image, kernel: 3, stride: 2, padding: 1)
        guard let layer else { preconditionFailure("a window that does not fit") }
        return layer
      },
      { x, _ in
        windows { example, pixels in
          var y: [Double] = []
          for c in 0..<2 {
            var values: [Double] = []
            for pixel in pixels {
              if let place = pixel.place { values.append(x[(example * 12 + place) * 2 + c]) }
            }
            y.append(kind == .largest ? values.max() ?? 0 : values.reduce(0, +) / 9)
          }
          return y
        }
      })
  }

  /// 2 channels of 2 × 3 pixels.
  private static let flatten = make(
    "flatten", [2, 3, 2], { $0.flatten(ImageShape(channels: 2, height: 2, width: 3)) },
    { x, _ in
      var y: [Double] = []
      for example in 0..<2 {
        for c in 0..<2 {
          for pixel in 0..<6 { y.append(x[example * 12 + pixel * 2 + c]) }
        }
      }
      return y
    })

  /// What the 2 × 2 windows of 3 × 3 over 4 × 3 pixels, one around them, two apart, make: two
  /// examples one after the other; pixels outside have no place.
  private static func windows(
    _ body: (_ example: Int, [(element: Int, place: Int?)]) -> [Double]
  ) -> [Double] {
    var y: [Double] = []
    for example in 0..<2 {
      for (top, left) in [(-1, -1), (-1, 1), (1, -1), (1, 1)] {
        var pixels: [(element: Int, place: Int?)] = []
        for element in 0..<9 {
          let (row, column) = (top + element / 3, left + element % 3)
          let isInside = (0..<4).contains(row) && (0..<3).contains(column)
          pixels.append((element, isInside ? row * 3 + column : nil))
        }
        y += body(example, pixels)
      }
    }
    return y
  }
}

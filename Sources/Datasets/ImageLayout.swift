import Tensors

/// Where the channels of pictures in an array stand.
enum ImageLayout: String, CaseIterable, Sendable {
  /// n × channels × height × width, as PyTorch has them and networks here take them.
  case channelsFirst
  /// n × height × width × channels, as Keras, MedMNIST and matplotlib have them.
  case channelsLast

  /// Whether an array's last axis is that of the channels: as said, or by its shape.
  ///
  /// By its shape it is where the last axis has 1, 3 or 4 elements and the two before it more, and the
  /// first of them is no number of channels.
  ///
  /// - Parameter reading: where a guess is said.
  /// - Throws: `DatasetError.wrongShape` for a layout of what is no array of pictures.
  static func isChannelsLast(
    _ array: some ExampleArray, _ layout: ImageLayout?, _ reading: inout SourceReading
  ) throws(DatasetError) -> Bool {
    let shape = array.shape
    if layout == .channelsLast, shape.count != 4 {
      throw .wrongShape(
        file: array.file, place: array.place(nil), shape: shape,
        expected: "examples × height × width × channels")
    }
    if let layout { return layout == .channelsLast }
    guard looksChannelsLast(shape) else { return false }
    let text = shape.dropFirst().map(String.init).joined(separator: " × ")
    reading.notes.append(
      "\(text) taken as height × width × channels; if it is not set `layout: channelsFirst`")
    return true
  }

  /// Whether a shape n × … reads as pictures with their channels last.
  static func looksChannelsLast(_ shape: [Int]) -> Bool {
    guard shape.count == 4, [1, 3, 4].contains(shape[3]) else { return false }
    return shape[1] > 4 && shape[2] > shape[3]
  }
}

extension Tensor {
  /// n × H × W × C as n × C × H × W.
  func channelsFirst() -> Tensor {
    let (n, area, channels) = (shape[0], shape[1] * shape[2], shape[3])
    let result = Tensor(uninitialized: [n, channels, shape[1], shape[2]])
    let (source, target) = (storage, result.storage)
    Workers.run(over: n, grain: 16) { rows in
      for row in rows {
        let start = row * area * channels
        for pixel in 0..<area {
          for channel in 0..<channels {
            target.base[start + channel * area + pixel] =
              source.base[start + pixel * channels + channel]
          }
        }
      }
    }
    return result
  }
}

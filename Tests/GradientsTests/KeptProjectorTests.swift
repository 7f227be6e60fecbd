import Foundation
import Projections
import Storage
import Tensors
import TestSupport
import Testing

@testable import Gradients

@Suite("Kept landmarks")
struct KeptProjectorTests {
  @Test("the factor of landmarks is kept beside the store and read again to the bit")
  func kept() throws {
    let folder = try ScratchFolder()
    let data = FeatureCollectionTests.data(40)
    let work = FeatureCollectionTests.collection(.landmarks, k: 8, training: data)
    try work.collect(data, to: folder / "train.h5")
    let store = try FeatureStoreReader(folder / "train.h5")
    var notes: [String] = []
    func features(_ model: UInt64, isKept: Bool = true) throws -> Matrix<Float> {
      let source = FeatureCollectionTests.source(model)
      let projector = try work.projection.projector(
        for: source, target: .output(.margin), data, beside: store, group: "seed-\(model)",
        isKept: isKept
      ) { notes.append($0) }
      return try projector.project(
        source.gradients(of: data, target: .output(.margin)).gradients)
    }
    func files() throws -> [String] {
      try folder.contents().keys.filter { $0.contains("/landmarks.") }.sorted()
    }
    let bare = try features(1, isKept: false)
    #expect(try files().isEmpty)
    #expect(try features(1) == bare)
    #expect(try files().count == 1)
    #expect(try features(1) == bare)
    // Another checkpoint has its own.
    #expect(try features(2) != bare)
    let names = try files()
    #expect(names.count == 2 && notes.isEmpty)
    // That the file is read: another factor gives other features.
    let file = try ProjectionChoice.file(store, "seed-1")
    guard case .found(var contents) = file.read() else {
      Issue.record("\(file.read())")
      return
    }
    contents.singleLower["factor"]?[0, 0] *= 2
    try file.write(contents)
    #expect(try features(1) != bare)
    // A damaged one is said and made again.
    var bytes = try folder.bytes(names[0])
    bytes[bytes.count - 1] ^= 1
    try Data(bytes).write(to: URL(fileURLWithPath: folder / names[0]))
    #expect(try features(1) == bare)
    #expect(notes.count == 1 && notes[0].contains("is not used and made again"))
    #expect(try features(1) == bare && notes.count == 1)
  }
}

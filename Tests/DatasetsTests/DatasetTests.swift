import Configuration
import Datasets
import Foundation
import Tensors
import TestSupport
import Testing

private func example(_ n: Int = 6) -> Dataset {
  Dataset(
    inputs: Tensor((0..<2 * n).map(Float.init), shape: [n, 2]),
    targets: .classes((0..<n).map { Int32($0 % 3) }, names: ["a", "b", "c"]))
}

@Suite struct DatasetTests {
  @Test func idsAndTextCorrespondOneToOne() throws {
    for text in ["0", "17", "007", "-1", "+3", "x", "", "99999999999999999999", "1.0"] {
      #expect(ExampleID(text).description == text)
    }
    #expect(ExampleID("17") == .row(17))
    #expect(ExampleID("007") == .name("007"))
    let ids: [ExampleID] = [.name("b"), .row(10), .name("a"), .row(9)]
    #expect(ids.sorted() == [.row(9), .row(10), .name("a"), .name("b")])
    let json = try JSONEncoder().encode(ids)
    #expect(String(decoding: json, as: UTF8.self) == #"["b",10,"a",9]"#)
    #expect(try JSONDecoder().decode([ExampleID].self, from: json) == ids)
  }

  @Test func aSubsetKeepsIdsInputsTargetsAndOriginals() throws {
    let noisy = try LabelNoise(fraction: 1, seed: 3).planted(in: example(), file: "f")
    let subset = noisy.subset([4, 1])
    #expect(subset.ids == [.row(4), .row(1)])
    #expect(subset.inputs.elements == [8, 9, 2, 3])
    #expect(subset.originalClasses == [1, 1])
    #expect(subset.flipped == [true, true])
    #expect(subset.subset([]).count == 0)
  }

  @Test func theHashKnowsOrderInputsIdsTargetsAndShape() throws {
    let data = example()
    let same = example()
    #expect(data.contentHash == same.contentHash)
    #expect(data.subset(Array(0..<6)).contentHash == data.contentHash)
    var inputs = data.inputs
    inputs[3] = -0.0
    var negative = data.inputs
    negative[0] = -0.0
    let others = [
      data.subset([1, 0, 2, 3, 4, 5]), data.subset([0, 1, 2, 3, 4]),
      Dataset(inputs: inputs, targets: data.targets),
      Dataset(inputs: negative, targets: data.targets),
      Dataset(inputs: data.inputs.reshaped([6, 1, 2]), targets: data.targets),
      Dataset(
        ids: (0..<6).map { .name("\($0)") }, inputs: data.inputs, targets: data.targets),
      Dataset(
        inputs: data.inputs, targets: .classes(data.classes ?? [], names: ["a", "b", "d"])),
      Dataset(inputs: data.inputs, targets: .values(Tensor(shape: [6, 1]))),
      try LabelNoise(fraction: 0.2).planted(in: data, file: "f"),
    ]
    let hashes = Set((others + [data]).map(\.contentHash))
    #expect(hashes.count == others.count + 1)
  }

  @Test(arguments: 0..<20)
  func noiseChangesExactlyItsShareToOtherClasses(seed: Int) throws {
    let data = example(50)
    let noise = LabelNoise(fraction: 0.13, seed: UInt64(seed))
    let noisy = try noise.planted(in: data, file: "f")
    #expect(noisy.flipped.count { $0 } == 7, "seed \(seed)")
    #expect(noisy.originalClasses == data.classes)
    #expect(try noise.planted(in: data, file: "f").classes == noisy.classes)
    for row in 0..<50 where !noisy.flipped[row] {
      #expect(noisy.classes?[row] == data.classes?[row])
    }
  }

  @Test func noiseIsUniformOverTheOtherClasses() throws {
    let n = 3000
    let data = Dataset(
      inputs: Tensor(shape: [n, 1]),
      targets: .classes([Int32](repeating: 1, count: n), names: ["0", "1", "2", "3"]))
    let noisy = try LabelNoise(fraction: 1, seed: 1).planted(in: data, file: "f")
    let counts = (0..<4).map { c in (noisy.classes ?? []).count { $0 == Int32(c) } }
    #expect(counts[1] == 0)
    // Binomial(3000, 1/3): standard deviation 25.8; five of them.
    for c in [0, 2, 3] { #expect(abs(counts[c] - 1000) < 130) }
  }

  @Test func noiseOfNothingIsStillRecordedAsPlanted() throws {
    let noisy = try LabelNoise(fraction: 0).planted(in: example(), file: "f")
    #expect(noisy.hasPlantedNoise)
    #expect(!noisy.flipped.contains(true))
  }

  @Test func rowsOfIdsAreFoundInTheirOrder() throws {
    #expect(try example().rows(of: [.row(4), .row(0)], in: "f") == [4, 0])
    let error = diagnosed { _ = try example().rows(of: [.name("x")], in: "ids.txt") }
    #expect(
      error?.description == """
        error: no example has the id x (there are 6).
          at:  ids.txt
          fix: use ids of this data; rows count from 0.
        """)
    let named = Dataset(
      ids: [.name("byte:0"), .name("byte:64")], inputs: Tensor([1, 2], shape: [2, 1]),
      targets: .classes([0, 1], names: ["a", "b"]))
    let other = diagnosed { _ = try named.rows(of: [.row(0)], in: "--test") }
    #expect(other?.remedy == "use ids of this data, such as byte:0.")
  }
}

@Suite(.serialized) struct NormalisationTests {
  let inputs = Tensor([1, 10, 3, 10, 5, 10, 7, 10], shape: [4, 2])

  @Test func columnsHaveMeanZeroAndDeviationOneUnlessConstant() {
    let normalisation = Normalisation(of: inputs, statistics: .columns)
    #expect(normalisation.mean == [4, 10])
    #expect(normalisation.std == [(5.0).squareRoot(), 1])
    let result = normalisation.applied(to: inputs)
    #expect(result[0] == Float(-3 / (5.0).squareRoot()))
    #expect([1, 3, 5, 7].allSatisfy { result[$0] == 0 })
  }

  @Test func globalStatisticsFollowTheScale() {
    let normalisation = Normalisation(of: inputs, scale: [0, 10], statistics: .global)
    // (0.1 + 0.3 + 0.5 + 0.7 + 4) / 8 = 0.7; deviation² = (0.36 + 0.16 + 0.04 + 4 · 0.09) / 8.
    #expect(abs(normalisation.mean[0] - 0.7) < 1e-15)
    #expect(abs(normalisation.std[0] - (0.115).squareRoot()) < 1e-15)
  }

  @Test func givenNumbersApplyAfterTheScale() {
    let normalisation = Normalisation(scale: [0, 255], mean: [0.1307], std: [0.3081])
    let result = normalisation.applied(to: Tensor([0, 255], shape: [2, 1]))
    #expect(result.elements == [Float(-0.1307 / 0.3081), Float((1 - 0.1307) / 0.3081)])
  }

  @Test func itSurvivesJSON() throws {
    let normalisation = Normalisation(scale: [0, 16], mean: [0.1, 1.0 / 3], std: [1, 2])
    let data = try JSONEncoder().encode(normalisation)
    #expect(try JSONDecoder().decode(Normalisation.self, from: data) == normalisation)
  }

  @Test func bitsDoNotDependOnTheWorkers() {
    let n = 3000
    let inputs = Tensor((0..<3 * n).map { Float($0 % 97) * 0.37 }, shape: [n, 3])
    let before = Workers.count
    defer { Workers.count = before }
    Workers.count = 1
    let one = Normalisation(of: inputs, statistics: .columns).applied(to: inputs)
    Workers.count = 2
    let two = Normalisation(of: inputs, statistics: .columns).applied(to: inputs)
    #expect(one == two)
  }
}

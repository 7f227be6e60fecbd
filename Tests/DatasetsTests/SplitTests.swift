import Configuration
import Datasets
import TestSupport
import Testing

/// Twenty rows: input = row, label = row mod 2.
private func folder() throws -> DataFolder {
  let folder = try DataFolder()
  let rows = (0..<20).map { "\($0),\($0 % 2)" }.joined(separator: "\n")
  try folder.write("x,l\n" + rows + "\n", to: "a.csv")
  return folder
}

private let source = "train: {format: csv, path: a.csv}\n"

@Suite struct SplitTests {
  @Test(arguments: 0..<10)
  func aRandomSplitHasTheSizesAndNoExampleTwice(seed: Int) throws {
    let data = try folder().load(source + "split: {test: 5, train: 12, seed: \(seed)}")
    #expect(data.train.count == 12)
    #expect(data.test.count == 5)
    #expect(Set(data.train.ids).union(data.test.ids).count == 17)
    #expect(data.train.ids == data.train.ids.sorted())
    for (row, id) in data.train.ids.enumerated() {
      #expect(id == .row(Int(data.train.inputs[row])))
    }
  }

  @Test func theSeedDecidesAndTheSameSeedRepeats() throws {
    func test(_ seed: Int) throws -> [ExampleID] {
      try folder().load(source + "split: {test: 6, seed: \(seed)}").test.ids
    }
    #expect(try test(1) == test(1))
    #expect(try test(1) != test(2))
  }

  @Test func sharesAreRoundedAndTheRestTrains() throws {
    let data = try folder().load("source: {format: csv, path: a.csv}\nsplit: {test: 0.23}")
    #expect(data.test.count == 5)
    #expect(data.train.count == 15)
  }

  @Test func withoutATestSetAllExamplesTrain() throws {
    for rest in ["split: {test: 0}", "split: {test: 0, train: 20}", ""] {
      let data = try folder().load(source + rest)
      #expect(data.train.count == 20 && data.test.count == 0)
      #expect(data.test.featureShape == data.train.featureShape)
      #expect(data.test.classNames == data.train.classNames)
      #expect(throws: DatasetError.noTestSet) { try data.requireTest() }
    }
    let some = try folder().load(source + "split: {test: 0, train: 7, seed: 3}")
    #expect(some.train.count == 7 && some.test.count == 0)
    // A share of nothing is still a mistake.
    #expect(throws: DatasetError.self) { try folder().load(source + "split: {test: 0.01}") }
    #expect(throws: (any Error).self) { try folder().load(source + "split: {test: 5, train: 0}") }
    try folder().load(source + "split: {test: 5}").requireTest()
  }

  @Test func aFileNamesTheTestExamples() throws {
    let folder = try folder()
    try folder.write("# chosen\n3\r\n\n 17 \n0\n", to: "ids.txt")
    let data = try folder.load(source + "split: {file: ids.txt}")
    #expect(data.test.ids == [.row(0), .row(3), .row(17)])
    #expect(data.train.count == 17)
  }

  @Test func rowsKeepTheirNumbers() throws {
    let rows = "train: {format: csv, path: a.csv, rows: [4, 8]}\n"
    let data = try folder().load(rows + "test: {format: csv, path: a.csv, limit: 2}")
    #expect(data.train.ids == [.row(4), .row(5), .row(6), .row(7)])
    #expect(data.train.inputs.elements == [4, 5, 6, 7])
    #expect(data.test.ids == [.row(0), .row(1)])
  }

  @Test func testInputsAreNormalisedByTrainingStatistics() throws {
    let rows = "train: {format: csv, path: a.csv, rows: [0, 3]}\n"
    let data = try folder().load(
      rows + "test: {format: csv, path: a.csv, rows: [10, 12]}\nstandardise: true")
    #expect(data.normalisation.mean == [1])
    let deviation = (2.0 / 3).squareRoot()
    #expect(data.test.inputs.elements == [Float(9 / deviation), Float(10 / deviation)])
  }

  @Test func namedClassesFixTheirOrder() throws {
    let data = try folder().load(source + "split: {test: 5}\nclasses: [1, 0]")
    #expect(data.train.classNames == ["1", "0"])
    #expect(try folder().load(source + "split: {test: 5}\nclasses: 4").train.classCount == 4)
  }

  static let failures: [(String, String)] = [
    (
      source + "split: {test: 15, train: 6}",
      """
      error: 6 training and 15 test examples are wanted of 20.
        at:  F/a.csv
        fix: make them 20 or fewer together.
      """
    ),
    (
      source + "split: {test: 20}",
      """
      error: the split leaves no training examples.
        at:  F/a.csv
        fix: give each side at least one example.
      """
    ),
    (
      source + "split: {file: twice.txt}",
      """
      error: rows 0 and 1 have the same id, 3.
        at:  F/twice.txt, row 1
        fix: make the ids different, or leave `id` out to number the rows.
      """
    ),
    (
      source + "split: {file: far.txt}",
      """
      error: no example has the id 20 (there are 20).
        at:  F/far.txt
        fix: use ids of this data; rows count from 0.
      """
    ),
    (
      source + "split: {test: -1}",
      """
      error: split.test is -1, outside its bounds: at least 0.
        at:  run.yaml:2, split.test
        fix: choose a number that is at least 0.
      """
    ),
    (
      source + "split: {test: 1.5}",
      """
      error: split.test is 1.5, outside its bounds: greater than 0 and below 1.
        at:  run.yaml:2, split.test
        fix: choose a number that is greater than 0 and below 1.
      """
    ),
    (
      source + "splitt: {test: 5}",
      """
      error: unknown key `splitt` in the top level; did you mean `split`?
        at:  run.yaml:2
        fix: the keys here are classes, decisions, flip, scale, source, split, standardise, task, test, touchTest, train.
      """
    ),
    (
      "train: {format: cvs, path: a.csv}\nsplit: {test: 5}",
      """
      error: train.format cannot be `cvs`; did you mean `csv`?
        at:  run.yaml:1, train.format
        fix: choose one of csv, hdf5, idx, images, jsonl, npy, npz, text.
      """
    ),
    (
      "train: {format: csv, path: a.csv, lable: 1}\nsplit: {test: 5}",
      """
      error: unknown key `lable` in train; did you mean `label`?
        at:  run.yaml:1, train
        fix: the keys here are delimiter, format, header, id, ignore, label, limit, path, rows.
      """
    ),
    (
      source + "split: {test: 5}\nscale: [16, 0]",
      """
      error: scale[1] is 0.0, outside its bounds: greater than 16.0.
        at:  run.yaml:3, scale[1]
        fix: choose a number that is greater than 16.0.
      """
    ),
    (
      source + "split: {test: 5}\nflip: {fraction: 1.5}",
      """
      error: flip.fraction is 1.5, outside its bounds: at least 0 and at most 1.
        at:  run.yaml:3, flip.fraction
        fix: choose a number that is at least 0 and at most 1.
      """
    ),
    (
      source + "split: {test: 5}\nstandardise: colums",
      """
      error: standardise cannot be `colums`; did you mean `columns`?
        at:  run.yaml:3, standardise
        fix: choose one of channels, columns, global.
      """
    ),
    (
      source + "split: {test: 5}\nstandardise: {mean: 0, std: 0}",
      """
      error: standardise.std is 0, outside its bounds: greater than 0.
        at:  run.yaml:3, standardise.std
        fix: choose a number that is greater than 0.
      """
    ),
    (
      source + "split: {test: 5}\ntest: {format: csv, path: a.csv}",
      """
      error: the top level has split, test, which exclude each other.
        at:  run.yaml
        fix: keep one of them.
      """
    ),
  ]

  @Test(arguments: failures.indices)
  func eachFailureSaysWhatWhereAndWhatToDo(index: Int) throws {
    let folder = try folder()
    try folder.write("3\n3\n", to: "twice.txt")
    try folder.write("20\n", to: "far.txt")
    #expect(folder.failure(Self.failures[index].0) == Self.failures[index].1)
  }
}

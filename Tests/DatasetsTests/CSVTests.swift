import Configuration
import Datasets
import TestSupport
import Testing

/// Uses the table for training and, as it is, for test.
private func yaml(_ options: String, _ data: String = "") -> String {
  """
  train: {format: csv, path: a.csv, \(options)}
  test: {format: csv, path: a.csv, \(options)}
  \(data)
  """
}

private func table(_ text: String, _ options: String = "label: last") throws -> Dataset {
  let folder = try DataFolder()
  try folder.write(text, to: "a.csv")
  return try folder.load(yaml(options)).train
}

@Suite struct CSVTests {
  @Test("the delimiter that is not said is found beside fields with line ends and delimiters")
  func quotedLines() throws {
    let folder = try DataFolder()
    try folder.write(
      "a;b;label\n1;2;\"two\nlines\"\n3;4;\"x;y\"\n5;6;\"two\nlines\"\n", to: "a.csv")
    let data = try folder.load("train: {format: csv, path: a.csv}").train
    #expect(data.inputs.elements == [1, 2, 3, 4, 5, 6])
    #expect(data.classNames == ["two\nlines", "x;y"])
  }

  @Test func aPlainTableIsRead() throws {
    let data = try table("x,y,label\n1,2,0\n-3.5,4e2,1\n")
    #expect(data.inputs.elements == [1, 2, -3.5, 400])
    #expect(data.inputs.shape == [2, 2])
    #expect(data.classes == [0, 1])
    #expect(data.classNames == ["0", "1"])
    #expect(data.ids == [.row(0), .row(1)])
    #expect(data.flipped == [false, false])
    #expect(!data.hasPlantedNoise)
  }

  @Test(arguments: ["\n", "\r\n", "\r"])
  func everyLineEndIsRead(end: String) throws {
    let data = try table(["a,b,c", "1,2,x", "", "3,4,y"].joined(separator: end) + end)
    #expect(data.inputs.elements == [1, 2, 3, 4])
    #expect(data.classNames == ["x", "y"])
  }

  @Test func aTableWithoutFinalLineEndIsRead() throws {
    #expect(try table("1,2,0\n3,4,1").inputs.elements == [1, 2, 3, 4])
  }

  @Test func aByteOrderMarkIsSkipped() throws {
    let data = try table("\u{FEFF}label,b\nq,2\nr,4\n", "label: label")
    #expect(data.inputs.elements == [2, 4])
  }

  @Test func quotedFieldsHoldDelimitersQuotesAndLineEnds() throws {
    let text = "\"a, b\",label\n\"1\",\"say \"\"hi\"\", twice\"\n2,\"two\r\nlines\"\n3,plain\n"
    let data = try table(text)
    #expect(data.inputs.elements == [1, 2, 3])
    #expect(data.classNames == ["plain", "say \"hi\", twice", "two\r\nlines"])
  }

  @Test func linesAreCountedThroughQuotedLineEnds() throws {
    let folder = try DataFolder()
    try folder.write("x,l\n1,\"a\nb\"\n2,\"c\r\nd\"\nbad,e\n", to: "a.csv")
    #expect(
      folder.failure(yaml("label: l"))?.contains("at:  F/a.csv, line 6, column x\n") == true)
  }

  @Test func theHeaderIsFoundOrForced() throws {
    #expect(try table("1,2,a\n3,4,b\n").count == 2)
    #expect(try table("p,q,l\n1,2,a\n3,4,b\n").count == 2)
    #expect(try table("1,2,3\n1,2,0\n3,4,1\n", "header: true").count == 2)
    #expect(try table("1,2,3\n1,2,0\n3,4,1\n", "header: false").count == 3)
    #expect(try table("0,1,l\n1,2,0\n3,4,1\n", "header: true, label: l").count == 2)
  }

  @Test func theLabelIsNamedOrPlaced() throws {
    let text = "a,b,c\n0,10,20\n1,11,21\n"
    #expect(try table(text, "label: first").inputs.elements == [10, 20, 11, 21])
    #expect(try table(text, "label: 1").inputs.elements == [0, 20, 1, 21])
    #expect(try table(text, "label: b").inputs.elements == [0, 20, 1, 21])
    #expect(try table(text, "label: c").classNames == ["20", "21"])
  }

  @Test func idsAndIgnoredColumnsAreNoInputs() throws {
    let data = try table(
      "key,note,x,l\nk1,hello,1,a\n17,world,2,b\n", "id: key, ignore: [note], label: l")
    #expect(data.ids == [.name("k1"), .row(17)])
    #expect(data.inputs.elements == [1, 2])
    #expect(data.featureShape == [1])
  }

  @Test func otherDelimitersAreRead() throws {
    #expect(try table("1;2;a\n3;4;b\n", "delimiter: \";\"").inputs.elements == [1, 2, 3, 4])
    #expect(try table("1\t2\ta\n3\t4\tb\n", "delimiter: tab").inputs.elements == [1, 2, 3, 4])
  }

  @Test func wholeNumbersAreSortedByNumberAndWordsByLetters() throws {
    #expect(try table("1,10\n1,9\n1,2.0\n1,-1\n1,9.0\n").classNames == ["-1", "2", "9", "10"])
    // What numbers would join or rename stays as it is spelled.
    #expect(try table("1,10\n1,9\n1,09\n").classNames == ["09", "9", "10"])
    #expect(try table("1,007\n1,010\n").classNames == ["007", "010"])
    #expect(try table("1,5E0\n1,5\n1,7\n").classNames == ["5", "7", "5E0"])
    #expect(try table("1,b\n1,a\n1,10\n1,9\n").classNames == ["9", "10", "a", "b"])
  }

  @Test func regressionTakesOneOrMoreColumnsAsTargets() throws {
    let folder = try DataFolder()
    try folder.write("a,b,c\n1,2.5,3\n4,5.5,6\n", to: "a.csv")
    let one = try folder.load(yaml("label: b", "task: regression")).train
    #expect(one.targets == .values(.init([2.5, 5.5], shape: [2, 1])))
    #expect(one.classes == nil)
    #expect(one.classCount == 0)
    let two = try folder.load(yaml("label: [c, a]", "task: regression")).train
    #expect(two.targets == .values(.init([3, 1, 6, 4], shape: [2, 2])))
    #expect(two.inputs.elements == [2.5, 5.5])
    #expect(two.outputCount == 2)
  }

  @Test(arguments: [
    "0", "-0", "1.5", "+2", ".5", "5.", "1e3", "1E-3", "123456789012345", "1234567890123456789",
    "0.1", "3.141592653589793238462643", "2.5e-40", "16777217", "0.000000000000001",
  ])
  func numbersAreRoundedAsTheLibraryRounds(text: String) throws {
    let plain = text.hasPrefix(".") ? "0" + text : text
    let expected = try #require(Double(plain.hasSuffix(".") ? plain + "0" : plain))
    #expect(try table(" \(text) ,1,a\n1,1,b\n").inputs[0] == Float(expected))
  }

  @Test func theBundledDigitsAreRead() throws {
    let map = try ConfigurationMap(contentsOf: repository + "/Examples/digits.yaml")
    let data = try DataConfiguration(
      from: map.map("data"), relativeTo: repository + "/Examples"
    ).load()
    #expect(data.train.inputs.shape == [1297, 64])
    #expect(data.test.inputs.shape == [500, 64])
    let digits: [String] = (0..<10).map { "\($0)" }
    #expect(data.train.classNames == digits)
    #expect(data.train.flipped.count { $0 } == 130)
    #expect(!data.test.hasPlantedNoise)
    #expect(data.normalisation == Normalisation(scale: [0, 16]))
    #expect(data.train.inputs.elements.max() == 1)
    // From numpy: train.data[0].sum() / 16, test.data[499].sum() / 16.
    let (first, last) = (
      data.train.inputs.prefixSlice(0..<1), data.test.inputs.prefixSlice(499..<500)
    )
    let sums: [Float] = [first, last].map { $0.elements.reduce(0, +) }
    #expect(sums == [22.5625, 19.8125])
  }
}

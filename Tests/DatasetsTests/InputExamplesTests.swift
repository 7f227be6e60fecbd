import Configuration
import Foundation
import Images
import Tensors
import TestSupport
import Testing

@testable import Datasets

/// Files from outside, read as a run's own.
@Suite struct InputExamplesTests {
  /// The data of a `data` mapping, and a file read like them.
  private func read(_ file: String, _ yaml: String, in folder: String) throws
    -> (data: SplitData, input: InputExamples)
  {
    let map = try ConfigurationMap(yaml: yaml, file: "run.yaml")
    let configuration = try DataConfiguration(from: map, relativeTo: folder)
    let data = try configuration.load()
    return (data, try configuration.readInput(folder + "/" + file, like: data))
  }

  private func failure(_ file: String, _ yaml: String, in folder: DataFolder) -> String? {
    diagnosed { _ = try read(file, yaml, in: folder.path) }?.description
      .replacingOccurrences(of: folder.path, with: "F")
  }

  @Test("arrays of the run's names have their labels and ids; compressed IDX is read, too")
  func arrays() throws {
    for (file, source) in [
      ("kinds.npz", "{format: npz, path: kinds-deflated.npz, inputs: i1, ids: ids}"),
      ("arrays.h5", "{format: hdf5, path: arrays.h5, labels: group/labels, ids: names}"),
    ] {
      let (data, input) = try read(file, "train: \(source)\nstandardise: columns", in: fixtures)
      #expect(input.inputs == data.train.inputs && input.targets == data.train.targets)
      #expect(input.names == data.train.ids)
      #expect(
        input.summary.hasSuffix(
          "4 examples, with labels; less the run's 3 means, by its "
            + "deviations"))
    }
    let source = "{format: idx, images: images.idx.gz, labels: labels.idx}"
    let (data, input) = try read("images-08.idx", "train: \(source)", in: fixtures)
    #expect(input.inputs == data.train.inputs && input.targets == nil && input.names == nil)
    #expect(input.dataset(data.train.targets).contentHash == data.train.contentHash)
  }

  @Test("tables: columns by name or place, all, without labels, or inputs alone; what is left out")
  func tables() throws {
    let folder = try DataFolder()
    try folder.write("k,x,y,l,m\na,1,2,3,4\nb,5,6,7,8\n", to: "t.csv")
    let yaml = """
      train: {format: csv, path: t.csv, id: k, label: [m, l]}
      task: regression
      """
    for (text, labels, names) in [
      ("a,1,2,3,4\n", [4, 3], ["a"]), ("a,1,2\n", nil, ["a"]), ("1,2\n", nil, nil),
      ("m,y,z,l,x\n4,2,0,3,1\n", [4, 3], nil), ("y,x\n2,1\n", nil, nil),
      ("k,x,y,l,m\na,1,2,3,4\n", [4, 3], ["a"]),
    ] as [(String, [Float]?, [String]?)] {
      try folder.write(text, to: "i.csv")
      let input = try read("i.csv", yaml, in: folder.path).input
      #expect(input.inputs.elements == [1, 2], "\(text)")
      #expect(input.targets == labels.map { .values(Tensor($0, shape: [1, 2])) }, "\(text)")
      #expect(input.names?.map(\.description) == names, "\(text)")
      #expect(input.remarks == (text.contains("z") ? ["left out what the run has not: `z`"] : []))
    }
    for (text, error) in [
      (
        "x,l,y\n1,2,3\n",
        """
        error: there is no column `m`.
          at:  F/i.csv
          fix: name the inputs as in the run's own file.
        """
      ),
      (
        "1,2,3,4\n",
        """
        error: the table has 4 columns; the run's own has 5: 2 inputs, 2 labels, 1 beside them.
          at:  F/i.csv
          fix: write the columns of the run's own file, in its order, with the label or without.
        """
      ),
      (
        "a,1,2\na,3,4\n",
        """
        error: rows 0 and 1 have the same id, a.
          at:  F/i.csv, row 1
          fix: make the ids different, or leave `id` out to number the rows.
        """
      ),
    ] {
      try folder.write(text, to: "i.csv")
      #expect(failure("i.csv", yaml, in: folder) == error)
    }
  }

  @Test("pictures: JPEG, gray as colour, another size, and no pictures at all")
  func pictures() throws {
    let folder = try DataFolder()
    for name in ["colour", "gray"] {
      try FileManager.default.copyItem(
        atPath: fixture("Images/\(name)"), toPath: folder.path + "/" + name)
    }
    let colour = "train: {format: images, path: colour}\nscale: false"
    let (data, jpeg) = try read("colour/dog/z.jpg", colour, in: folder.path)
    #expect(jpeg.inputs == data.train.inputs.gathered([3]) && jpeg.remarks.isEmpty)
    let (_, gray) = try read("gray/cat/a.png", colour, in: folder.path)
    #expect(gray.remarks == ["gray repeated as red, green and blue"])
    #expect(gray.inputs.elements[..<48] == gray.inputs.elements[96...])
    try folder.write(try PNG.encode(gray: [1, 2, 3, 4], width: 2, height: 2), to: "small.png")
    #expect(
      failure("small.png", colour, in: folder) == """
        error: the image has 2 rows of 2 pixels, the run's have 6 of 8.
          at:  F/small.png
          fix: bring it to that size; the run's data have no `size` that would.
        """)
    try folder.write("hello there", to: "t.txt")
    #expect(
      failure("t.txt", colour, in: folder) == """
        error: F/t.txt is not PNG, JPEG or IDX: it begins with 68 65 6c 6c.
          at:  F/t.txt
          fix: give PNG, JPEG or IDX.
        """)
  }

  @Test("texts: special tokens, cut and padded as the run's are; fields that some lines have")
  func texts() throws {
    let folder = try DataFolder()
    try folder.write(
      #"{"text": "abcdef", "y": 1}"# + "\n" + #"{"text": "fa", "y": 0}"#, to: "t.jsonl")
    let yaml = "train: {format: jsonl, path: t.jsonl, length: 4, label: y}"
    try folder.write("abcdef\r\n", to: "new.txt")
    let (data, input) = try read("new.txt", yaml, in: folder.path)
    #expect(input.inputs == data.train.inputs.gathered([0]) && input.targets == nil)
    #expect(
      input.remarks == [
        "read as one text without its last line end",
        "2 tokens beyond the run's length of 4 are cut off",
      ])
    try folder.write(#"{"text": "fa"}"#, to: "i.jsonl")
    let bare = try read("i.jsonl", yaml, in: folder.path).input
    #expect(bare.inputs == data.train.inputs.gathered([1]) && bare.targets == nil)
    #expect(bare.remarks == ["2 of 4 tokens are padding"])
    try folder.write(#"{"text": "fa", "y": 1}"# + "\n" + #"{"text": "fa"}"#, to: "i.jsonl")
    let error = failure("i.jsonl", yaml, in: folder)
    #expect(error?.contains("line 2") == true && error?.contains("`y`") == true)
    try folder.write("abz", to: "new.txt")
    #expect(
      failure("new.txt", yaml, in: folder) == """
        error: the token `z` is not among the 6 of the training text.
          at:  F/new.txt, row 0
          fix: leave it out: the model has never seen it.
        """)
  }
}

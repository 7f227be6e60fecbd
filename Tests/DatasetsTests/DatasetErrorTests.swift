import Configuration
import TestSupport
import Testing

@testable import Datasets

/// Wrong data of a run file, from the files as they are to the words that a user reads.
///
/// Tables, arrays and tokenizers have tables of their own.
@Suite struct DatasetErrorTests {
  struct Failure: Sendable, CustomStringConvertible {
    var description: String
    /// Files by name.
    var files: [String: String] = [:]
    var yaml: String
    var text: String
  }

  static let failures: [Failure] = [
    Failure(
      description: "a folder named as a file", yaml: "train: {format: csv, path: .}",
      text: """
        error: F/. is not a file.
          at:  F/.
          fix: give the path of a file, not of a folder or device.
        """),
    Failure(
      description: "a file that is not there", yaml: "train: {format: csv, path: no.csv}",
      text: """
        error: there is no file F/no.csv.
          at:  F/no.csv
          fix: check the path; paths in a run file are relative to that file.
        """),
    Failure(
      description: "a column that is almost there", files: ["a.csv": "height,kind\n1,a\n2,b\n"],
      yaml: "train: {format: csv, path: a.csv, label: kimd}",
      text: """
        error: there is no column `kimd`; did you mean `kind`?
          at:  F/a.csv
          fix: choose one of height, kind.
        """),
    Failure(
      description: "one of two columns of a name", files: ["a.csv": "x,y,x\n1,a,2\n"],
      yaml: "train: {format: csv, path: a.csv, label: x}",
      text: """
        error: two columns are called `x`.
          at:  F/a.csv
          fix: give the column's number, from 0.
        """),
    Failure(
      description: "no column left", files: ["a.csv": "k,l\n1,a\n"],
      yaml: "train: {format: csv, path: a.csv, label: l, id: k}",
      text: """
        error: F/a.csv has no column left as input.
          at:  F/a.csv
          fix: leave a column beside `label`, `id` and `ignore`.
        """),
    Failure(
      description: "two examples of one id", files: ["a.csv": "k,x,l\nb,1,a\nc,2,a\nb,3,e\n"],
      yaml: "train: {format: csv, path: a.csv, id: k}",
      text: """
        error: rows 0 and 2 have the same id, b.
          at:  F/a.csv, row 2
          fix: make the ids different, or leave `id` out to number the rows.
        """),
    Failure(
      description: "one class", files: ["a.csv": "x,l\n1,a\n2,a\n"],
      yaml: "train: {format: csv, path: a.csv}",
      text: """
        error: F/a.csv has one class only: a.
          at:  F/a.csv
          fix: check `label`; classification needs two classes.
        """),
    Failure(
      description: "a class of the test set alone",
      files: ["a.csv": "1,a\n2,b\n", "b.csv": "3,a\n4,c\n"],
      yaml: "train: {format: csv, path: a.csv}\ntest: {format: csv, path: b.csv}",
      text: """
        error: the class `c` is not among the 2 known: a, b.
          at:  F/b.csv, line 2, column 1
          fix: correct the label, or name all classes with `classes`.
        """),
    Failure(
      description: "a class beyond more than twelve",
      files: ["a.csv": (0..<14).map { "1,\($0)\n" }.joined(), "b.csv": "3,99\n"],
      yaml: "train: {format: csv, path: a.csv}\ntest: {format: csv, path: b.csv}",
      text: """
        error: the class `99` is not among the 14 known: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, … \
        (14 in all).
          at:  F/b.csv, line 1, column 1
          fix: correct the label, or name all classes with `classes`.
        """),
    Failure(
      description: "rows beyond the end", files: ["a.csv": "1,a\n2,b\n"],
      yaml: "train: {format: csv, path: a.csv, rows: [1, 5]}",
      text: """
        error: rows [1, 5] are wanted of 2.
          at:  F/a.csv
          fix: end at 2 at most.
        """),
    Failure(
      description: "a split of more than there are", files: ["a.csv": "1,a\n2,b\n"],
      yaml: "source: {format: csv, path: a.csv}\nsplit: {train: 2, test: 1}",
      text: """
        error: 2 training and 1 test examples are wanted of 2.
          at:  F/a.csv
          fix: make them 2 or fewer together.
        """),
    Failure(
      description: "a split that leaves nothing to train on", files: ["a.csv": "1,a\n2,b\n"],
      yaml: "source: {format: csv, path: a.csv}\nsplit: {test: 2}",
      text: """
        error: the split leaves no training examples.
          at:  F/a.csv
          fix: give each side at least one example.
        """),
    Failure(
      description: "a test id that no example has",
      files: ["a.csv": "k,x,l\nred,1,a\nblue,2,b\n", "test.txt": "# held out\ngreen\n"],
      yaml: "source: {format: csv, path: a.csv, id: k}\nsplit: {file: test.txt}",
      text: """
        error: no example has the id green (there are 2).
          at:  F/test.txt
          fix: use ids of this data, such as red.
        """),
    Failure(
      description: "a test row beyond those there are",
      files: ["a.csv": "1,a\n2,b\n", "test.txt": "7\n"],
      yaml: "source: {format: csv, path: a.csv}\nsplit: {file: test.txt}",
      text: """
        error: no example has the id 7 (there are 2).
          at:  F/test.txt
          fix: use ids of this data; rows count from 0.
        """),
    Failure(
      description: "tests of another width", files: ["a.csv": "1,2,a\n3,4,b\n", "b.csv": "1,a\n"],
      yaml: "train: {format: csv, path: a.csv}\ntest: {format: csv, path: b.csv}",
      text: """
        error: inputs are [1] in F/b.csv and [2] in F/a.csv.
          at:  F/b.csv
          fix: give files that belong together.
        """),
    Failure(
      description: "noise in numbers", files: ["a.csv": "1,2\n3,4\n"],
      yaml: "train: {format: csv, path: a.csv}\ntask: regression\nflip: {fraction: 0.5}",
      text: """
        error: label noise needs classes; the targets are numbers.
          at:  F/a.csv
          fix: remove `flip`, or set `task: classification`.
        """),
    Failure(
      description: "noise in a text", files: ["a.txt": "abcabc"],
      yaml: "train: {format: text, path: a.txt, length: 3}\nflip: {fraction: 0.5}",
      text: """
        error: sequences of tokens have no flip.
          at:  F/a.txt
          fix: remove flip from the run file's data.
        """),
    Failure(
      description: "a scale for a text", files: ["a.txt": "abcabc"],
      yaml: "train: {format: text, path: a.txt, length: 3}\nscale: [0, 1]",
      text: """
        error: sequences of tokens have no scale.
          at:  F/a.txt
          fix: remove scale from the run file's data.
        """),
    Failure(
      description: "a text and a table", files: ["a.txt": "abcabc", "b.csv": "1,2,a\n"],
      yaml: "train: {format: text, path: a.txt, length: 2}\ntest: {format: csv, path: b.csv}",
      text: """
        error: sequences of tokens have no labels.
          at:  F/b.csv
          fix: remove labels from the run file's data.
        """),
    Failure(
      description: "texts of two tokenizers", files: ["a.txt": "abcabc", "b.txt": "abc"],
      yaml: """
        train: {format: text, path: a.txt, length: 3}
        test: {format: text, path: b.txt, length: 3, tokens: bytes}
        """,
      text: """
        error: training and test texts have two tokenizers, characters of F/a.txt and \
        bytes of F/b.txt.
          at:  bytes of F/b.txt
          fix: give both the same `tokens`.
        """),
    Failure(
      description: "a letter of the test text alone", files: ["a.txt": "abcabc", "b.txt": "abz"],
      yaml: """
        train: {format: text, path: a.txt, length: 3}
        test: {format: text, path: b.txt, length: 3}
        """,
      text: """
        error: the token `z` is not among the 3 of the training text.
          at:  F/b.txt, row 0
          fix: train on a text that has it, or use `tokens: bytes`.
        """),
    Failure(
      description: "a document of one token", files: ["a.jsonl": #"{"text": "a"}"#],
      yaml: "train: {format: jsonl, path: a.jsonl, length: 3}",
      text: """
        error: the text has 1 token, and 2 are needed.
          at:  F/a.jsonl, line 1, field text
          fix: remove the example, or join texts with `packing: true`.
        """),
    Failure(
      description: "a document without text",
      files: ["a.jsonl": #"{"text": "ab"}"# + "\n{\"text\": \"\"}"],
      yaml: "train: {format: jsonl, path: a.jsonl, length: 3}",
      text: """
        error: the text has no tokens.
          at:  F/a.jsonl, line 2, field text
          fix: remove the example, or set `skipEmpty: true`, or join texts with `packing: true`.
        """),
    Failure(
      description: "classes that are not whole", files: ["a.jsonl": #"{"text": "ab", "y": 1.5}"#],
      yaml: "train: {format: jsonl, path: a.jsonl, length: 3, label: y}",
      text: """
        error: the label 1.5 is not a class.
          at:  F/a.jsonl, line 1, field y
          fix: use words or whole numbers, or set `task: regression`.
        """),
    Failure(
      description: "a folder of images that is not there",
      yaml: "train: {format: images, path: no}",
      text: """
        error: there is no file F/no.
          at:  F/no
          fix: check the path; paths in a run file are relative to that file.
        """),
    Failure(
      description: "a file named as a folder of images", files: ["a": "x"],
      yaml: "train: {format: images, path: a}",
      text: """
        error: F/a is not a folder.
          at:  F/a
          fix: give the folder that has a sub-folder for each class.
        """),
  ]

  @Test(arguments: failures)
  func `wrong data are refused word for word`(failure: Failure) throws {
    let folder = try DataFolder()
    for (name, text) in failure.files { try folder.write(text, to: name) }
    #expect(folder.failure(failure.yaml) == failure.text)
  }

  @Test func `token ids that are none are refused with their place`() throws {
    let folder = try DataFolder()
    func failure(_ rows: [[Int8]], _ more: String = "") throws -> String? {
      let header =
        "{'descr': '|i1', 'fortran_order': False, "
        + "'shape': (\(rows.count), \(rows[0].count)), }\n"
      try folder.write(
        [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8)
          + rows.flatMap { $0 }.map { UInt8(bitPattern: $0) }, to: "t.npy")
      return folder.failure("train: {format: npy, path: t.npy\(more)}")
    }
    #expect(try failure([[0, 1, -1], [2, 1, 0]]) == nil)
    #expect(
      try failure([[0, 1, 2], [2, 7, 0]], ", vocabulary: 5") == """
        error: 7 is not a token from 0 to 4, nor padding (-1) at the end.
          at:  F/t.npy, [1, 1]
          fix: correct the ids, or set `vocabulary` to one more than the largest.
        """)
    // Padding in the middle, padding that leaves one token, and a negative number.
    #expect(try failure([[0, 1, -1, 3]])?.contains("at:  F/t.npy, [0, 3]") == true)
    #expect(try failure([[0, -1, -1]])?.contains("-1 is not a token") == true)
    #expect(try failure([[0, 1, -2]])?.contains("-2 is not a token") == true)
    #expect(try failure([[1], [2]])?.contains("expected sequences × at least 2 tokens") == true)
  }

  @Test(
    arguments: [
      (
        DatasetError.tooLarge(file: "a.csv", bytes: 1 << 40, limit: 1 << 33),
        """
        error: the data needs 1099511627776 bytes of memory, there are 8589934592.
          at:  a.csv
          fix: take fewer examples with `rows`, or a machine with more memory.
        """,
        "take fewer examples."
      ),
      (
        .unreadableFile("a.csv", reason: "Permission denied"),
        """
        error: a.csv cannot be read: Permission denied.
          at:  a.csv
          fix: check that you may read the file.
        """,
        "check that you may read the file."
      ),
      (
        .unknownArray(file: "a.npz", name: "x", arrays: []),
        """
        error: there is no array `x`.
          at:  a.npz
          fix: the file has none.
        """,
        "the file has none."
      ),
      (
        .trailingBytes(file: "a.idx", place: .byte(9), count: 1),
        """
        error: 1 byte follows the data.
          at:  a.idx, byte 9
          fix: get the file again, or write it anew; its header and data disagree.
        """,
        "write the file anew."
      ),
      (
        .lengthTooShort(file: "a.jsonl", length: 2, special: 3),
        """
        error: a length of 2 leaves no room beside the 3 special tokens of each text.
          at:  a.jsonl
          fix: choose a greater `length`, or `special: false`.
        """,
        "choose a greater `length`, or `special: false`."
      ),
      (
        .oneClass(file: "a.csv", classes: []),
        """
        error: a.csv has no classes.
          at:  a.csv
          fix: check `label`; classification needs two classes.
        """,
        "check `label`; classification needs two classes."
      ),
      (
        .ambiguousColumn(file: "a.csv", name: "x"),
        """
        error: two columns are called `x`.
          at:  a.csv
          fix: give the column's number, from 0.
        """,
        "give each column a name of its own."
      ),
      (
        .notANumber(file: "a.csv", place: .field(line: 2, column: "x"), text: "?"),
        """
        error: `?` is not a number.
          at:  a.csv, line 2, column x
          fix: correct it, or leave the column out with `ignore`; for a header line set `header: true`.
        """,
        "correct it: it is an input of the run, a number."
      ),
      (
        .shortText(file: "a.txt", place: .file, tokens: 1, needed: 2),
        """
        error: the text has 1 token, and 2 are needed.
          at:  a.txt
          fix: remove the example, or join texts with `packing: true`.
        """,
        "write a longer text."
      ),
    ])
  func `the same fault has another remedy in a file from outside`(
    error: DatasetError, text: String, remedy: String
  ) {
    #expect(error.description == text)
    let input = DatasetError.ofInput(error)
    #expect((input.what, input.location) == (error.what, error.location))
    #expect(input.remedy == remedy)
    #expect((error.exitCode, input.exitCode) == (3, 3))
  }

  @Test(
    arguments: [
      (DataPlace.file, ""), (.byte(12), "byte 12"), (.line(3), "line 3"),
      (.field(line: 3, column: "p4"), "line 3, column p4"), (.row(0), "row 0"),
      (.element([1, 0, 2]), "[1, 0, 2]"), (.member(line: nil, path: "a.b"), "field a.b"),
      (.member(line: 2, path: "a[0]"), "line 2, field a[0]"), (.array("x", .file), "array x"),
      (.array("x", .row(4)), "array x, row 4"),
    ])
  func `places are written for readers`(place: DataPlace, text: String) {
    #expect(place.description == text)
  }
}

import Datasets
import TestSupport
import Testing

/// Every way a table can be wrong, word for word.
@Suite struct CSVErrorTests {
  struct Failure: Sendable {
    var csv: String
    var options = "label: last"
    var data = ""
    var text: String
  }

  static let failures: [Failure] = [
    Failure(
      csv: "",
      text: """
        error: F/a.csv is empty.
          at:  F/a.csv
          fix: get the file again; the copy is not whole.
        """),
    Failure(
      csv: "\n\n",
      text: """
        error: F/a.csv has no examples.
          at:  F/a.csv
          fix: add examples.
        """),
    Failure(
      csv: "x,label\n",
      text: """
        error: F/a.csv has no examples.
          at:  F/a.csv
          fix: add examples.
        """),
    Failure(
      csv: "x\n1\n",
      text: """
        error: the table has one column when cut at `,`; it needs a label and an input.
          at:  F/a.csv
          fix: set `delimiter`, e.g. ";" or "tab".
        """),
    Failure(
      csv: "x,label\n1,0\n1,2,3\n",
      text: """
        error: 3 fields where the first line has 2.
          at:  F/a.csv, line 3
          fix: complete the line; put fields that hold the delimiter in quotes.
        """),
    Failure(
      csv: "x,label\n1,0\nabc,1\n",
      text: """
        error: `abc` is not a number.
          at:  F/a.csv, line 3, column x
          fix: correct it, or leave the column out with `ignore`; for a header line set `header: true`.
        """),
    Failure(
      csv: "x,label\n1,0\n,1\n",
      text: """
        error: an input is missing.
          at:  F/a.csv, line 3, column x
          fix: fill them in, or set `missing: drop` to leave out the examples, `missing: mean` for the mean of the column.
        """),
    Failure(
      csv: "x,label\n1,0\nNaN,1\n",
      text: """
        error: an input is missing: `NaN`.
          at:  F/a.csv, line 3, column x
          fix: fill them in, or set `missing: drop` to leave out the examples, `missing: mean` for the mean of the column.
        """),
    Failure(
      csv: "x,label\n1,0\n1e39,1\n",
      text: """
        error: 1e39 is not a finite Float32.
          at:  F/a.csv, line 3, column x
          fix: correct the value or remove the example.
        """),
    Failure(
      csv: "x,label\n1,\n",
      text: """
        error: a label is missing.
          at:  F/a.csv, line 2, column label
          fix: fill it in or remove the example.
        """),
    Failure(
      csv: "x,label\n1,0.5\n2,1\n",
      text: """
        error: the label 0.5 is not a class.
          at:  F/a.csv, line 2, column label
          fix: use words or whole numbers, or set `task: regression`.
        """),
    Failure(
      csv: "x,label\n1,7\n2,7\n",
      text: """
        error: F/a.csv has one class only: 7.
          at:  F/a.csv
          fix: check `label`; classification needs two classes.
        """),
    Failure(
      csv: "x,label\n1,\"a\n2,b\n",
      text: """
        error: a quoted field is never closed.
          at:  F/a.csv, line 2, column 1
          fix: close the quote; a quote inside a quoted field is written twice.
        """),
    Failure(
      csv: "x,label\n1,\"a\"b\n",
      text: """
        error: text follows a closing quote.
          at:  F/a.csv, line 2, column 1
          fix: write quotes inside a quoted field twice.
        """),
    Failure(
      csv: "x,target\n1,0\n2,1\n", options: "label: targets",
      text: """
        error: there is no column `targets`; did you mean `target`?
          at:  F/a.csv
          fix: choose one of x, target.
        """),
    Failure(
      csv: "x,l\n1,0\n2,1\n", options: "label: 5",
      text: """
        error: there is no column `5`.
          at:  F/a.csv
          fix: choose one of x, l.
        """),
    Failure(
      csv: "x,x,l\n1,0,1\n2,1,0\n", options: "label: x",
      text: """
        error: two columns are called `x`.
          at:  F/a.csv
          fix: give the column's number, from 0.
        """),
    Failure(
      csv: "k,l\n1,0\n2,1\n", options: "id: k",
      text: """
        error: F/a.csv has no column left as input.
          at:  F/a.csv
          fix: leave a column beside `label`, `id` and `ignore`.
        """),
    Failure(
      csv: "k,x,l\n7,1,0\n8,1,1\n7,2,0\n", options: "id: k",
      text: """
        error: rows 0 and 2 have the same id, 7.
          at:  F/a.csv, row 2
          fix: make the ids different, or leave `id` out to number the rows.
        """),
    Failure(
      csv: "x,l\n1,0\n2,1\n", options: "rows: [1, 3]",
      text: """
        error: rows [1, 3] are wanted of 2.
          at:  F/a.csv
          fix: end at 2 at most.
        """),
    Failure(
      csv: "x,l\n1,0\n2,1\n", data: "classes: [0, 2]",
      text: """
        error: the class `1` is not among the 2 known: 0, 2.
          at:  F/a.csv, line 3, column l
          fix: correct the label, or name all classes with `classes`.
        """),
    Failure(
      csv: "x,l\n1,0\n2,1\n", data: "task: regression\nflip: {fraction: 0.5}",
      text: """
        error: label noise needs classes; the targets are numbers.
          at:  F/a.csv
          fix: remove `flip`, or set `task: classification`.
        """),
    Failure(
      csv: "x,l\n1e30,0\n2,1\n", data: "scale: [0, 1.0e-20]",
      text: """
        error: 1e+30 after normalisation is not a finite Float32.
          at:  F/a.csv, row 0
          fix: correct the value or remove the example.
        """),
    Failure(
      csv: "x,l\n1,0\n2,1\n", data: "standardise: {mean: [0, 0], std: [1, 1]}",
      text: """
        error: the shape is [1], expected 2 features, as many as `standardise` has means.
          at:  F/a.csv
          fix: reshape it to 2 features, as many as `standardise` has means.
        """),
  ]

  @Test(arguments: failures.indices)
  func eachFailureSaysWhatWhereAndWhatToDo(index: Int) throws {
    let failure = Self.failures[index]
    let folder = try DataFolder()
    try folder.write(failure.csv, to: "a.csv")
    let source = "{format: csv, path: a.csv, \(failure.options)}"
    let yaml = "train: \(source)\ntest: \(source)\n\(failure.data)"
    #expect(folder.failure(yaml) == failure.text)
  }

  @Test func whatIsNoFileIsRefused() throws {
    let folder = try DataFolder()
    func source(_ path: String) -> String {
      "{format: csv, path: \(path)}"
    }
    #expect(
      folder.failure("train: \(source("no.csv"))\ntest: \(source("no.csv"))") == """
        error: there is no file F/no.csv.
          at:  F/no.csv
          fix: check the path; paths in a run file are relative to that file.
        """)
    #expect(
      folder.failure("train: \(source("."))\ntest: \(source("."))") == """
        error: F/. is not a file.
          at:  F/.
          fix: give the path of a file, not of a folder or device.
        """)
    #expect(
      folder.failure("train: \(source("/dev/zero"))\ntest: \(source("."))")?.hasPrefix(
        "error: /dev/zero is not a file.") == true)
  }

  @Test func otherEncodingsAreRefused() throws {
    let folder = try DataFolder()
    try folder.write([0xFF, 0xFE, 0x31, 0x00], to: "a.csv")
    let yaml = "train: {format: csv, path: a.csv}\ntest: {format: csv, path: a.csv}"
    #expect(
      folder.failure(yaml) == """
        error: UTF-16 text cannot be read.
          at:  F/a.csv, byte 0
          fix: write it as UTF-8.
        """)
    try folder.write(Array("1,a\n2,".utf8) + [0xC3, 0x28, 0x0A], to: "a.csv")
    #expect(
      folder.failure(yaml) == """
        error: the file is damaged: the text is not UTF-8.
          at:  F/a.csv, line 2
          fix: get the file again, or write it anew.
        """)
  }

  @Test func aTestSetOfAnotherShapeOrClassIsRefused() throws {
    let folder = try DataFolder()
    try folder.write("x,l\n1,a\n2,b\n", to: "a.csv")
    try folder.write("x,l\n1,a\n2,c\n", to: "b.csv")
    try folder.write("z,y,l\n1,2,a\n", to: "c.csv")
    func yaml(_ test: String) -> String {
      "train: {format: csv, path: a.csv}\ntest: {format: csv, path: \(test)}"
    }
    #expect(
      folder.failure(yaml("b.csv")) == """
        error: the class `c` is not among the 2 known: a, b.
          at:  F/b.csv, line 3, column l
          fix: correct the label, or name all classes with `classes`.
        """)
    #expect(
      folder.failure(yaml("c.csv")) == """
        error: the inputs `x` of F/a.csv are not there.
          at:  F/c.csv
          fix: name its columns as in F/a.csv, each once, or leave them out there with `ignore`.
        """)
  }
}

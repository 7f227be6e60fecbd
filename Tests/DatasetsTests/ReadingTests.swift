import Datasets
import TestSupport
import Testing

/// Files as people have them: read as their owner reads them, or said, or refused.
@Suite struct ReadingTests {
  private let folder: DataFolder

  init() throws { folder = try DataFolder() }

  private func load(_ files: [String: String], _ yaml: String) throws -> SplitData {
    for (name, text) in files { try folder.write(text, to: name) }
    return try folder.load(yaml)
  }

  private func notes(_ data: SplitData) -> String {
    (data.description?.lines ?? []).joined(separator: "\n")
      .replacing(folder.path + "/", with: "")
  }

  @Test("an index that was written as a column is an input, and said")
  func index() throws {
    let text = ",a,label\n0,5,x\n1,6,y\n2,5,x\n3,6,y\n"
    let data = try load(["a.csv": text], "train: {format: csv, path: a.csv, label: label}")
    #expect(
      notes(data).contains(
        "note: column 0 counts the rows and is taken as an input; for an index set `ignore: [0]` or "
          + "`id: 0`"))
    let ignored = try folder.load("train: {format: csv, path: a.csv, ignore: [0]}")
    #expect(!notes(ignored).contains("counts the rows"))
  }

  @Test("test columns are those of the training table, by name; others are refused or passed over")
  func names() throws {
    let files = [
      "a.csv": "a,b,label\n1,10,x\n2,20,y\n", "b.csv": "label,extra,b,a\nx,7,30,3\n",
      "c.csv": "a,label\n1,x\n",
    ]
    let data = try load(
      files, "{train: {format: csv, path: a.csv}, test: {format: csv, path: b.csv}}")
    #expect(data.test.inputs.elements == [3, 30])
    #expect(data.test.classes == [0])
    let said = notes(data)
    #expect(said.contains("note: b.csv: passed over, not in a.csv: columns `extra`"))
    #expect(said.contains("columns stand in another order than in a.csv: taken by name"))
    #expect(
      folder.failure("{train: {format: csv, path: a.csv}, test: {format: csv, path: c.csv}}") == """
        error: the inputs `b` of F/a.csv are not there.
          at:  F/c.csv
          fix: name its columns as in F/a.csv, each once, or leave them out there with `ignore`.
        """)
  }

  @Test("the label is the column that is called so, else the last, and both are said")
  func label() throws {
    let first = try load(
      ["a.csv": "label,a,rooms\n0,1,3\n1,2,4\n"], "train: {format: csv, path: a.csv}")
    #expect(first.train.inputs.elements == [1, 3, 2, 4])
    #expect(notes(first).contains("note: no `label` is said: the label is the column `label`"))
    let last = try load(
      ["b.csv": "a,rooms\n1,3\n2,4\n"], "train: {format: csv, path: b.csv}")
    #expect(last.train.classNames == ["3", "4"])
    #expect(notes(last).contains("the label is the last column, `rooms`"))
  }

  @Test("true and false are 1 and 0 as inputs, words as labels")
  func booleans() throws {
    let data = try load(
      ["a.csv": "a,b,label\nTrue,false,True\nFalse,TRUE,False\n"],
      "train: {format: csv, path: a.csv}")
    #expect(data.train.inputs.elements == [1, 0, 0, 1])
    #expect(data.train.classNames == ["False", "True"])
  }

  @Test("a header of numbers above numbers is found where its label's name says so")
  func header() throws {
    let years = try load(
      ["a.csv": "1990,1991,label\n5,6,0\n7,8,1\n"], "train: {format: csv, path: a.csv}")
    #expect(years.train.count == 2)
    #expect(notes(years).contains("the first line is taken for a header, though it has numbers"))
    let counted = try load(
      ["b.csv": ",0,1,2,kind\nr1,5,6,7,cat\nr2,7,8,9,dog\n"],
      "train: {format: csv, path: b.csv, id: 0}")
    #expect(counted.train.count == 2)
    let none = try load(["c.csv": "1,2,cat\n3,4,dog\n"], "train: {format: csv, path: c.csv}")
    #expect(none.train.count == 2)
  }

  @Test("missing cells are counted and refused, dropped, or filled with the training mean")
  func missing() throws {
    let text = "id,a,b,label\np,1,10,x\nq,NA,20,y\nr,3,?,x\ns,5,,y\n"
    try folder.write(text, to: "a.csv")
    func yaml(_ missing: String) -> String {
      "train: {format: csv, path: a.csv, id: id\(missing)}"
    }
    #expect(
      folder.failure(yaml("")) == """
        error: 3 inputs of 3 examples are missing: `NA`.
          at:  F/a.csv, line 3, column a
          fix: fill them in, or set `missing: drop` to leave out the examples, `missing: mean` for the mean of the column.
        """)
    #expect(throws: (any Error).self) { try folder.load(yaml(", missing: drop")) }
    try folder.write(text + "t,7,30,y\n", to: "a.csv")
    let dropped = try folder.load(yaml(", missing: drop"))
    #expect(dropped.train.ids.map(\.description) == ["p", "t"])
    #expect(notes(dropped).contains("note: 3 examples are left out for a missing value"))
    let filled = try folder.load(yaml(", missing: mean"))
    #expect(filled.train.inputs.elements == [1, 10, 4, 20, 3, 20, 5, 20, 7, 30])
    #expect(
      notes(filled).contains(
        "note: 3 missing cells get their column's mean over the training examples: `a`, `b`"))
    try folder.write("a,b,label\n1,,x\n2,,y\n", to: "a.csv")
    #expect(
      folder.failure("train: {format: csv, path: a.csv, missing: mean}")?.contains(
        "the inputs of column 1 are all missing") == true)
  }

  @Test("rows that are dropped leave the others their numbers")
  func droppedRows() throws {
    let data = try load(
      ["a.csv": "a,label\n1,x\n,y\n3,y\n"], "train: {format: csv, path: a.csv, missing: drop}")
    #expect(data.train.ids == [.row(0), .row(2)])
  }

  @Test("test sets whose labels are hidden are no test set, and are asked about")
  func hidden() throws {
    try folder.write("a,label\n1,0\n2,1\n", to: "a.csv")
    try folder.write("a,label\n1,-1\n2,-1\n", to: "b.csv")
    let data = try folder.load(
      "{train: {format: csv, path: a.csv}, test: {format: csv, path: b.csv}}")
    #expect(data.test.count == 0 && data.unlabelled?.inputs.elements == [1, 2])
  }

  @Test(
    "a delimiter that is not said is found: Excel's line, semicolons with decimal commas, tabs, blanks",
    arguments: [
      ("sep=;\r\na;b;label\r\n1,5;2;x\r\n3;4,5;y\r\n", ", decimal: \",\""),
      ("a;b;label\n1,5;2;x\n3;4,5;y\n", ", decimal: \",\""),
      ("a;b;label\n1.5;2;x\n3;4.5;y\n", ""),
      ("a\tb\tlabel\n1.5\t2\tx\n3\t4.5\ty\n", ""),
      ("  a    b  label\n1.5    2  x\n  3  4.5  y  \n", ""),
      ("  a    b  label\n1.5    2  x\n  3  4.5  y  \n", ", delimiter: \" \""),
      ("a|b|label\n1.5|2|x\n3|4.5|y\n", ""),
    ])
  func delimiters(text: String, options: String) throws {
    let data = try load(["a.csv": text], "train: {format: csv, path: a.csv\(options)}")
    #expect(data.train.inputs.elements == [1.5, 2, 3, 4.5])
    #expect(data.train.classNames == ["x", "y"])
  }

  @Test("a decimal comma is named as such")
  func decimalComma() throws {
    try folder.write("a;label\n1,5;x\n2,5;y\n", to: "a.csv")
    #expect(
      folder.failure("train: {format: csv, path: a.csv}") == """
        error: `1,5` is not a number.
          at:  F/a.csv, line 2, column a
          fix: for decimal commas set `decimal: ","` (and `delimiter`).
        """)
  }

  @Test("what differs from its mean by rounding alone is constant, and 1e9 apart by seconds is not")
  func precision() throws {
    let lines = (0..<150).map { "\(77),\(1_700_000_000 + $0),\($0 % 2)" }
    let data = try load(
      ["a.csv": "dead,time,label\n" + lines.joined(separator: "\n")],
      "{train: {format: csv, path: a.csv}, scale: [0, 255], standardise: true}")
    #expect(data.normalisation.std[0] == 1)
    let times = (0..<150).map { data.train.inputs.elements[2 * $0 + 1] }
    #expect(Set(times).count == 150)
    let deviation = ((150.0 * 150 - 1) / 12).squareRoot()
    for (i, time) in times.enumerated() {
      #expect(abs(Double(time) - (Double(i) - 74.5) / deviation) < 1e-6)
    }
    let plain = try folder.load("train: {format: csv, path: a.csv}")
    #expect(notes(plain).contains("the values of `time` are far from 0"))
  }

  @Test("pictures with their channels last are turned, of bytes scaled; both are said")
  func channelsLast() throws {
    let values = (0..<2 * 6 * 5 * 3).map { UInt8(truncatingIfNeeded: $0 * 7) }
    try folder.write(
      npy("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 6, 5, 3), }", values), to: "x.npy")
    try folder.write(
      npy("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 1), }", [3, 4]), to: "y.npy")
    let data = try folder.load("train: {format: npy, inputs: x.npy, labels: y.npy}")
    #expect(data.train.inputs.shape == [2, 3, 6, 5])
    for place in 0..<data.train.inputs.count {
      let (n, rest) = place.quotientAndRemainder(dividingBy: 90)
      let (c, pixel) = rest.quotientAndRemainder(dividingBy: 30)
      #expect(data.train.inputs[place] == Float(Double(values[n * 90 + pixel * 3 + c]) / 255))
    }
    #expect(notes(data).contains("6 × 5 × 3 taken as height × width × channels"))
    #expect(notes(data).contains("for the network 0 to "))
    let kept = try folder.load(
      "train: {format: npy, inputs: x.npy, labels: y.npy, layout: channelsFirst}")
    #expect(kept.train.inputs.shape == [2, 6, 5, 3])
  }

  @Test("rows with a single 1 are classes, rows with more are refused by name; texts are classes")
  func labels() throws {
    try folder.write(
      npy("{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2), }", [1, 2, 3, 4, 5, 6]),
      to: "x.npy")
    func write(_ rows: [UInt8]) throws {
      try folder.write(
        npy("{'descr': '|u1', 'fortran_order': False, 'shape': (3, 3), }", rows), to: "y.npy")
    }
    try write([0, 0, 1, 1, 0, 0, 0, 0, 1])
    let yaml = "train: {format: npy, inputs: x.npy, labels: y.npy}"
    let data = try folder.load(yaml)
    #expect(data.train.classNames == ["0", "2"] && data.train.classes == [1, 0, 1])
    #expect(notes(data).contains("label: the column of the 1 in rows of 3"))
    try write([0, 1, 1, 1, 0, 0, 0, 0, 1])
    #expect(
      folder.failure(yaml)?.contains(
        "the row has 2 ones among its 3 labels: examples of several classes are not built") == true)
    var words: [UInt8] = []
    for word in ["dog", "cat", "dog"] {
      for letter in word.utf8 { words += [letter, 0, 0, 0] }
      words += [0, 0, 0, 0]
    }
    try folder.write(
      npy("{'descr': '<U4', 'fortran_order': False, 'shape': (3,), }", words), to: "y.npy")
    #expect(try folder.load(yaml).train.classNames == ["cat", "dog"])
  }

  @Test("tables and lines of JSON may be gzip; a pickle is named")
  func containers() throws {
    // gzip of "a,label\n1,x\n2,y\n", by Python's gzip.compress(…, mtime=0).
    let bytes: [UInt8] = [
      0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x4B, 0xD4, 0xC9, 0x49, 0x4C,
      0x4A, 0xCD, 0xE1, 0x32, 0xD4, 0xA9, 0xE0, 0x32, 0xD2, 0xA9, 0xE4, 0x02, 0x00, 0x62, 0x48,
      0x16, 0xE1, 0x10, 0x00, 0x00, 0x00,
    ]
    try folder.write(bytes, to: "a.csv.gz")
    #expect(
      try folder.load("train: {format: csv, path: a.csv.gz}").train.inputs.elements == [1, 2])
    try folder.write([0x80, 0x04, 0x95, 0x00], to: "x.npy")
    #expect(
      folder.failure("train: {format: npy, inputs: x.npy, labels: x.npy}") == """
        error: a pickle of Python cannot be read.
          at:  F/x.npy
          fix: write it as an array of numbers with `numpy.save`.
        """)
  }

  @Test("lines of JSON: one array, 1.0 for 1, empty texts, null, chats and pairs")
  func jsonLines() throws {
    let yaml = "train: {format: jsonl, path: a.jsonl, length: 4, label: label}"
    let array = #"[{"text": "ab", "label": 1.0}, {"text": "ba", "label": 0.0}]"#
    #expect(try load(["a.jsonl": array], yaml).train.classNames == ["0", "1"])
    let empty =
      "{\"text\": \"ab\", \"label\": 1}\n{\"text\": \" \", \"label\": 1}\n"
      + "{\"text\": \"ba\", \"label\": 0}\n"
    let data = try load(
      ["a.jsonl": empty],
      "train: {format: jsonl, path: a.jsonl, length: 4, label: label, skipEmpty: true}")
    #expect(data.train.count == 2)
    #expect(
      notes(try folder.load(yaml)).contains(
        "note: 1 text has no letter; `skipEmpty: true` passes over such"))
    #expect(notes(data).contains("1 empty text is passed over"))
    func failure(_ text: String) throws -> String? {
      try folder.write(text, to: "a.jsonl")
      return folder.failure(yaml)
    }
    #expect(
      try failure(#"{"text": "ab", "label": null}"#) == """
        error: a label is missing.
          at:  F/a.jsonl, line 1, field label
          fix: fill it in or remove the example.
        """)
    #expect(
      try failure(#"{"messages": [], "label": 1}"#)?.contains(
        "a chat (`messages`) as a text cannot")
        == true)
    #expect(
      try failure(#"{"prompt": "a", "completion": "b", "label": 1}"#)?.contains(
        "a pair of `prompt` and `completion` as a text cannot be read") == true)
  }

  @Test(
    "folders of pictures say what was changed, what is passed over, and which classes are empty")
  func pictures() throws {
    let source = fixture("Images/pillow")
    for (name, file) in [
      ("up/a.png", "rgba8.png"), ("up/b.jpg", "turned.jpg"), ("side/c.png", "gray16.png"),
    ] {
      try folder.copy(source + "/" + file, to: "d/" + name)
    }
    try folder.make("d/none")
    try folder.write("BM", to: "d/side/x.bmp")
    try folder.write("x", to: "d/none/.hidden")
    let data = try folder.load("train: {format: images, path: d}")
    #expect(data.train.classNames == ["side", "up"])
    let said = notes(data)
    for sentence in [
      "pictures of 5 × 7 pixels, red, green and blue; label: the folder of each",
      "1 picture: gray repeated as red, green and blue",
      "1 picture: transparency dropped, what is hidden keeps its colour",
      "1 picture: the camera noted that it was turned; taken as they are stored",
      "1 picture: 16 bits a channel, over 65,535",
      "folder without pictures that are read, so no class: `none`",
      "passed over, neither PNG nor JPEG: 1 file (1 .bmp)",
    ] {
      #expect(said.contains(sentence), "\(sentence) in \(said)")
    }
  }
}

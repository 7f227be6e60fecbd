import Tensors

/// The sentences of `DatasetError`.
extension DatasetError {
  /// What went wrong, with the values that show it.
  public var what: String {
    switch self {
    case .missingFile(let file): "there is no file \(file)."
    case .notAFile(let file): "\(file) is not a file."
    case .notAFolder(let path): "\(path) is not a folder."
    case .noImages(let folder): "\(folder) has no PNG or JPEG files in folders by class."
    case .imageWithoutClass(let file): "\(file) is not in a folder of its class."
    case .otherImageSize(_, let found, let expected, let first):
      "the image has \(found[0]) rows of \(found[1]) pixels, the first (\(first)) "
        + "\(expected[0]) of \(expected[1])."
    case .unreadableFile(let file, let reason): "\(file) cannot be read: \(reason)."
    case .emptyFile(let file): "\(file) is empty."
    case .tooLarge(_, let bytes, let limit):
      "the data needs \(bytes) bytes of memory, there are \(limit)."
    case .wrongFormat(let file, let format, let found):
      "\(file) is not \(format): it begins with \(hex(found))."
    case .truncated(_, _, let needed, let found):
      "the data ends early: \(needed) bytes needed, \(found) there."
    case .trailingBytes(_, _, let count):
      "\(count) \(count == 1 ? "byte follows" : "bytes follow") the data."
    case .malformed(_, _, let problem): "the file is damaged: \(problem)."
    case .notAToken(_, _, let value, let largest):
      "\(value) is not a token from 0 to \(largest), nor padding (-1) at the end."
    case .unsupported(_, _, let feature, _): "\(feature) cannot be read."
    case .badQuote(_, _, let isUnclosed):
      isUnclosed ? "a quoted field is never closed." : "text follows a closing quote."
    case .fieldCount(_, _, let expected, let found):
      "\(found) \(found == 1 ? "field" : "fields") where the first line has \(expected)."
    case .oneColumn(_, let delimiter):
      "the table has one column when cut at \(delimiter); it needs a label and an input."
    case .unknownColumn(_, let wanted, let columns):
      "there is no column `\(wanted)`"
        + (nearest(to: wanted, among: columns).map { "; did you mean `\($0)`?" } ?? ".")
    case .columnsDiffer(_, let missing, let train):
      missing.isEmpty
        ? "its columns cannot be matched by name to those of \(train)."
        : "the inputs \(missing.quotedList) of \(train) are not there."
    case .missingCells(_, _, let text, let cells, let examples):
      (cells == 1
        ? "an input is missing"
        : "\(cells) inputs of \(examples) "
          + (examples == 1 ? "example" : "examples") + " are missing")
        + (text.isEmpty ? "." : ": `\(text)`.")
    case .emptyColumn(_, let column): "the inputs of column \(column) are all missing."
    case .ambiguousColumn(_, let name): "two columns are called `\(name)`."
    case .noExamples(let file): "\(file) has no examples."
    case .noFeatures(let file): "\(file) has no column left as input."
    case .notANumber(_, _, let text):
      text.isEmpty ? "an input is missing." : "`\(text)` is not a number."
    case .notFinite(_, _, let value): "\(value) is not a finite Float32."
    case .notAClass(_, _, let value):
      value.isEmpty ? "a label is missing." : "the label \(value) is not a class."
    case .unknownClass(_, _, let value, let classes):
      "the class `\(value)` is not among the \(classes.count) known: \(listed(classes))."
    case .oneClass(let file, let classes):
      "\(file) has \(classes.isEmpty ? "no classes" : "one class only: \(listed(classes))")."
    case .duplicateID(_, let id, let first, let second):
      "rows \(first) and \(second) have the same id, \(id)."
    case .wrongShape(_, _, let shape, let expected):
      "the shape is \(shape), expected \(expected)."
    case .notOneHot(_, _, let ones, let width):
      ones > 1
        ? "the row has \(ones) ones among its \(width) labels: examples of several classes are not "
          + "built." : "the row of \(width) labels has no single 1 beside zeros."
    case .countMismatch(_, let what, let found, let expected):
      "there are \(found) \(what) for \(expected) inputs."
    case .unknownArray(_, let name, let arrays):
      "there is no array `\(name)`"
        + (nearest(to: name, among: arrays).map { "; did you mean `\($0)`?" } ?? ".")
    case .shapesDiffer(let train, let trainShape, let test, let testShape):
      "inputs are \(testShape) in \(test) and \(trainShape) in \(train)."
    case .splitTooLarge(_, let train, let test, let available):
      "\(train) training and \(test) test examples are wanted of \(available)."
    case .splitEmpty(_, let side): "the split leaves no \(side) examples."
    case .noTestSet: "the run has no test set."
    case .unknownID(_, let id, let examples, _):
      "no example has the id \(id) (there are \(examples))."
    case .decision(_, _, let problem, _), .weight(_, _, let problem, _): "\(problem)."
    case .inputColumns(_, let found, let inputs, let labels, let all):
      "the table has \(found) \(found == 1 ? "column" : "columns"); the run's own has \(all): "
        + "\(inputs) \(inputs == 1 ? "input" : "inputs"), \(labels) "
        + (labels == 1 ? "label" : "labels")
        + (all > inputs + labels ? ", \(all - inputs - labels) beside them." : ".")
    case .inputImageSize(_, let found, let expected):
      "the image has \(found[0]) rows of \(found[1]) pixels, the run's have "
        + "\(expected[0]) of \(expected[1])."
    case .ofInput(let error): error.what
    case .rowsBeyondEnd(_, let rows, let available):
      "rows \(rows) are wanted of \(available)."
    case .unknownToken(_, _, let token, let known):
      "the token `\(token)` is not among the \(known) of the training text."
    case .shortText(_, _, let tokens, let needed):
      tokens == 0
        ? "the text has no tokens." : "the text has \(tokens) token, and \(needed) are needed."
    case .noTarget(_, _, let length):
      "the text has no token to predict within its first \(length) tokens."
    case .lengthTooShort(_, let length, let special):
      "a length of \(length) leaves no room beside the \(special) special tokens of each text."
    case .tokenizersDiffer(let train, let test):
      "training and test texts have two tokenizers, \(train) and \(test)."
    case .notForSequences(_, let what): "sequences of tokens have no \(what)."
    case .noiseNeedsClasses: "label noise needs classes; the targets are numbers."
    case .inseparable(_, let what): "\(what) cannot be taken out of it."
    }
  }

  /// What the user can do about it.
  public var remedy: String {
    switch self {
    case .missingFile: "check the path; paths in a run file are relative to that file."
    case .notAFile: "give the path of a file, not of a folder or device."
    case .notAFolder: "give the folder that has a sub-folder for each class."
    case .noImages: "put the images of each class into a sub-folder of its name."
    case .imageWithoutClass: "move it into the folder of its class, or remove it."
    case .otherImageSize: "bring all to one size with `size: [height, width]`."
    case .unreadableFile: "check that you may read the file."
    case .emptyFile, .truncated: "get the file again; the copy is not whole."
    case .tooLarge: "take fewer examples with `rows`, or a machine with more memory."
    case .wrongFormat: "set `format` to what the file is."
    case .trailingBytes: "get the file again, or write it anew; its header and data disagree."
    case .malformed: "get the file again, or write it anew."
    case .notAToken: "correct the ids, or set `vocabulary` to one more than the largest."
    case .unsupported(_, _, _, let supported): "write it as \(supported)."
    case .badQuote(_, _, let isUnclosed):
      isUnclosed
        ? "close the quote; a quote inside a quoted field is written twice."
        : "write quotes inside a quoted field twice."
    case .fieldCount: "complete the line; put fields that hold the delimiter in quotes."
    case .oneColumn: "set `delimiter`, e.g. \";\" or \"tab\"."
    case .unknownColumn(_, _, let columns): "choose one of \(listed(columns))."
    case .columnsDiffer(_, _, let train):
      "name its columns as in \(train), each once, or leave them out there with `ignore`."
    case .missingCells:
      "fill them in, or set `missing: drop` to leave out the examples, `missing: mean` for the mean "
        + "of the column."
    case .emptyColumn: "leave it out with `ignore`."
    case .ambiguousColumn: "give the column's number, from 0."
    case .noExamples: "add examples."
    case .noFeatures: "leave a column beside `label`, `id` and `ignore`."
    case .notANumber(_, _, let text):
      text.isEmpty
        ? "fill it in or remove the line."
        : text.contains(",") && !text.contains(where: \.isLetter)
          ? "for decimal commas set `decimal: \",\"` (and `delimiter`)."
          : "correct it, or leave the column out with `ignore`; for a header line set `header: true`."
    case .notFinite: "correct the value or remove the example."
    case .notAClass(_, _, let value):
      value.isEmpty
        ? "fill it in or remove the example."
        : "use words or whole numbers, or set `task: regression`."
    case .unknownClass: "correct the label, or name all classes with `classes`."
    case .oneClass: "check `label`; classification needs two classes."
    case .duplicateID: "make the ids different, or leave `id` out to number the rows."
    case .wrongShape(_, _, _, let expected): "reshape it to \(expected)."
    case .notOneHot:
      "give one class an example, or rows with a single 1; for numbers set `task: regression`."
    case .countMismatch: "give files that belong together."
    case .unknownArray(_, _, let arrays):
      arrays.isEmpty ? "the file has none." : "choose one of \(listed(arrays))."
    case .shapesDiffer: "give files that belong together."
    case .splitTooLarge(_, _, _, let available): "make them \(available) or fewer together."
    case .splitEmpty: "give each side at least one example."
    case .noTestSet:
      "ask about training examples, or give `data` a `test` or a `split` and train again."
    case .decision(_, _, _, let remedy), .weight(_, _, _, let remedy): remedy
    case .unknownID(_, _, _, .name(let first)?): "use ids of this data, such as \(first)."
    case .unknownID: "use ids of this data; rows count from 0."
    case .inputColumns:
      "write the columns of the run's own file, in its order, with the label or without."
    case .inputImageSize:
      "bring it to that size; the run's data have no `size` that would."
    case .ofInput(let error): error.remedyForInput
    case .rowsBeyondEnd(_, _, let available): "end at \(available) at most."
    case .unknownToken: "train on a text that has it, or use `tokens: bytes`."
    case .shortText(_, _, let tokens, _):
      tokens == 0
        ? "remove the example, or set `skipEmpty: true`, or join texts with `packing: true`."
        : "remove the example, or join texts with `packing: true`."
    case .noTarget:
      "remove the example, set `skipEmpty: true` to pass over such, or choose a greater `length`."
    case .lengthTooShort: "choose a greater `length`, or `special: false`."
    case .tokenizersDiffer: "give both the same `tokens`."
    case .notForSequences(_, let what): "remove \(what) from the run file's data."
    case .noiseNeedsClasses: "remove `flip`, or set `task: classification`."
    case .inseparable: "write a text a line (jsonl), or arrays."
    }
  }

  var fileAndPlace: (String, DataPlace) {
    switch self {
    case .missingFile(let file), .notAFile(let file), .notAFolder(let file),
      .noImages(let file), .imageWithoutClass(let file), .otherImageSize(let file, _, _, _),
      .unreadableFile(let file, _),
      .emptyFile(let file), .tooLarge(let file, _, _), .wrongFormat(let file, _, _),
      .oneColumn(let file, _), .unknownColumn(let file, _, _), .ambiguousColumn(let file, _),
      .noExamples(let file), .noFeatures(let file), .oneClass(let file, _),
      .countMismatch(let file, _, _, _), .unknownArray(let file, _, _),
      .shapesDiffer(_, _, let file, _), .splitTooLarge(let file, _, _, _),
      .splitEmpty(let file, _), .unknownID(let file, _, _, _), .rowsBeyondEnd(let file, _, _),
      .columnsDiffer(let file, _, _), .emptyColumn(let file, _),
      .noiseNeedsClasses(let file), .inseparable(let file, _), .notForSequences(let file, _),
      .tokenizersDiffer(_, let file), .lengthTooShort(let file, _, _),
      .inputColumns(let file, _, _, _, _), .inputImageSize(let file, _, _):
      (file, .file)
    case .truncated(let file, let place, _, _), .trailingBytes(let file, let place, _),
      .malformed(let file, let place, _), .unsupported(let file, let place, _, _),
      .notAToken(let file, let place, _, _),
      .badQuote(let file, let place, _), .notANumber(let file, let place, _),
      .missingCells(let file, let place, _, _, _), .notOneHot(let file, let place, _, _),
      .notFinite(let file, let place, _), .notAClass(let file, let place, _),
      .unknownClass(let file, let place, _, _), .unknownToken(let file, let place, _, _),
      .wrongShape(let file, let place, _, _), .shortText(let file, let place, _, _),
      .noTarget(let file, let place, _):
      (file, place)
    case .noTestSet: ("data.test", .file)
    case .ofInput(let error): error.fileAndPlace
    case .fieldCount(let file, let line, _, _): (file, .line(line))
    case .duplicateID(let file, _, _, let second): (file, .row(second))
    case .decision(let file, let line, _, _), .weight(let file, let line, _, _):
      (file, line.map { .line($0) } ?? .file)
    }
  }
}

private func hex(_ bytes: [UInt8]) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
}

/// At most twelve words.
private func listed(_ words: [String]) -> String {
  words.prefix(12).joined(separator: ", ")
    + (words.count > 12 ? ", … (\(words.count) in all)" : "")
}

import Ascribe
import Foundation
import TestSupport
import Testing

@testable import Session

/// Queries of files that are in no split, against the same examples of the test set.
@Suite("A query from outside") struct InputQueryTests {
  private func query(
    _ session: Session, _ input: QueryInput, _ change: (inout QueryJob) -> Void = { _ in }
  ) throws -> QueryAnswer {
    var job = QueryJob(input: input)
    change(&job)
    return try job.run(in: session).answer
  }

  /// Splits that are drawn have no example that is known before.
  private func prepare(_ kind: InputKind, _ session: Session, _ folder: ScratchFolder) throws
    -> String
  {
    guard kind.id.isEmpty else { return kind.id }
    let data = try session.influence().data
    let id = data.test.ids[0].description
    if let text = TokenText.text(of: 0, in: data.test) {
      try put(text, folder / kind.files[0])
    } else {
      let line = try String(contentsOfFile: folder / "t.csv", encoding: .utf8)
        .split(separator: "\n")[try #require(Int(id))]
      try put(line + "\n", folder / kind.files[0])
      try put(line.drop { $0 != "," }.dropFirst() + "\n", folder / kind.files[1])
    }
    return id
  }

  @Test(
    "the scores are those of the same test example to the bit, asked about its label",
    arguments: InputKind.all)
  func same(kind: InputKind) throws {
    let (session, notes, scratch) = try kind.trained()
    let id = try prepare(kind, session, scratch)
    let train = try session.influence().data.train
    for method in [nil, "graddot"] {
      let method = try method.map { try MethodTable.standard.method(named: $0) }
      var own = QueryJob(test: id)
      own.scoring.method = method
      let wanted = try own.run(in: session).answer.queries[0]
      #expect(!(wanted.helpful + wanted.harmful).isEmpty)
      for file in kind.files {
        var input = QueryInput(file: scratch / file)
        if train.classes != nil { input.class = wanted.label?.text }
        let answer = try query(session, input) { $0.scoring.method = method }
        let found = answer.queries[0]
        #expect(found.helpful == wanted.helpful && found.harmful == wanted.harmful, "\(file)")
        #expect(found.predicted == wanted.predicted && found.probability == wanted.probability)
        #expect(found.id == nil && wanted.input == nil)
        #expect(found.input?.file == scratch / file && found.input?.row == 0)
        try requireSame(answer)
        #expect(notes.text.contains("\(scratch / file): 1 example"))
        // Without a class it is the label of the file, or else the predicted class.
        guard train.classes != nil else { continue }
        let open = try query(session, QueryInput(file: scratch / file)) {
          $0.scoring.method = method
        }.queries[0]
        #expect(open.asked == open.label ?? open.predicted, "\(file)")
        let isLabelled = file.hasPrefix("labelled") || file == "one.h5"
        #expect(open.label == (isLabelled ? wanted.label : nil), "\(file)")
        let named = try query(
          session, QueryInput(file: scratch / file, class: open.asked?.text)
        ) { $0.scoring.method = method }.queries[0]
        #expect(open.helpful == named.helpful && open.harmful == named.harmful)
      }
    }
  }

  @Test("on stored features, and of one token by token")
  func featuresAndTokens() throws {
    let (session, _, scratch) = try InputKind.idx.trained()
    _ = try CollectJob().run(in: session)
    var own = QueryJob(test: "5")
    own.scoring = ScoringRequest(method: .trak, kernel: .features)
    let wanted = try own.run(in: session).answer.queries[0]
    let found = try query(session, QueryInput(file: scratch / "one.png", class: "1")) {
      $0.scoring = own.scoring
    }.queries[0]
    #expect(found.helpful == wanted.helpful && found.harmful == wanted.harmful)

    let (texts, _, folder) = try InputKind.lines.trained()
    var asked = QueryJob(test: "d5")
    (asked.token, asked.byToken, asked.top) = (4, true, 3)
    let passage = try asked.run(in: texts).answer.queries[0]
    let result = try query(texts, QueryInput(file: folder / "one.txt")) {
      ($0.token, $0.byToken, $0.top) = (4, true, 3)
    }.queries[0]
    #expect(result.helpful == passage.helpful && result.harmful == passage.harmful)
    #expect(result.token == passage.token && result.label == passage.label)
    #expect(result.helpful.first?.tokens?.isEmpty == false)
  }

  @Test("damaged files are read or refused with a diagnosable error", arguments: InputKind.all)
  func damage(kind: InputKind) throws {
    // Damaged structures of HDF5 are libhdf5's own.
    let files = kind.files.filter { !$0.hasSuffix(".h5") }
    if files.isEmpty { return }
    let (session, _, scratch) = try kind.trained()
    _ = try prepare(kind, session, scratch)
    let influence = try session.influence()
    for file in files {
      let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: scratch / file)))
      for seed in 0..<fuzzSeeds(60) {
        let path = scratch / "damaged-\(file)"
        try put(damaged(bytes, seed: seed, words: ["nan", "1e39", "\"", ",,", "\n"]), path)
        do {
          _ = try AskedQueries(QueryInput(file: path), of: influence, .silent)
        } catch {
          #expect(error is any DiagnosableError, "\(file), seed \(seed): \(error)")
        }
      }
    }
  }

  @Test("tokens that the model does not have are refused")
  func unknownTokens() throws {
    let (session, _, scratch) = try InputKind.tokenClasses.trained()
    let error = diagnosed { _ = try query(session, QueryInput(file: scratch / "bad.npy")) }
    #expect(
      error?.description.replacing(scratch / "", with: "")
        == """
        error: model kind `bert` takes tokens from 0 to 8; example 0 has 9 at position 5.
          at:  bad.npy
          fix: give inputs like those of the run's own files.
        """)
    #expect(error?.exitCode == 3)
  }

  @Test("several examples are numbered, in text, CSV and page; what was done is said in a line")
  func several() throws {
    let (session, notes, scratch) = try InputKind.folder.trained()
    let pixels = (0..<3).flatMap { InputKind.pixels($0) }
    let file = scratch / "three.idx"
    try put([0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 4] + pixels, file)
    let result = try QueryJob(input: QueryInput(file: file)).run(in: session)
    #expect(result.answer.queries.map { $0.input?.row } == [0, 1, 2])
    let said = notes.text.replacing(scratch / "", with: "")
    #expect(
      said.contains(
        "three.idx: 3 examples, without labels; resized from 4 rows of 4 pixels to 5 of 3; scaled from [0, 255] to [0, 1]; less the run's mean"
      ))
    #expect(said.contains("no labels: each is asked about its predicted class"))
    let text = result.answer.text
    #expect(text.contains("three.idx, row 2: no label, asked about class"))
    #expect(result.answer.csv.contains("three.idx:1,helpful,1,"))
    let page = try result.page().html()
    #expect(page.contains("three.idx, row 1") && page.contains("asked about class"))
    #expect(!page.contains("test \(file)"))
    _ = try query(session, QueryInput(file: scratch / "new.png", class: "1"))
    let more = notes.text
    #expect(more.contains("converted from colour to gray"))
    #expect(more.contains("asked about class b, number 1 from 0"))
  }

  @Test("numbers without a label are asked about the prediction, which is said")
  func numbers() throws {
    let scratch = try ScratchFolder()
    let rows = (0..<20).map { "\($0 % 7),\($0 % 3),\($0 % 4)" }
    try put(rows.joined(separator: "\n") + "\n", scratch / "t.csv")
    try put("2,1\n", scratch / "bare.csv")
    try put(
      """
      name: n
      data:
        task: regression
        source: {format: csv, path: t.csv, label: last}
        split: {test: 0}
      model: {kind: mlp, hidden: [4]}
      training: {rate: 0.01, epochs: 2, batch: 5}
      """, scratch / "n.yaml")
    let run = try TrainJob(scratch / "n.yaml", checkpointsFolder: scratch / "Checkpoints").run().run
    let notes = NoteList()
    let session = Session(run, control: JobControl(note: { notes.add($0) }))
    try put("2,1,3\n", scratch / "labelled.csv")
    // Also without a test set.
    let bare = try query(session, QueryInput(file: scratch / "bare.csv"))
    #expect(bare.settings.outputFunction == "prediction" && bare.queries[0].label == nil)
    #expect(notes.text.contains("no label: asked about the prediction itself"))
    let labelled = try query(session, QueryInput(file: scratch / "labelled.csv")) {
      $0.scoring.outputFunction = .prediction
    }
    #expect(labelled.queries[0].helpful == bare.queries[0].helpful)
    #expect(labelled.queries[0].label == .number(3))
    let error = diagnosed {
      _ = try query(session, QueryInput(file: scratch / "bare.csv")) {
        $0.scoring.outputFunction = .negativeHalfSquaredError
      }
    }
    #expect(error?.exitCode == 3)
    #expect(
      error?.remedy
        == "add the label, or ask about the prediction (‹outputFunction: prediction›).")
    let none = diagnosed {
      _ = try query(session, QueryInput(file: scratch / "bare.csv", class: "1"))
    }
    #expect(none?.what == "‹class› asks about a class: the targets are numbers.")
  }

  @Test("a class other than the label may be asked about; unknown ones are refused")
  func classes() throws {
    let (session, notes, scratch) = try InputKind.namedTable.trained()
    let file = scratch / "labelled.csv"
    let other = try query(session, QueryInput(file: file, class: "0"))
    #expect(notes.text.contains("asked about class 0, not about the labels"))
    #expect(other.queries[0].label?.text == "1" && other.queries[0].asked?.text == "0")
    #expect(other.text.contains("label 1, asked about class 0"))
    let error = diagnosed { _ = try query(session, QueryInput(file: file, class: "7")) }
    #expect(error?.description.contains("the run has no class `7`") == true)
    #expect(error?.exitCode == 2)
    for (field, change) in [
      ("‹scores›", { $0.scores = "s.h5" }), ("‹fusedWith›", { $0.bank = "bank" }),
    ] as [(String, (inout QueryJob) -> Void)] {
      let refused = diagnosed { _ = try query(session, QueryInput(file: file), change) }
      #expect(refused?.what.hasPrefix("\(field) is not for ‹input›") == true)
    }
  }
}

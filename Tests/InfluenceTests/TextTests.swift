import Tensors
import TestSupport
import Testing

@testable import Influence

@Suite("Words and errors")
struct TextTests {
  @Test(
    "damping rules are read",
    arguments: [
      ("mean", DampingRule.timesMeanEigenvalue(1)), ("mean-eigenvalue", .timesMeanEigenvalue(1)),
      ("2·mean", .timesMeanEigenvalue(2)), ("0.5*mean", .timesMeanEigenvalue(0.5)),
      ("3x mean", .timesMeanEigenvalue(3)), ("1e-2×mean", .timesMeanEigenvalue(0.01)),
      ("3·mean-eigenvalue", .timesMeanEigenvalue(3)), (" 2 · Mean ", .timesMeanEigenvalue(2)),
      ("gcv", .generalisedCrossValidation), ("LOO", .leaveOneOut), ("0", .value(0)),
      ("0.25", .value(0.25)), ("3.1e-4", .value(3.1e-4)),
    ])
  func damping(text: String, rule: DampingRule) throws {
    #expect(try DampingRule(text) == rule)
    #expect(try DampingRule(rule.description) == rule)
  }

  @Test(
    "what is no damping is refused word for word",
    arguments: [
      "", "nonsense", "-1", "-2·mean", "0·mean", "nan", "inf", "infinity", "-inf", "nan·mean",
      "inf*mean", "2mean", "x·mean", "·mean", "means", "1,5",
    ])
  func noDamping(text: String) {
    let error = diagnosed { _ = try DampingRule(text) }
    #expect(error as? InfluenceError == .dampingText(text))
    #expect(error?.what == "damping '\(text)' is not a rule and not a number ≥ 0")
    #expect(error?.location == "‹damping›")
    #expect(error?.remedy == "write mean, 2·mean, gcv, loo or a number such as 0.5")
  }

  @Test("methods are read by name, others refused word for word")
  func methods() throws {
    for method in MethodTable.standard.methods {
      #expect(try MethodTable.standard.method(named: method.name) == method)
    }
    let error = diagnosed { _ = try MethodTable.standard.method(named: "influence") }
    #expect(error?.what == "there is no method 'influence'")
    #expect(error?.location == "‹method›")
    #expect(
      error?.remedy
        == "choose one of "
        + MethodTable.standard.methods.map(\.name).joined(separator: ", "))
  }

  @Test("checkpoint choices are read")
  func checkpoints() {
    #expect(CheckpointChoice("final") == .final)
    #expect(CheckpointChoice("log") == .logSpaced)
    #expect(CheckpointChoice("all") == .all)
    #expect(CheckpointChoice("1,2,5") == .epochs([1, 2, 5]))
    for text in ["", "1,", ",", "-1", "last", "1;2", "1.5"] {
      #expect(CheckpointChoice(text) == nil, "\(text)")
    }
  }

  @Test("every error says what, where and how to go on")
  func errors() {
    let texts: [(InfluenceError, String, String, String)] = [
      (
        .nonFiniteGradient(example: "7", checkpoint: "c"),
        "the gradient of example 7 is not finite", "c",
        "the training diverged: use an earlier checkpoint or a lower rate"
      ),
      (
        .allZero(checkpoint: "c"),
        "every gradient is zero: the scores would be zero divided by zero", "c",
        "use an earlier checkpoint, or another output function"
      ),
      (
        .noCheckpoints(selection: "epoch 3", available: "seeds 0, epochs 1, 2"),
        "no checkpoint fits epoch 3", "‹checkpoints›", "this run has seeds 0, epochs 1, 2"
      ),
      (
        .tooManyForExactKernel(count: 9, limit: 8),
        "9 training examples are more than the exact kernel's 8", "‹kernel: exact›",
        "collect features (ascribe collect RUN) and score those, or raise ‹exactLimit›"
      ),
      (
        .noStore(path: "P/r/train.h5", run: "r", method: "trak"), "no features were collected",
        "P/r/train.h5",
        "collect them: ascribe collect r"
      ),
      (
        .noTraceStore(path: "P/r/train-trace.h5", run: "r", weight: "leaveOneOut"),
        "example weight 'leaveOneOut' on features needs those of the trace kernel, "
          + "which were not collected", "P/r/train-trace.h5",
        "collect them (ascribe collect r ‹method: ntk-loo›), or use ‹exampleWeight: final›"
      ),
      (
        .rowMismatch(file: "f", rows: 1, expected: 2), "1 rows where 2 were expected", "f",
        "collect again with this run's data"
      ),
    ]
    for (error, what, location, remedy) in texts {
      #expect(error.what == what)
      #expect(error.location == location)
      #expect(error.remedy == remedy)
    }
  }

  @Test("units name the output function")
  func units() {
    #expect(
      Influence.Method.graddot.unit(.loss)
        == "fall of the query's loss by a step on the example, per unit of learning rate")
    #expect(
      Influence.Method.trak.unit(.loss)
        == "loss (estimated rise of the query's loss without the example)")
    #expect(Influence.Method.gradcos.unit(.loss) == "cosine")
    #expect(
      Influence.Method.trak.unit(.margin)
        == "margin (estimated fall of the query's margin without the example)")
    #expect(signSentence == "positive = training on the example helped the query")
  }
}

import Datasets
import Networks
import Tensors
import TestSupport
import Testing

@testable import Gradients
@testable import Influence

@Suite("Example weights")
struct WeightTests {
  let data = Problem.classes(20, seed: 1)
  let sources = [Problem.source(seed: 1), Problem.source(seed: 2)]

  @Test("final is the mean of 1 − p over the checkpoints")
  func final() throws {
    let classes = try #require(data.classes)
    var expected = [Double](repeating: 0, count: 20)
    for source in sources {
      let p = source.outputs(of: data).softmax()
      for i in 0..<20 { expected[i] += (1 - Double(p[i, Int(classes[i])])) / 2 }
    }
    let weights = try Problem.model(sources, data, .trak).weights()
    #expect(relativeDifference(weights, expected) < 1e-6)
  }

  @Test("trajectory is what the training recorded, none is 1")
  func given() throws {
    let recorded = (0..<20).map { Float($0) / 20 }
    let model = try Problem.model(
      sources, data, .trak, weight: ExampleWeight(.trajectory), trajectory: recorded)
    #expect(try model.weights() == recorded)
    let none = try Problem.model(sources, data, .trak, weight: ExampleWeight(.none))
    #expect(try none.weights() == [Float](repeating: 1, count: 20))
  }

  @Test("leaveOneOut is the mean residual of the true class without the example")
  func leaveOneOut() throws {
    let classes = try #require(data.classes)
    var expected = [Double](repeating: 0, count: 20)
    for source in sources {
      let fit = try LeaveOneOutTests.Regression(source, data, data)
      for (i, y) in classes.enumerated() {
        expected[i] +=
          (fit.targets[Int(y)][i] - fit.prediction(Int(y), without: i, at: fit.kernel[i])) / 2
      }
    }
    let model = try Problem.model(sources, data, .trak, weight: ExampleWeight(.leaveOneOut))
    #expect(relativeDifference(try model.weights(), expected) < 1e-5)
  }

  @Test("sqrt- is the root that keeps the sign, and multiplies the scores")
  func roots() throws {
    #expect(
      ExampleWeight(.final, squareRoot: true).applied(to: [4, -9, 0]) == [2, -3, 0])
    let plain = try Problem.model(sources, data, .trak, weight: ExampleWeight(.none))
    let rooted = try Problem.model(
      sources, data, .trak, weight: ExampleWeight(.final, squareRoot: true))
    let final = try Problem.model(sources, data, .trak).weights()
    let queries = Problem.classes(3, seed: 9)
    let (a, b) = (try plain.scores(queries), try rooted.scores(queries))
    for q in 0..<3 {
      #expect(
        relativeDifference(b.row(q), zip(a.row(q), final).map { $0 * $1.squareRoot() }) < 1e-6)
    }
  }

  @Test("every weight's name is read back, and nonsense is refused word for word")
  func names() throws {
    for source in ExampleWeight.Source.allCases {
      for root in [false, true] {
        let weight = ExampleWeight(source, squareRoot: root)
        #expect(try ExampleWeight(name: weight.description) == weight)
      }
    }
    #expect(try ExampleWeight(name: "√final") == ExampleWeight(.final, squareRoot: true))
    for name in ["", "Final", "sqrt-", "sqrt-sqrt-final", "sqrt-√final", "√√none"] {
      let error = diagnosed { _ = try ExampleWeight(name: name) }
      #expect(error?.what == "there is no example weight '\(name)'")
      #expect(error?.location == "‹exampleWeight›")
      #expect(
        error?.remedy == "choose one of final, sqrt-final, trajectory, sqrt-trajectory, "
          + "leaveOneOut, sqrt-leaveOneOut, none, sqrt-none")
    }
  }

  @Test("a weight is refused where method, data or training do not have it")
  func refused() throws {
    let method = diagnosed {
      _ = try ScoringOptions(
        method: .graddot, classification: true, exampleWeight: ExampleWeight(.final))
    }
    #expect(
      method?.what == "example weight final is not defined here: graddot has none; it belongs to "
        + "trak and trajectory")
    #expect(method?.location == "‹exampleWeight›")
    #expect(method?.remedy == "choose another ‹exampleWeight›")
    let numbers = diagnosed {
      _ = try ScoringOptions(
        method: .trak, classification: false,
        exampleWeight: ExampleWeight(.trajectory, squareRoot: true))
    }
    #expect(
      numbers?.what == "example weight sqrt-trajectory is not defined here: it is a mean of 1 − p "
        + "over the epochs, and these targets are numbers")
    let missing = diagnosed {
      _ = try Problem.model(sources, data, .trak, weight: ExampleWeight(.trajectory))
    }
    #expect(missing?.what == "example weight 'trajectory' needs the training's dynamics")
    #expect(
      missing?.remedy == "train with Ascribe (dynamics are kept by default), or use "
        + "‹exampleWeight: leaveOneOut›")
  }
}

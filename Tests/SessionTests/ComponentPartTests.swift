import Ascribe
import Components
import Foundation
import Networks
import TestSupport
import Testing

/// The scores of an answer by layer and component.
@Suite("Answers by layer and component", .serialized) struct ComponentPartTests {
  private func session() throws -> Session { Session(try SmallRun.trained.get().run) }

  private func answer(_ test: String, _ split: ScoreSplit, top: Int = 3) throws -> QueryAnswer {
    var job = QueryJob(test: test)
    (job.top, job.byComponent) = (top, split)
    return try job.run(in: try session()).answer
  }

  @Test("have parts that sum to the scores, and read back")
  func sums() throws {
    let answer = try answer("3,17", .components([.neuron]))
    try requireSame(answer)
    for query in answer.queries {
      for entry in query.helpful + query.harmful {
        let layers = try #require(entry.layers)
        #expect(layers.map(\.layer) == ["0", "2"])
        let components = try #require(entry.components)
        #expect(components.map(\.name) == (0..<16).map { "0.neuron.\($0)" })
        let size = Double(abs(entry.score))
        let byLayer = layers.reduce(0) { $0 + $1.score }
        let byComponent = components.reduce(entry.rest ?? .nan) { $0 + $1.score }
        #expect(abs(byLayer - Double(entry.score)) <= 1e-5 * size)
        #expect(abs(byComponent - Double(entry.score)) <= 1e-5 * size)
        // The neurons own the first layer, bias and all.
        #expect(abs((entry.rest ?? .nan) - layers[1].score) <= 1e-9 * size)
      }
      let own = try #require(query.components)
      #expect(own.map(\.name) == (0..<16).map { "0.neuron.\($0)" })
    }
    #expect(answer.text.contains("  components: 0.neuron.") && answer.text.contains("; rest "))
  }

  @Test("have the attribution of the query alone, as the components' job makes it")
  func attribution() throws {
    let answer = try answer("17", .components([.neuron]))
    var job = ComponentsJob()
    (job.kinds, job.preset, job.queries) = ([.neuron], .lean, "17")
    job.function = OutputFunction(rawValue: answer.settings.outputFunction)
    let result = try job.run(in: try session())
    #expect(
      answer.queries[0].components?.map(\.score)
        == result.estimate.scores.row(0).map { Double($0) })
  }

  @Test("by layers alone have no components")
  func layers() throws {
    for test in ["17", "all"] {
      let answer = try answer(test, .layers)
      try requireSame(answer)
      for entry in answer.queries[0].helpful {
        let sum = try #require(entry.layers).reduce(0) { $0 + $1.score }
        #expect(abs(sum - Double(entry.score)) <= 1e-5 * Double(abs(entry.score)))
        #expect(entry.components == nil && entry.rest == nil)
      }
      #expect(answer.queries[0].components == nil)
      #expect(answer.text.contains("  layers: ") && !answer.text.contains("  components: "))
    }
  }

  @Test("are refused by name for scores without gradients and kinds that share weights")
  func refusals() throws {
    let session = try session()
    var job = QueryJob(test: "17")
    job.byComponent = .layers
    job.scores = "s.h5"
    let file = diagnosed { _ = try job.run(in: session) }
    #expect(
      file?.what == "a file of scores has no gradients: its scores cannot be taken apart by "
        + "component.")
    #expect(file?.location == "‹scores›")
    (job.scores, job.bank) = (nil, "bank")
    #expect(diagnosed { _ = try job.run(in: session) }?.location == "‹fusedWith›")
    job.bank = nil
    job.byComponent = .components([.neuron, .layer])
    #expect(
      diagnosed { _ = try job.run(in: session) }?.what.contains("share weights") == true)
    job.byComponent = .components([.head])
    let head = diagnosed { _ = try job.run(in: session) }
    #expect(head?.what == "the network has no heads" && head?.location == "‹byComponent›")
    #expect(head?.remedy == "it has neurons, layers")
  }
}

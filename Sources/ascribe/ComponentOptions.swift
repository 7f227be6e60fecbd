import ArgumentParser
import Components
import Networks
import Session

extension ComponentMethod: ExpressibleByArgument {}
extension ComponentPreset: ExpressibleByArgument {}

/// Options of the commands that take parts of a network away.
struct ComponentOptions: ParsableArguments {
  @Option(
    help:
      "Kinds of parts: filters, neurons, heads; attentions, mlps, blocks, layers; queries, keys, values of heads."
  )
  var of = "filters,neurons,heads"
  @Option(help: "Names of parts, such as 'h.3' or '0.filter' (default: all of those kinds).")
  var only: String?
  @Option(help: "Share of the parts that a random mask takes away.")
  var alpha = ComponentStudy.standardShare
  @Option(help: "How many masked passes it may take: lean, standard, thorough.")
  var preset: ComponentPreset = .standard
  @Option(
    help: ArgumentHelp(
      ComponentMethod.allCases.map { "\($0.rawValue): \($0.title)" }.joined(separator: "; ")
        + " (default: expected; of --job shrink atp)."))
  var method: ComponentMethod?
  @Option(
    help:
      "What is in the place of what is taken away: zero (default; of edits for a backdoor it or mean), mean, resample (another example's), scale:x."
  )
  var ablation: String?
  @Option(help: "Of the masks.") var seed: UInt64 = 0

  func validate() throws { _ = try kinds() }

  private func kinds() throws -> [ComponentGroup.Kind] {
    try ComponentGroup.Kind.list(of, option: "--of")
  }

  /// The job that they describe, with everything else left open.
  func job() throws -> ComponentsJob {
    var job = ComponentsJob()
    job.kinds = try kinds()
    job.patterns = only.map { LayerPatterns(text: $0) }
    (job.share, job.preset) = (alpha, preset)
    if let method { job.method = method }
    if let ablation { job.ablation = try Ablation(ablation) }
    job.seed = seed
    return job
  }
}

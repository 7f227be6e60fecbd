import ArgumentParser

/// Where an answer goes that has no other form than text.
struct JSONOption: ParsableArguments {
  @Flag(help: "Print one JSON object.") var json = false
}

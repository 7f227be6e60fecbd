import Foundation
import SystemPackage

/// Files of torch.save: not read, since reading one is running it, but known, so that the way to
/// safetensors can be said.
enum ForeignPickle {
  private static let suffixes = [".pt", ".pth", ".bin", ".ckpt", ".pkl"]

  /// The error for a file that is one; nil for all others.
  static func refusal(of path: String) -> CheckpointError? {
    // A pipe that nobody writes to is not waited for.
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      let file = FileHandle(forReadingAtPath: path)
    else { return nil }
    defer { try? file.close() }
    // The pickle stands at the front of the archive, before the numbers.
    guard let head = try? file.read(upToCount: 1 << 20) else { return nil }
    // An archive of torch 1.6 and later, or a pickle of protocol 2 to 5.
    let isArchive =
      head.starts(with: [0x50, 0x4B, 3, 4]) && head.range(of: Data("data.pkl".utf8)) != nil
    let isPickle =
      head.first == 0x80 && head.dropFirst().first.map { (2...5).contains($0) } == true
      && suffixes.contains { path.hasSuffix($0) }
    guard isArchive || isPickle else { return nil }
    return .pickle(file: path, isNanoGPT: head.range(of: Data("model_args".utf8)) != nil)
  }

  /// The error for a folder that has such files among these names; nil when it has none.
  static func refusal(among names: [String], of folder: String) -> CheckpointError? {
    names.sorted().filter { name in suffixes.contains { name.hasSuffix($0) } }
      .lazy.compactMap { refusal(of: "\(folder)/\($0)") }.first
  }

  /// What makes safetensors of a file, in Python.
  static func conversion(of path: String, isNanoGPT: Bool) -> String {
    let file = FilePath(path).lastComponent?.string ?? path
    let load =
      "import \(isNanoGPT ? "json, " : "")torch, safetensors.torch as s; "
      + "c = torch.load(\(quoted(file)), map_location=\"cpu\")"
    let weights = isNanoGPT ? "c[\"model\"]" : "c.get(\"model\", c.get(\"state_dict\", c))"
    let save =
      "s.save_file({k: v.clone() for k, v in \(weights).items()}, \"model.safetensors\")"
    let describe =
      "; json.dump({\"model_type\": \"nanogpt\", **c[\"model_args\"]}, open(\"config.json\", \"w\"))"
    return "make model.safetensors\(isNanoGPT ? " and config.json" : "") beside it in Python, and "
      + "import those:\n         \(load)\n         \(save)\(isNanoGPT ? describe : "")"
  }

  private static func quoted(_ name: String) -> String {
    "\"" + name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }
}

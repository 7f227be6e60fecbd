// swift-tools-version: 6.1
import PackageDescription

/// The benchmarks, a package of their own so that building Ascribe does not build them: `tools/bench`.
///
/// They measure wires between modules, too, which are `package` declarations: these are in sight of
/// what is compiled under the same package name, the one that SwiftPM gives the folder above.
let root = Context.packageDirectory.split(separator: "/").dropLast().last.map(String.init) ?? ""
let name = root.lowercased().map { $0.isLetter || $0.isNumber ? String($0) : "_" }.joined()

let package = Package(
  name: "benchmarks",
  dependencies: [
    .package(name: "ascribe", path: ".."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
  ],
  targets: [
    .executableTarget(
      name: "ascribe-bench",
      dependencies: [
        .product(name: "Ascribe", package: "ascribe"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      packageAccess: false,
      swiftSettings: [.unsafeFlags(["-package-name", name])])
  ],
  swiftLanguageModes: [.v6]
)

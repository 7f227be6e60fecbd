// swift-tools-version: 6.1
import PackageDescription

/// A program of ten lines over Ascribe. Outside this repository, write
/// `.package(url: "https://…/ascribe", branch: "main")` in place of the path.
let package = Package(
  name: "ask",
  dependencies: [.package(name: "ascribe", path: "../..")],
  targets: [
    .executableTarget(
      name: "ask", dependencies: [.product(name: "Ascribe", package: "ascribe")])
  ],
  swiftLanguageModes: [.v6]
)

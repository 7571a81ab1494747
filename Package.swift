// swift-tools-version: 6.3
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .treatAllWarnings(as: .error),
]

/// A door to a system library: a module map and thin shims.
func door(_ name: String, pkgConfig: String, apt: String, brew: String) -> Target {
  .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt]), .brew([brew])])
}

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.byName(name: name), "TestSupport"] + dependencies,
    swiftSettings: strict)
}

let package = Package(
  name: "prep",
  platforms: [.macOS(.v15)],
  products: [.executable(name: "prep", targets: ["prep"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
  ],
  targets: [
    door("CZstd", pkgConfig: "libzstd", apt: "libzstd-dev", brew: "zstd"),
    door("CLZ4", pkgConfig: "liblz4", apt: "liblz4-dev", brew: "lz4"),
    door("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev", brew: "zlib"),
    door("CICU", pkgConfig: "icu-i18n", apt: "libicu-dev", brew: "icu4c"),
    door("CCrypto", pkgConfig: "libcrypto", apt: "libssl-dev", brew: "openssl@3"),
    .target(name: "CICUText", dependencies: ["CICU"]),
    .target(name: "CProcessor"),

    library("Digests", ["CCrypto"]),
    library("Concurrency"),
    library("JSON"),
    library("Randomness", ["CProcessor"]),
    library("ArrowIPC", ["CZstd", "CLZ4"]),
    library("UnicodeText", ["CICU", "CICUText"]),
    library("Corpus", ["ArrowIPC", "JSON", "UnicodeText", "Digests", "CZlib", "CZstd"]),
    library("Tokenization", ["JSON", "UnicodeText", "CProcessor"]),
    library("Objectives", ["Randomness"]),
    library("Datasets", ["ArrowIPC", "JSON", "Digests", "Objectives"]),
    library(
      "Validation", ["Datasets", "Objectives", "ArrowIPC", "JSON", "Digests", "Concurrency"]),
    library(
      "Training",
      ["Datasets", "Objectives", "ArrowIPC", "JSON", "Digests", "Randomness", "Concurrency"]),
    library(
      "Pipeline",
      [
        "Validation", "Training", "Datasets", "Objectives", "Tokenization", "Corpus", "UnicodeText",
        "ArrowIPC", "JSON", "Randomness", "Digests", "Concurrency",
        .product(name: "Yams", package: "Yams"),
      ]),
    .executableTarget(
      name: "prep",
      dependencies: [
        "Pipeline", "Validation", "Training", "Datasets", "Objectives", "Tokenization", "Corpus",
        "UnicodeText", "ArrowIPC", "JSON", "CProcessor",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),

    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: strict),
    tests("Digests"),
    tests("Concurrency"),
    tests("JSON", ["CZstd"]),
    tests("Randomness", ["CProcessor"]),
    tests("ArrowIPC"),
    tests("UnicodeText"),
    tests("Corpus", ["ArrowIPC", "CZlib", "CZstd", "Digests", "UnicodeText"]),
    tests("Tokenization", ["CProcessor"]),
    tests("Objectives", ["Randomness"]),
    tests("Datasets", ["ArrowIPC", "Digests", "JSON", "Objectives"]),
    tests("Validation", ["ArrowIPC", "Datasets", "Digests", "JSON", "Objectives", "Randomness"]),
    tests("Training", ["JSON", "Objectives", "Randomness"]),
    tests(
      "Pipeline",
      [
        "ArrowIPC", "Corpus", "Datasets", "Digests", "JSON", "Objectives", "Randomness",
        "Tokenization", "Training", "UnicodeText", "Validation",
      ]),
    tests(
      "prep",
      [
        "Corpus", "Datasets", "Objectives", "Pipeline", "Tokenization", "UnicodeText",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx17
)

// swift-tools-version: 6.2

import Foundation
import PackageDescription

// Debian 12's libgit2 is linked from its archive, which leaves out the network libraries that cost
// more at every start than all else: see CLaForgeSupport/libgit2.c. That file knows what version 1.5
// calls at its start; any other version is linked as a shared library.
let versionHeader = try? String(contentsOfFile: "/usr/include/git2/version.h", encoding: .utf8)
let linksArchive =
  versionHeader?.range(of: #"LIBGIT2_VERSION\s+"1\.5\."#, options: .regularExpression) != nil

let argumentParser = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

let package = Package(
  name: "laforge",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "laforge", targets: ["laforge"]),
    .library(name: "LaForgeStore", targets: ["LaForgeStore", "LaForgeCore"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
  ],
  targets: [
    .systemLibrary(name: "CLibgit2", providers: [.apt(["libgit2-dev"])]),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    .target(
      name: "CLaForgeSupport",
      cSettings: linksArchive ? [.define("LAFORGE_LINKS_LIBGIT2_ARCHIVE")] : []),
    .target(name: "LaForgeCore", dependencies: [systemPackage]),
    .target(
      name: "LaForgeUsage", dependencies: ["LaForgeCore"],
      resources: [.embedInCode("Prices/prices.json")]),
    .target(
      name: "LaForgeGit",
      dependencies: ["LaForgeCore", "CLibgit2", "CLaForgeSupport", subprocess, systemPackage],
      linkerSettings: linksArchive
        ? [.linkedLibrary(":libgit2.a"), .linkedLibrary("pcre2-8"), .linkedLibrary("z")]
        : [.linkedLibrary("git2")]),
    .target(
      name: "LaForgeStore",
      dependencies: ["LaForgeCore", "CLaForgeSupport", grdb, systemPackage]),
    .target(
      name: "LaForgeAgent",
      dependencies: ["LaForgeCore", "CLaForgeSupport", "CZlib", systemPackage]),
    .target(
      name: "LaForgeHooks", path: "Hooks",
      resources: ["commit-msg", "post-commit", "post-rewrite", "pre-push"].map { .embedInCode($0) }),
    .target(
      name: "LaForgeCommands",
      dependencies: [
        "LaForgeCore", "LaForgeUsage", "LaForgeGit", "LaForgeStore", "LaForgeAgent",
        "LaForgeHooks", argumentParser, systemPackage,
      ]),
    .executableTarget(name: "laforge", dependencies: ["LaForgeCommands"]),
    .target(
      name: "LaForgeTestSupport",
      dependencies: ["LaForgeCore", "CLaForgeSupport", subprocess, systemPackage]),
    .testTarget(name: "LaForgeCoreTests", dependencies: ["LaForgeCore", "LaForgeTestSupport"]),
    .testTarget(
      name: "LaForgeUsageTests",
      dependencies: ["LaForgeUsage", "LaForgeCore", "LaForgeStore", "LaForgeTestSupport", grdb]),
    .testTarget(
      name: "LaForgeGitTests",
      dependencies: ["LaForgeGit", "LaForgeCore", "LaForgeTestSupport", systemPackage]),
    .testTarget(
      name: "LaForgeAgentTests",
      dependencies: ["LaForgeAgent", "LaForgeCore", "LaForgeTestSupport", systemPackage]),
    .testTarget(
      name: "LaForgeStoreTests",
      dependencies: ["LaForgeStore", "LaForgeCore", "LaForgeTestSupport", grdb, systemPackage]),
    .testTarget(
      name: "LaForgeCommandsTests",
      dependencies: ["LaForgeCommands", "LaForgeCore", "LaForgeTestSupport", argumentParser],
      exclude: ["Snapshots"]),
    .testTarget(
      name: "EndToEndTests",
      dependencies: ["laforge", "LaForgeCore", "LaForgeTestSupport", systemPackage]),
    .testTarget(
      name: "CrashTests",
      dependencies: ["laforge", "LaForgeCore", "LaForgeTestSupport", systemPackage]),
    .testTarget(
      name: "StatePropertyTests",
      dependencies: ["laforge", "LaForgeCore", "LaForgeTestSupport", systemPackage]),
    .testTarget(name: "ArchitectureTests"),
  ],
  swiftLanguageModes: [.v6]
)

// One set of strict settings for every Swift target. What each feature means:
// <https://docs.swift.org/compiler/documentation/diagnostics/upcoming-language-features/>
for target in package.targets where target.type != .system && target.name != "CLaForgeSupport" {
  target.swiftSettings = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
  ]
}

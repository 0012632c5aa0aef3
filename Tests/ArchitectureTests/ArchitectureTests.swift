import Foundation
import Testing

/// The import table of the architecture, which SwiftPM does not hold: it lets a target import any
/// module that some dependency has built.
@Suite struct ArchitectureTests {
  /// What each target may import besides the standard library.
  private static let imports: [String: Set<String>] = [
    "LaForgeCore": ["Foundation", "SystemPackage"],
    "LaForgeUsage": ["Foundation", "LaForgeCore"],
    "LaForgeGit": [
      "CLaForgeSupport", "CLibgit2", "Foundation", "LaForgeCore", "Subprocess", "SystemPackage",
    ],
    "LaForgeStore": ["CLaForgeSupport", "Foundation", "GRDB", "LaForgeCore", "SystemPackage"],
    "LaForgeAgent": ["CLaForgeSupport", "CZlib", "LaForgeCore", "SystemPackage"],
    "LaForgeCommands": [
      "ArgumentParser", "CLaForgeSupport", "Dispatch", "Foundation", "LaForgeAgent", "LaForgeCore",
      "LaForgeGit", "LaForgeHooks", "LaForgeStore", "LaForgeUsage", "SystemPackage",
    ],
    "laforge": ["LaForgeCommands"],
    "LaForgeTestSupport": [
      "CLaForgeSupport", "Dispatch", "Foundation", "LaForgeCore", "Subprocess", "SystemPackage",
      "Testing",
    ],
  ]

  private static let standardLibrary: Set<String> = ["Swift", "Glibc", "Darwin", "Synchronization"]

  /// Calls that only some files may make: the rest gets what they yield handed in.
  private static let confined: [(call: String, files: Set<String>)] = [
    ("print(", ["LaForgeTestSupport/TestEnvironment.swift"]),
    ("ProcessInfo", []),
    ("Date()", []),
    ("clock_gettime(", ["LaForgeCommands/CommandContext.swift"]),
    ("environ\n", ["LaForgeCommands/CommandContext.swift"]),
    ("exit(", ["LaForgeCommands/LaForgeProgram.swift"]),
    ("try!", []), ("fatalError(", []), ("@unchecked", []), ("nonisolated(unsafe)", []),
  ]

  private struct Source {
    var target: String
    /// Below `Sources`.
    var path: String
    var lines: [String]
  }

  private static let sources: [Source] = {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Sources")
    guard let files = FileManager.default.enumerator(atPath: root.path) else { return [] }
    return files.compactMap { file -> Source? in
      guard let path = file as? String, path.hasSuffix(".swift"),
        let text = try? String(contentsOf: root.appending(path: path), encoding: .utf8)
      else { return nil }
      return Source(
        target: String(path.prefix { $0 != "/" }), path: path,
        lines: text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init))
    }
  }()

  @Test func everyTargetIsInTheTable() {
    #expect(Self.sources.count > 50)
    #expect(Set(Self.sources.map(\.target)) == Set(Self.imports.keys))
  }

  @Test func targetsImportOnlyWhatTheTableAllows() {
    for source in Self.sources {
      let allowed = (Self.imports[source.target] ?? []).union(Self.standardLibrary)
      for line in source.lines {
        let words = line.split(separator: " ")
        guard let index = words.firstIndex(of: "import"), index <= 1, line.first != " ",
          index + 1 < words.count
        else { continue }
        let module = String(words[index + 1])
        #expect(allowed.contains(module), "\(source.path) imports \(module)")
      }
    }
  }

  @Test func someCallsStandInTheirPlacesOnly() {
    for source in Self.sources {
      for (call, files) in Self.confined where !files.contains(source.path) {
        for line in source.lines where (Self.code(of: line) + "\n").calls(call) {
          Issue.record("\(source.path) has '\(call)': \(line)")
        }
      }
    }
  }

  @Test func pointersOfCStayInTheirAdapters() {
    let adapters: Set<String> = ["LaForgeGit", "LaForgeAgent"]
    for source in Self.sources where !adapters.contains(source.target) {
      for line in source.lines where Self.code(of: line).contains("OpaquePointer") {
        Issue.record("\(source.path) has a pointer of C: \(line)")
      }
    }
  }

  @Test func filesStaySmall() {
    for source in Self.sources {
      let limit =
        source.path.hasPrefix("LaForgeCommands/") && source.path.hasSuffix("Command.swift")
        ? 150 : 350
      #expect(source.lines.count <= limit, "\(source.path) has \(source.lines.count) lines")
    }
  }

  @Test func everyDeclarationThatOthersSeeIsDocumented() {
    for source in Self.sources where source.target != "LaForgeTestSupport" {
      for (index, line) in source.lines.enumerated() where Self.needsDocumentation(line) {
        let before = source.lines[..<index].last { line in
          !line.trimmingCharacters(in: .whitespaces).hasPrefix("@")
        }
        let isDocumented = before?.trimmingCharacters(in: .whitespaces).hasPrefix("///") == true
        #expect(isDocumented, "\(source.path):\(index + 1) \(line)")
      }
    }
  }

  /// Types and functions; the formatter looks at `public` ones, and a stored property of a
  /// documented type may speak for itself.
  private static func needsDocumentation(_ line: String) -> Bool {
    let text = line.trimmingCharacters(in: .whitespaces)
    guard text.hasPrefix("package ") else { return false }
    let kinds = ["struct ", "enum ", "protocol ", "final class ", "static func "]
    return kinds.contains { text.hasPrefix("package \($0)") } && !text.contains("func <")
      && !text.contains("func +") && !text.contains("CodingKeys")
  }

  /// A line without its comment.
  private static func code(of line: String) -> String {
    guard let comment = line.range(of: "//") else { return line }
    return String(line[..<comment.lowerBound])
  }
}

extension String {
  /// Whether a call stands here as a word of its own.
  fileprivate func calls(_ call: String) -> Bool {
    var rest = self[...]
    while let range = rest.range(of: call) {
      let before = rest[..<range.lowerBound].last
      let isPartOfAName = before.map { $0.isLetter || $0.isNumber || "._".contains($0) } == true
      if !isPartOfAName { return true }
      rest = rest[range.upperBound...]
    }
    return false
  }
}

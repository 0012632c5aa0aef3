import Foundation
import GRDB
import LaForgeCore
import LaForgeStore
import LaForgeUsage

/// One run of an agent in a home of its own: what it writes and prints after `start` is this run's.
final class AgentRun {
  /// The home folder; the working tree is `web` in it.
  let home: URL
  private let agent: String
  private let call: AgentCall
  private var reader: UsageReader?

  /// When the run begins: 2026-11-23 12:00:00 UTC, in milliseconds since 1970.
  static let begin: Int64 = 1_795_435_200_000

  convenience init(
    _ agent: String, _ arguments: String..., environment: [String: String] = [:]
  ) throws {
    try self.init(agent, arguments: arguments, environment: environment)
  }

  init(
    _ agent: String, arguments: [String], environment: [String: String] = [:]
  ) throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "laforge-usage-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let home = folder.resolvingSymlinksInPath()
    self.home = home
    self.agent = agent
    let tree = home.appending(path: "web").path
    try FileManager.default.createDirectory(
      atPath: tree, withIntermediateDirectories: true)
    call = AgentCall(
      arguments: arguments, directory: tree, workingTree: tree, home: home.path,
      environment: environment.mapValues { $0.replacing("@HOME@", with: home.path) },
      start: Self.begin)
  }

  deinit {
    do { try FileManager.default.removeItem(at: home) } catch { print("\(home.path): \(error)") }
  }

  /// The path of the working tree.
  var tree: String { call.workingTree }

  // MARK: - Before and while it runs

  /// Writes lines to the end of a file; `@TREE@` in them stands for the working tree.
  func append(_ path: String, _ lines: String...) throws {
    let file = home.appending(path: path)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    if !FileManager.default.fileExists(atPath: file.path) { try Data().write(to: file) }
    let handle = try FileHandle(forWritingTo: file)
    defer { try? handle.close() }
    try handle.seekToEnd()
    let text = lines.map { $0 + "\n" }.joined().replacing("@TREE@", with: tree)
    try handle.write(contentsOf: Data(text.utf8))
  }

  /// Writes a file anew.
  func write(_ path: String, _ text: String) throws {
    let file = home.appending(path: path)
    if FileManager.default.fileExists(atPath: file.path) {
      try FileManager.default.removeItem(at: file)
    }
    try append(path, text)
  }

  /// Executes statements in an SQLite database; `@TREE@` in them stands for the working tree.
  func execute(in path: String, _ statements: [String]) throws {
    let file = home.appending(path: path)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    let queue = try DatabaseQueue(path: file.path)
    try queue.write { database in
      for statement in statements {
        try database.execute(sql: statement.replacing("@TREE@", with: tree))
      }
    }
    try queue.close()
  }

  /// The agent starts.
  func start() {
    makeFilesOlder()
    reader = UsageReader(
      agent: agent, call: call, prices: PriceTable(), databases: SQLiteSessionDatabase())
  }

  /// Two changes within one tick of the file system's clock could not be told apart.
  private func makeFilesOlder() {
    let files = FileManager.default.enumerator(atPath: home.path)?.compactMap { $0 as? String }
    for path in files ?? [] {
      try? FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSince1970: 1_700_000_000)],
        ofItemAtPath: home.appending(path: path).path)
    }
  }

  /// The agent prints lines.
  func print(_ lines: String..., to stream: AgentStream = .standardOutput) {
    if reader == nil { start() }
    for line in lines { print(bytes: "\(line)\n".utf8, to: stream) }
  }

  /// The agent prints bytes, which may end anywhere.
  func print(bytes: some Sequence<UInt8>, to stream: AgentStream) {
    if reader == nil { start() }
    Array(bytes).withUnsafeBytes { reader?.consume($0, from: stream) }
  }

  /// The agent ends.
  func end(wasKilled: Bool = false) -> UsageReport {
    if reader == nil { start() }
    return reader?.finish(usageFile: nil, wasKilled: wasKilled)
      ?? UsageReport()
  }

  /// What its session tells by now of the turn that began with the run.
  func turn(of session: String, transcript: String? = nil) -> UsageReport {
    var reader = UsageReader(
      agent: agent, call: call, prices: PriceTable(), databases: SQLiteSessionDatabase(),
      isOver: true)
    return reader.finish(
      turnOf: session, transcript: transcript.map { home.appending(path: $0).path }, usageFile: nil)
  }

  /// What is read again later from the sessions that counted, with the output fed anew.
  func again(_ sessions: [UsageExplanation.Session], _ output: String = "") -> UsageReport? {
    start()
    print(output)
    return reader?.finish(again: sessions, wasKilled: false, hasGap: false)
  }
}

extension UsageReport {
  /// Input, cache read, cache write, output; `nil` where unknown.
  var counts: [Int64?] {
    [usage?.inputTokens, usage?.cacheReadTokens, usage?.cacheCreationTokens, usage?.outputTokens]
  }
}

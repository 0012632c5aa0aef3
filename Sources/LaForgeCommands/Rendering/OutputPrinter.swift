import LaForgeAgent
import LaForgeCore

/// Prints pieces of an output as they come.
final class OutputPrinter {
  private let stream: AgentStream?
  private let isForTerminal: Bool
  private var plain: PlainText?
  private var waiting: [UInt8] = []
  private let write: ([UInt8]) throws -> Void
  /// Whether something in the middle is missing.
  private(set) var hasGap = false

  private static let batch = 1 << 16

  /// - Parameters:
  ///   - stream: Which one to print; `nil` for both.
  ///   - isPlain: Whether to leave terminal sequences out.
  ///   - isForTerminal: Whether a person reads along, who is told of a gap where it is.
  ///   - write: Where to.
  init(
    stream: AgentStream?, isPlain: Bool, isForTerminal: Bool,
    write: @escaping ([UInt8]) throws -> Void
  ) {
    self.stream = stream
    self.isForTerminal = isForTerminal
    plain = isPlain ? PlainText() : nil
    self.write = write
  }

  func take(_ piece: OutputPiece) throws {
    switch piece {
    case .bytes(let source, let bytes):
      guard stream == nil || stream == source else { return }
      waiting += plain?.consume(bytes) ?? Array(bytes)
    case .gap:
      hasGap = true
      if isForTerminal { waiting += Array("\n[ … the middle was not kept … ]\n".utf8) }
    }
    if waiting.count >= Self.batch { try pass() }
  }

  /// Writes what was taken.
  func pass() throws {
    guard !waiting.isEmpty else { return }
    try write(waiting)
    waiting.removeAll(keepingCapacity: true)
  }

  func finish() throws {
    waiting += plain?.finish() ?? []
    try pass()
  }
}

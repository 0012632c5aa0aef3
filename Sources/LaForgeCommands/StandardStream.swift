import CLaForgeSupport
import Glibc
import SystemPackage

/// Standard output or standard error.
package struct StandardStream {
  /// Whether it is a terminal.
  package let isTerminal: Bool
  /// The width to lay text out for; `nil` where nothing limits it.
  package let columns: Int?
  private let emit: ([UInt8]) throws -> Void

  /// - Parameters:
  ///   - descriptor: 1 or 2.
  ///   - columns: The value of `COLUMNS`, which wins over the terminal's own width.
  init(descriptor: Int32, columns: Int?) {
    isTerminal = isatty(descriptor) != 0
    let own = Int(laforge_terminal_columns(descriptor))
    self.columns = columns ?? (own > 0 ? own : isTerminal ? 80 : nil)
    emit = { _ = try FileDescriptor(rawValue: descriptor).writeAll($0) }
  }

  /// A stream that hands what is written to a function.
  package init(
    isTerminal: Bool, columns: Int?, emit: @escaping (String) throws -> Void
  ) {
    self.isTerminal = isTerminal
    self.columns = columns
    self.emit = { try emit(String(decoding: $0, as: UTF8.self)) }
  }

  /// Writes a text whole.
  ///
  /// - Throws: `Errno`.
  package func write(_ text: String) throws {
    try emit(Array(text.utf8))
  }

  /// Writes bytes, which need not be text.
  ///
  /// - Throws: `Errno`.
  func write(_ bytes: [UInt8]) throws {
    try emit(bytes)
  }

  /// Writes a message for the person, who may have closed the stream: nothing can be told of that
  /// here, and it must not change what the command does.
  func say(_ text: String) {
    do { try write(text) } catch { return }
  }

  /// Writes an error, a warning or a note for the person, as wide as the terminal.
  func say(_ message: UserMessage, as kind: String = "Error") {
    say(message.text(kind, columns: columns))
  }
}

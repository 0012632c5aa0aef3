import CLaForgeSupport
import Glibc
import SystemPackage

/// Standard output or standard error.
package struct StandardStream {
  /// Whether it is a terminal.
  package let isTerminal: Bool
  /// The width to lay text out for; `nil` where nothing limits it.
  package let columns: Int?
  private let emit: (String) throws -> Void

  /// - Parameters:
  ///   - descriptor: 1 or 2.
  ///   - columns: The value of `COLUMNS`, which wins over the terminal's own width.
  init(descriptor: Int32, columns: Int?) {
    isTerminal = isatty(descriptor) != 0
    let own = Int(laforge_terminal_columns(descriptor))
    self.columns = columns ?? (own > 0 ? own : isTerminal ? 80 : nil)
    emit = { _ = try FileDescriptor(rawValue: descriptor).writeAll($0.utf8) }
  }

  /// A stream that hands what is written to a function.
  package init(
    isTerminal: Bool, columns: Int?, emit: @escaping (String) throws -> Void
  ) {
    self.isTerminal = isTerminal
    self.columns = columns
    self.emit = emit
  }

  /// Writes a text whole.
  ///
  /// - Throws: `Errno`.
  package func write(_ text: String) throws {
    try emit(text)
  }

  /// Writes a message for the person, who may have closed the stream: nothing can be told of that
  /// here, and it must not change what the command does.
  func say(_ text: String) {
    do { try emit(text) } catch { return }
  }

  /// Writes an error, a warning or a note for the person, as wide as the terminal.
  func say(_ message: UserMessage, as kind: String = "Error") {
    say(message.text(kind, columns: columns))
  }
}

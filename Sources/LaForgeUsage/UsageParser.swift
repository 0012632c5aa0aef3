import LaForgeCore

/// Reads the usage that one format reports in the lines of a run's output.
///
/// One type per format. A parser is handed only lines that hold one of its markers, so it may
/// decode each of them.
protocol UsageParser {
  /// Bytes of which a line holds at least one if it can matter. Lines without any are passed over
  /// undecoded.
  static var markers: [StaticString] { get }

  /// Reads a line.
  ///
  /// - Throws: Any error where the line looked like usage but cannot be read; it is counted.
  mutating func read(_ line: UnsafeRawBufferPointer, from stream: AgentStream) throws

  /// What the lines so far add up to; `nil` usage where they told none.
  var report: UsageReport { get }
}

/// Why a line that looked like usage was not taken.
struct UnreadableUsage: Error {}

import Glibc
package import LaForgeCore
package import SystemPackage

/// What steps printed, as it is kept.
package struct OutputArchive: Sendable {
  private let folder: FilePath

  /// - Parameter folder: Where `OutputLog` keeps it.
  package init(in folder: FilePath) {
    self.folder = folder
  }

  /// Whether anything of a step is there.
  package func holds(_ step: StepID) -> Bool {
    !OutputSegment.numbers(of: step, in: folder).isEmpty
  }

  /// How much room a step's output takes.
  package func diskBytes(of step: StepID) -> Int64 {
    OutputSegment.numbers(of: step, in: folder).reduce(0) { sum, number in
      var status = stat()
      let path = OutputSegment.path(of: number, of: step, in: folder)
      return stat(path.string, &status) == 0 ? sum + Int64(status.st_size) : sum
    }
  }

  /// Removes what is kept of a step.
  package func remove(_ step: StepID) {
    for number in OutputSegment.numbers(of: step, in: folder) {
      unlink(OutputSegment.path(of: number, of: step, in: folder).string)
    }
  }

  /// Begins to read what is kept of a step.
  package func reading(_ step: StepID) -> OutputReading { OutputReading(of: step, in: folder) }
}

/// What is found where a step's output is read.
package enum OutputPiece {
  /// Bytes of a stream, credentials masked; valid during the call only.
  case bytes(AgentStream, ArraySlice<UInt8>)
  /// Here something was not kept.
  case gap
}

/// Reads the output of a step from its beginning on, also while it grows.
package final class OutputReading {
  private let step: StepID
  private let folder: FilePath
  private var number = -1
  private var reader: OutputSegmentReader?

  init(of step: StepID, in folder: FilePath) {
    self.step = step
    self.folder = folder
  }

  /// Reads what is there and has not been read yet.
  ///
  /// - Throws: `Errno`, and whatever `body` throws.
  package func read(_ body: (OutputPiece) throws -> Void) throws {
    try readCurrent(body)
    // One that is removed meanwhile is a gap like any other.
    for next in OutputSegment.numbers(of: step, in: folder) where next > number {
      guard let reader = OutputSegmentReader(OutputSegment.path(of: next, of: step, in: folder))
      else { continue }
      // The segment before may have grown until the next one was begun.
      try readCurrent(body)
      if next > number + 1 { try body(.gap) }
      number = next
      self.reader = reader
      try readCurrent(body)
    }
  }

  private func readCurrent(_ body: (OutputPiece) throws -> Void) throws {
    try reader?.read { try body(.bytes($0, $1)) }
  }
}

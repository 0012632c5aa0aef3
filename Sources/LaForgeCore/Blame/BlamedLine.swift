/// A line of a file, and the moment that brought it.
package struct BlamedLine: Equatable, Sendable {
  /// The number of the line, from 1 on.
  package var number: Int
  /// Its bytes without the end of the line, as git would store them.
  package var text: [UInt8]
  /// The index of the state that it first appeared in; `nil` for one that is in none yet.
  package var moment: Int?

  package init(number: Int, text: [UInt8], moment: Int?) {
    self.number = number
    self.text = text
    self.moment = moment
  }
}

/// Why the lines of a file cannot be told apart by steps.
package enum BlameError: Error, Equatable, Sendable {
  /// There is nothing of that name.
  case noSuchFile
  case folder
  /// A FIFO, socket or device.
  case notAFile
  /// No state holds the file, since git ignores it.
  case ignored
  /// Git found no such lines; with what it said.
  case badRange(String)
  case git(GitError)
}

import Glibc
import SystemPackage

/// What may stand before the subcommand.
enum GlobalOptions {
  /// Changes to the folders of `-C`, one after the other as git does, and returns the other words.
  static func apply(_ words: [[UInt8]]) throws -> [[UInt8]] {
    var rest = words[...]
    while rest.first == Array("-C".utf8) {
      rest.removeFirst()
      guard let folder = rest.popFirst() else {
        throw CommandFailure(
          UserMessage(
            code: "usage", summary: "'-C' needs a folder.",
            hint: "`laforge -C FOLDER log` works in FOLDER."),
          status: .usage)
      }
      // As in git, an empty folder changes nothing.
      if folder.isEmpty { continue }
      let path = folder.map(CChar.init(bitPattern:)) + [0]
      guard chdir(path) == 0 else {
        let reason = Errno(rawValue: errno).description
        let isRun = rest.first == Array("run".utf8)
        throw CommandFailure(
          UserMessage(
            code: "no_such_folder",
            summary: "Cannot change to '\(String(decoding: folder, as: UTF8.self))': \(reason)."),
          status: isRun ? .runFailure : .failure)
      }
    }
    return Array(rest)
  }

  /// The subcommand of a command line; `nil` where it names none.
  static func subcommand(of texts: [String]) -> String? {
    var rest = texts[...]
    while rest.first == "-C" { rest = rest.dropFirst(2) }
    return rest.first
  }
}

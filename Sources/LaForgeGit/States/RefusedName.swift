import LaForgeCore

/// The names that git refuses to track, since some file system would take them for `.git`.
///
/// The corresponding C functions of git are `verify_path`, `is_ntfs_dotgit` and `is_hfs_dotgit`.
enum RefusedName {
  /// Returns whether git refuses the path; a tree with it would fail `git fsck`.
  static func matches(_ path: GitPath) -> Bool {
    path.components.contains { name in
      if name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8) { return true }
      let folded = fold(name)
      return folded == ".git" || folded == "git~1"
    }
  }

  /// Returns whether git reads a path of that name as the list of submodules, and `git fsck`
  /// therefore judges its content.
  static func isSubmoduleList(_ path: GitPath) -> Bool {
    let folded = fold(path.name)
    return folded == ".gitmodules" || folded.hasPrefix("gitmod~") || folded.hasPrefix("gi7eba")
  }

  /// The name as NTFS and HFS+ would see it.
  private static func fold(_ name: ArraySlice<UInt8>) -> String {
    let text = String(decoding: name, as: UTF8.self)
    let visible = text.unicodeScalars.filter { !isIgnoredByHFS($0) }
    var folded = String(String.UnicodeScalarView(visible)).lowercased()
    // NTFS: a stream's name, then dots and spaces at the end.
    if let colon = folded.firstIndex(of: ":") { folded = String(folded[..<colon]) }
    while let last = folded.last, last == "." || last == " " { folded.removeLast() }
    return folded
  }

  private static func isIgnoredByHFS(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x200C...0x200F, 0x202A...0x202E, 0x206A...0x206F, 0xFEFF: true
    default: false
    }
  }
}

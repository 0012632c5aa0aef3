import Glibc

/// Finds programs as a shell does.
struct ProgramSearch {
  /// The folders of `PATH`, parted by colons; an empty one is the present folder.
  let path: String?

  /// Returns where the program of a name lies; `nil` where there is none.
  func find(_ name: String) -> String? {
    if name.contains("/") { return isExecutable(name) ? name : nil }
    let folders = (path ?? "/usr/bin:/bin").split(
      separator: ":", omittingEmptySubsequences: false)
    return folders.lazy.map { "\($0.isEmpty ? "." : $0)/\(name)" }.first(where: isExecutable)
  }

  private func isExecutable(_ path: String) -> Bool {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
    return access(path, X_OK) == 0
  }
}

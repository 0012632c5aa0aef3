/// Paths that a state says nothing of, for looking up many.
package struct LeftOutPaths: Sendable {
  private let items: [GitPath: LeftOut]

  /// - Parameter leftOut: What was left out; ignored files and submodules, which no state holds
  ///   anyway, count for nothing here.
  package init(_ leftOut: [LeftOut]) {
    let items = leftOut.filter { ![.ignored, .submodule, .submoduleMoved].contains($0.reason) }
    self.items = Dictionary(
      items.map { ($0.path.withoutSlash, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Returns what was left out at a path or as a folder above it; `nil` where nothing was.
  package func covering(_ path: GitPath) -> LeftOut? {
    guard !items.isEmpty else { return nil }
    if let item = items[path.withoutSlash] { return item }
    return path.parents.lazy.compactMap { items[$0] }.first
  }
}

extension GitPath {
  /// The path of a folder without the slash at its end.
  fileprivate var withoutSlash: GitPath {
    bytes.last == UInt8(ascii: "/") ? GitPath(bytes.dropLast()) : self
  }
}

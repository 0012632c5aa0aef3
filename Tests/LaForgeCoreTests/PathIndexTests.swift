import LaForgeCore
import Testing

/// Paths that are found by their own names and by those of the folders above them.
@Suite struct PathIndexTests {
  private let index = PathIndex(["a/b/c", "a/d", "e"])

  @Test(arguments: ["a", "a/", "a/b", "a/b/", "a/b/c", "a/d", "e", ""] as [GitPath])
  func aPathOrAFolderAboveOneIsHeld(_ path: GitPath) {
    #expect(index.holds(path))
  }

  @Test(arguments: ["b", "a/b/c/d", "a/b/x", "e/f", "a/bb"] as [GitPath])
  func anyOtherPathIsNot(_ path: GitPath) {
    #expect(!index.holds(path))
  }

  @Test func nothingHoldsNotEvenTheTop() {
    #expect(!PathIndex([]).holds(""))
  }
}

import LaForgeTestSupport

/// Random shell lines of an agent or of the person.
struct AgentScript {
  var generator: SplitMix64
  /// Makes every content and message new.
  private var count = 0

  init(seed: UInt64) {
    generator = SplitMix64(seed: seed)
  }

  private static let names = ["a", "b", "n/x", "n/y", "n/deep/z", "'c d'", "s.sh", "t.flt", "w"]

  private mutating func fresh() -> String {
    count += 1
    return "\(count)"
  }

  private mutating func name() -> String {
    Self.names.randomElement(using: &generator) ?? "a"
  }

  private mutating func folder(of name: String) -> String {
    name.contains("/") ? "mkdir -p \"$(dirname \(name))\" && " : ""
  }

  /// Writes new content, sometimes several lines, other line ends or capitals.
  mutating func writing(_ name: String) -> String {
    let number = fresh()
    let content =
      [
        "line \(number)\\n", "one\\ntwo \(number)\\nthree\\n", "with\\r\\nreturn \(number)\\r\\n",
        "no newline \(number)", "Mixed Case \(number)\\n",
      ].randomElement(using: &generator) ?? ""
    return folder(of: name) + "printf '\(content)' > \(name)"
  }

  // MARK: - The agent

  /// Some lines of an agent.
  mutating func agent(hasSubmodule: Bool) -> String {
    let lines = Int.random(in: 1...5, using: &generator)
    return (0..<lines).map { _ in
      let kind = Int.random(in: 0..<100, using: &generator)
      if hasSubmodule, kind < 12 { return submodule() }
      if kind < 55 { return edit() }
      if kind < 75 { return staging() }
      return history()
    }.joined(separator: "\n")
  }

  private mutating func edit() -> String {
    let (one, other) = (name(), name())
    return switch Int.random(in: 0..<13, using: &generator) {
    case 0...4: writing(one)
    case 5: "printf 'more \(fresh())\\n' >> \(one)"
    case 6: "rm -rf \(one)"
    case 7: "mv \(one) \(other)"
    case 8: "chmod +x \(one)"
    case 9: "rm -rf \(one); \(folder(of: one))ln -s \(other) \(one)"
    case 10: "rm -rf \(one) && mkdir -p \(one) && printf 'in \(fresh())\\n' > \(one)/in"
    case 11: "rm -rf n && printf 'file now \(fresh())\\n' > n"
    default: "mkdir -p build && echo \(fresh()) > build/o && echo \(fresh()) > k.log"
    }
  }

  private mutating func staging() -> String {
    let one = name()
    let number = fresh()
    return switch Int.random(in: 0..<12, using: &generator) {
    case 9: "\(writing("intended")); git add -N intended"
    case 10: "git update-index --assume-unchanged a README.md; \(writing("a"))"
    case 11: "git update-index --chmod=+x \(one)"
    case 0, 1: "git add -A"
    case 2: "git add \(one)"
    case 3: "\(writing(one)); git add \(one); printf 'unstaged \(number)\\n' >> \(one)"
    case 4: "git rm -q --cached \(one)"
    case 5: "git rm -qrf \(one)"
    case 6: "printf '*.log\\nbuild/\\nw\\n' > .gitignore"
    case 7: "printf '# \(number)\\n*.log\\n' > .gitignore"
    default: "git reset -q"
    }
  }

  private mutating func history() -> String {
    let number = fresh()
    let branch = ["main", "one", "two"].randomElement(using: &generator) ?? "one"
    return switch Int.random(in: 0..<24, using: &generator) {
    case 0...3: "git add -A; git commit -qm 'agent \(number)'"
    case 4: "git commit -qam 'tracked \(number)'"
    case 5: "git commit -q --amend --allow-empty -m 'amended \(number)'"
    case 6: "git reset -q --hard"
    case 7: "git reset -q --hard HEAD~1"
    case 8: "git reset -q --soft HEAD~1"
    case 9: "git checkout -q -b new-\(number)"
    case 10: "git checkout -q \(branch)"
    case 11: "git checkout -q --detach"
    case 12: "git stash -q"
    case 13: "git stash -qu; git stash apply -q"
    case 14: "git stash drop -q"
    case 15: "git clean -fdq"
    case 16: "git branch -qf two HEAD; git tag v\(number)"
    case 17: "git branch -qD two"
    case 18: "git checkout -q --orphan orphan-\(number)"
    case 19: "git cherry-pick \(branch)"
    case 20: "git revert --no-edit HEAD~1"
    case 21: "git branch -qm renamed-\(number)"
    default: "git merge -q -m 'merge \(number)' \(branch)"
    }
  }

  private mutating func submodule() -> String {
    let number = fresh()
    return switch Int.random(in: 0..<3, using: &generator) {
    case 0: "echo \(number) > sub/inner"
    case 1: "git -C sub commit -q --allow-empty -m 'inner \(number)'"
    default: "git -C sub commit -q --allow-empty -m 'inner \(number)'; git add sub"
    }
  }

  // MARK: - The person

  /// One thing that the person does between two commands, mostly in files of their own.
  mutating func person() -> String {
    let own = ["mine", "notes/plan", "README.md"].randomElement(using: &generator) ?? "mine"
    return switch Int.random(in: 0..<12, using: &generator) {
    case 0...4: writing(own)
    case 5: "\(writing(own)); git add \(own)"
    case 6: "rm -f \(own)"
    case 7: writing(name())
    case 8: "git add -A"
    case 9: "git commit -q --allow-empty -am 'person \(fresh())'"
    case 10: "git commit -q --allow-empty --amend -m 'person amended \(fresh())'"
    default: "echo \(fresh()) > own.log"
    }
  }
}

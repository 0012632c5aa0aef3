import SystemPackage

/// Which agent a command runs, also where it stands behind `env`, `timeout`, `npx`, a shell or the
/// like.
package struct AgentRecognition: Equatable, Sendable {
  /// `nil` where the command is none that is known.
  package var agent: KnownAgent?
  /// What the agent's own process is given; the command's own arguments where it is not known.
  package var arguments: [String]
  /// The base name of the program that is started in the end: `claude` for `env A=B claude`.
  package var program: String

  /// Looks at the words of a command.
  package init(_ words: [String]) {
    var words = words[...]
    // Each round takes one wrapper off; a command line holds only so many.
    for _ in 0..<8 {
      guard let inner = Self.unwrapped(words), !inner.isEmpty else { break }
      words = inner
    }
    program = Self.baseName(words.first ?? "")
    arguments = Array(words.dropFirst())
    agent = Self.known(words.first ?? "")
  }

  /// Whether the command draws on the whole terminal.
  package var isFullScreen: Bool { agent?.isFullScreen(arguments) ?? false }

  // MARK: - Names

  private static func baseName(_ word: String) -> String {
    FilePath(word).lastComponent?.string ?? word
  }

  /// `/opt/bin/claude`, `claude-2.1.19`, `@openai/codex@latest`, `aider.py`.
  private static func known(_ word: String) -> KnownAgent? {
    if let agent = KnownAgent.named(withoutVersion(word)) { return agent }
    let name = baseName(word)
    for suffix in ["", ".js", ".mjs", ".cjs", ".py", ".exe", ".cmd"] where name.hasSuffix(suffix) {
      let bare = String(name.dropLast(suffix.count))
      if let agent = KnownAgent.named(bare) ?? KnownAgent.named(withoutVersion(bare)) {
        return agent
      }
    }
    return nil
  }

  /// Takes `@1.2.3`, `@latest`, `==1.2`, `-1.2.3` and `1.2` off the end of a name.
  private static func withoutVersion(_ name: String) -> String {
    var name = name
    if let at = name.lastIndex(of: "@"), at != name.startIndex { name = String(name[..<at]) }
    if let equals = name.firstIndex(of: "=") { name = String(name[..<equals]) }
    let version = name.reversed().prefix { $0.isNumber || $0 == "." }
    guard version.contains(where: \.isNumber), version.count < name.count else { return name }
    name.removeLast(version.count)
    return name.hasSuffix("-") || name.hasSuffix("v") ? String(name.dropLast()) : name
  }

  // MARK: - Wrappers

  /// A program that runs the command which follows its own options.
  private struct Wrapper {
    /// Options whose value is the next word.
    var valued: Set<String> = []
    /// How many words stand between the options and the command.
    var skipped = 0
    /// The subcommand that makes it one; `nil` where it always is.
    var subcommands: Set<String>?
  }

  private static let wrappers: [String: Wrapper] = [
    "env": Wrapper(valued: ["-u", "--unset", "-C", "--chdir"]),
    "timeout": Wrapper(valued: ["-k", "--kill-after", "-s", "--signal"], skipped: 1),
    "gtimeout": Wrapper(valued: ["-k", "--kill-after", "-s", "--signal"], skipped: 1),
    "nice": Wrapper(valued: ["-n", "--adjustment"]),
    "ionice": Wrapper(valued: ["-c", "-n"]),
    "nohup": Wrapper(), "setsid": Wrapper(), "exec": Wrapper(), "command": Wrapper(),
    "time": Wrapper(valued: ["-f", "--format", "-o", "--output"]),
    "stdbuf": Wrapper(valued: ["-i", "-o", "-e"]),
    "sudo": Wrapper(valued: ["-u", "-g", "-C", "-h", "-p", "-D"]),
    "doas": Wrapper(valued: ["-u", "-C"]),
    "caffeinate": Wrapper(valued: ["-t", "-w"]),
    "dotenv": Wrapper(valued: ["-f", "-e"]),
    "direnv": Wrapper(skipped: 1, subcommands: ["exec"]),
    "npx": Wrapper(valued: ["-p", "--package"]),
    "bunx": Wrapper(valued: ["-p", "--package"]),
    "npm": Wrapper(subcommands: ["exec", "x"]),
    "pnpm": Wrapper(valued: ["--package"], subcommands: ["dlx", "exec"]),
    "yarn": Wrapper(valued: ["-p", "--package"], subcommands: ["dlx", "exec", "run"]),
    "bun": Wrapper(subcommands: ["x", "run"]),
    "uvx": Wrapper(valued: ["--from", "--with", "-p", "--python", "--index", "--with-requirements"]
    ),
    "uv": Wrapper(
      valued: ["--from", "--with", "-p", "--python", "--project"], subcommands: ["run", "tool"]),
    "pipx": Wrapper(valued: ["--spec", "--python"], subcommands: ["run"]),
    "poetry": Wrapper(valued: ["-C"], subcommands: ["run"]),
    "mise": Wrapper(subcommands: ["exec", "x"]),
    "node": Wrapper(valued: ["-r", "--require", "--import"]),
    "deno": Wrapper(subcommands: ["run"]),
  ]

  private static let shells: Set<String> = ["sh", "bash", "zsh", "dash", "ksh", "fish", "ash"]

  /// Whether words are `sh -c COMMAND` or the like, as agents start their hooks.
  package static func isShellCommand(_ words: [String]) -> Bool {
    shells.contains(baseName(words.first ?? "")) && commandIndex(words.dropFirst()) != nil
  }

  /// Where the command of `sh -c COMMAND` stands among the arguments of a shell: behind its options,
  /// `-c` being among these; see `man 1 bash`.
  private static func commandIndex(_ arguments: ArraySlice<String>) -> Int? {
    var index = arguments.startIndex
    var hasCommand = false
    while index < arguments.endIndex {
      let word = arguments[index]
      let isLong = word.hasPrefix("--")
      guard word.count > 1, word != "--", word.hasPrefix("-") || word.hasPrefix("+") else { break }
      if !isLong, word.contains("c") { hasCommand = true }
      let takesNext =
        isLong ? ["--rcfile", "--init-file"].contains(word) : "oO".contains(word.last ?? " ")
      index += takesNext ? 2 : 1
    }
    if index < arguments.endIndex, arguments[index] == "--" { index += 1 }
    return hasCommand && index < arguments.endIndex ? index : nil
  }

  /// What a wrapper runs; `nil` where the program is none.
  private static func unwrapped(_ words: ArraySlice<String>) -> ArraySlice<String>? {
    guard let first = words.first else { return nil }
    let name = withoutVersion(baseName(first))
    if shells.contains(name) { return shellCommand(words.dropFirst()) }
    if name == "python" || name == "pypy" { return pythonModule(words.dropFirst()) }
    guard let wrapper = wrappers[name] else { return nil }
    var rest = words.dropFirst()
    if let subcommands = wrapper.subcommands {
      guard let word = rest.first, subcommands.contains(word) else { return nil }
      rest.removeFirst()
      // `uv tool run`
      if word == "tool" {
        guard rest.first == "run" else { return nil }
        rest.removeFirst()
      }
    }
    rest = withoutOptions(rest, valued: wrapper.valued).dropFirst(wrapper.skipped)
    if rest.first == "--" { rest.removeFirst() }
    return rest
  }

  /// Drops options with their values, and the `NAME=value` of `env` and shells.
  private static func withoutOptions(
    _ words: ArraySlice<String>, valued: Set<String>
  ) -> ArraySlice<String> {
    var rest = words
    while let word = rest.first {
      if word == "--" { return rest.dropFirst() }
      if isAssignment(word) {
        rest.removeFirst()
      } else if word.hasPrefix("-"), word.count > 1 {
        rest.removeFirst()
        if valued.contains(word) { rest = rest.dropFirst() }
      } else {
        break
      }
    }
    return rest
  }

  private static func isAssignment(_ word: String) -> Bool {
    guard let equals = word.firstIndex(of: "="), equals != word.startIndex else { return false }
    return word[..<equals].allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
  }

  /// The first simple command of `sh -c 'cd x && exec claude -p y'` that is a known agent; else its
  /// first one.
  private static func shellCommand(_ arguments: ArraySlice<String>) -> ArraySlice<String>? {
    guard let index = commandIndex(arguments) else { return nil }
    let commands = ShellSyntax.simpleCommands(arguments[index])
      .map { withoutOptions($0[...], valued: []) }.filter { !$0.isEmpty }
    let agents = commands.filter { AgentRecognition(Array($0)).agent != nil }
    return agents.first ?? (commands.count == 1 ? commands[0] : nil)
  }

  /// `python -m aider --message x`, `python3 agent.py`.
  private static func pythonModule(_ arguments: ArraySlice<String>) -> ArraySlice<String>? {
    let rest = withoutOptions(
      arguments.prefix { $0 != "-m" }, valued: ["-W", "-X"])
    if !rest.isEmpty { return known(rest[rest.startIndex]) == nil ? nil : rest }
    guard let index = arguments.firstIndex(of: "-m"), index + 1 < arguments.endIndex else {
      return nil
    }
    let module = arguments[(index + 1)...]
    // Modules spell their names with underscores.
    guard let name = module.first?.replacing("_", with: "-"), known(name) != nil else { return nil }
    return [name] + module.dropFirst()
  }
}

/// As much of the shell's language as it takes to see which programs a script starts.
enum ShellSyntax {
  /// The words of each simple command, quotes taken off, nothing expanded; see "Shell Grammar" in
  /// `man 1 sh`.
  static func simpleCommands(_ script: String) -> [[String]] {
    var commands: [[String]] = []
    var words: [String] = []
    var word: String?
    var quote: Character?
    var isEscaped = false
    func endWord() {
      if let word { words.append(word) }
      word = nil
    }
    for character in script {
      if isEscaped {
        word = (word ?? "") + String(character)
        isEscaped = false
      } else if character == "\\", quote != "'" {
        isEscaped = true
      } else if let open = quote {
        if character == open { quote = nil } else { word?.append(character) }
      } else if character == "'" || character == "\"" {
        quote = character
        word = word ?? ""
      } else if ";&|\n(){}".contains(character) {
        endWord()
        if !words.isEmpty { commands.append(words) }
        words = []
      } else if character.isWhitespace {
        endWord()
      } else {
        word = (word ?? "") + String(character)
      }
    }
    endWord()
    if !words.isEmpty { commands.append(words) }
    return commands
  }
}

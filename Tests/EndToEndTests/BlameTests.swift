import LaForgeTestSupport
import SystemPackage
import Testing

/// `laforge blame`, in repositories that scripts make.
@Suite struct BlameTests {
  /// What the scripts have: `blame` without times and with single spaces, `run` quiet.
  private static let functions = """
    exec 2>&1
    blame() { laforge blame "$@" | sed -E 's/ [0-9]{2}:[0-9]{2} / /; s/  +/ /'; }
    run() { laforge run -q -- "$@"; }
    """

  private func outcome(
    of script: String, objectFormat: String = "sha1"
  ) async throws -> String {
    let environment = try await TestEnvironment(objectFormat: objectFormat)
    return try await environment.shell("\(Self.functions)\n\(script)").standardOutput
      .replacing(environment.repository.string, with: "WEB")
  }

  @Test func statesAreFollowedAndNotCommits() async throws {
    let text = try await outcome(
      of: """
        printf 'one\\ntwo\\nthree\\n' > f; git add f; git commit -qm f; echo mine >> f
        run sh -c 'sed -i s/two/TWO/ f; git commit -qam all'
        echo between >> f; git commit -qam between
        run sh -c 'echo theirs >> f'; echo since >> f; blame f
        """)
    #expect(
      text == """
        before S1 1  one
        S1 sh 2  TWO
        before S1 3  three
        before S1 4  mine
        you 5  between
        S2 sh 6  theirs
        you 7  since

        """)
  }

  @Test func renamesAreFollowedWhoeverMadeThem() async throws {
    let text = try await outcome(
      of: """
        seq 20 > f; git add f; git commit -qm f; run sh -c 'git mv f g; sed -i s/^7$/seven/ g'
        mv g h; sed -i s/^9$/nine/ h; blame h | sed -n '6,9p'
        """)
    #expect(text == "before S1 6  6\nS1 sh 7  seven\nbefore S1 8  8\nyou 9  nine\n")
  }

  @Test func aRunningStepWroteWhatChangedSinceItBegan() async throws {
    let text = try await outcome(
      of: """
        printf 'a\\n' > f; run true; echo b >> f
        run sh -c 'echo c >> f; laforge blame f --json | grep -E "step_id. :|you"'
        """)
    #expect(
      text == """
            "step_id" : null,
            "you" : false
            "step_id" : null,
            "you" : true
            "step_id" : 2,
            "you" : false

        """)
  }

  @Test func whatIsRolledBackWroteNothing() async throws {
    let text = try await outcome(
      of: """
        printf 'a\\n' > f; run sh -c 'echo b >> f'; run sh -c 'echo c >> f'
        laforge undo > /dev/null; run sh -c 'echo d >> f'; blame f
        laforge rollback 1 > /dev/null; blame f
        """)
    #expect(
      text == """
        before S1 1  a
        S1 sh 2  b
        S3 sh 3  d
        before S1 1  a
        S1 sh 2  b

        """)
  }

  @Test(arguments: ["sha1", "sha256"])
  func oddPlacesAndNames(_ format: String) async throws {
    let text = try await outcome(
      of: #"""
        mkdir -p 'a "b"'; printf 'x\n' > "a \"b\"/it's \\ f"; git add .; git commit -qm x
        git worktree add -q ../linked; cd ../linked
        run sh -c 'echo y >> "a \"b\"/it'\''s \\ f"'; cd 'a "b"'; blame "it's \\ f"
        cd /; laforge -C "$OLDPWD" blame "it's \\ f" --json | grep -c '"line"'
        laforge -C "$HOME/../linked" blame "a \"b\"/../a \"b\"/it's \\ f" | wc -l
        """#, objectFormat: format)
    #expect(text == "before S1 1  x\nS1 sh 2  y\n2\n2\n")
  }

  @Test func rangesAreThoseOfGit() async throws {
    let text = try await outcome(
      of: """
        seq 9 > f; printf 'int one(void)\\n{\\n}\\n\\nint two(void)\\n{\\n}\\n' > f.c; run true
        lines() { laforge blame "$@" --json | grep -o '"line" : [0-9]*' | cut -c 10- | paste -sd' '; }
        lines f -L 2,4; lines f -L2,+2; lines -L /5/,6 f; lines f -L 8, -L ,1; lines f.c -L :two
        """)
    #expect(text == "2 3 4\n2 3\n5 6\n1 8 9\n5 6 7\n")
  }

  @Test func theRepositoryIsLeftAsItIs() async throws {
    let text = try await outcome(
      of: """
        printf 'a\\n' > f; run sh -c 'echo b >> f'; echo c >> f
        for hook in reference-transaction post-commit post-index-change; do
          printf '#!/bin/sh\\necho "$0" >> "$HOME/hooks"\\n' > .git/hooks/$hook
          chmod +x .git/hooks/$hook
        done
        look() { find .git -type f -printf '%p %s %T@\\n' | grep -v 'steps.db-' | sort; }
        look > ../before; laforge blame f > /dev/null; look | diff ../before - && echo same
        ls "$TMPDIR" | wc -l; cat "$HOME/hooks" 2> /dev/null | wc -l
        """)
    #expect(text == "same\n0\n0\n")
  }

  @Test func settingsOfTheUserChangeNothing() async throws {
    let text = try await outcome(
      of: """
        git config --global blame.ignoreRevsFile nowhere; git config core.autocrlf true
        git config --global blame.showEmail true
        printf 'a\\r\\n' > f; run sh -c 'printf "b\\r\\n" >> f'; blame f | od -c | grep -c '\\\\r'
        blame f
        """)
    #expect(text == "0\nbefore S1 1  a\nS1 sh 2  b\n")
  }

  @Test func mistakesAreNamed() async throws {
    let text = try await outcome(
      of: """
        echo a > f; laforge blame f; echo $?; run true; echo x > .gitignore; echo y > x; mkfifo pipe
        for words in nothing . ../out x pipe 'f -L 5' 'f -L 1,x' 'f -L 1,2,3' '' 'f f' 'f -L'; do
          laforge blame $words | cat; echo ${PIPESTATUS[0]}
        done; laforge blame nothing --json
        """)
    #expect(
      text == """
        Error: There are no steps in this worktree yet.
        Hint: `laforge run -- <command>` records one.
        1
        Error: There is no file 'nothing'.
        1
        Error: '.' is a folder.
        Hint: `laforge blame` shows one file.
        1
        Error: '../out' is outside the working tree 'WEB'.
        Nothing was changed.
        1
        Error: 'x' is ignored by git: no recorded state holds it.
        Hint: `git config --add laforge.include x` covers it from now on.
        1
        Error: 'pipe' is no file: it has no lines.
        1
        Error: The lines '5' of 'f' cannot be shown.
        Caused by: file f has only 1 line
        1
        Error: '-L' takes lines such as 10,20 or 10,+5 or /regex/ or :function, not '1,x'.
        Hint: `laforge help blame` shows what there is.
        64
        Error: '-L' takes lines such as 10,20 or 10,+5 or /regex/ or :function, not '1,2,3'.
        Hint: `laforge help blame` shows what there is.
        64
        Error: Missing expected argument '<PATH>'.
        Hint: `laforge help blame` shows what there is.
        64
        Error: Unexpected argument 'f'.
        Hint: `laforge help blame` shows what there is.
        64
        Error: Missing value for '-L <a,b>'.
        Hint: `laforge help blame` shows what there is.
        64
        {
          "error" : {
            "code" : "no_such_file",
            "hint" : null,
            "message" : "There is no file 'nothing'."
          }
        }

        """)
  }

  @Test func aFileCannotControlTheTerminal() async throws {
    let environment = try await TestEnvironment()
    try await environment.shell(
      #"printf '\033]0;title\007a\tb\n' > f; laforge run -q true; git config core.pager cat"#)
    let terminal = try TerminalProcess(
      [TestEnvironment.program.string, "blame", "f"], in: environment, adding: ["TERM": "xterm"])
    let (text, status) = try await terminal.end()
    #expect(status == 0)
    #expect(!text.contains("title") && text.contains("  a       b"), "\(text)")
    let piped = try await environment.laforge(["blame", "f"])
    #expect(piped.standardOutput.hasSuffix("  \u{1B}]0;title\u{7}a\tb\n"), "\(piped)")
  }
}

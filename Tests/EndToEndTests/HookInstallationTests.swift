import LaForgeTestSupport
import Testing

/// `laforge hooks install` and `uninstall`, beside the hooks that are there.
@Suite struct HookInstallationTests {
  /// `hook NAME SCRIPT` writes a hook into `$hooks`; `files` prints the folder's files with their modes
  /// and contents; `commit` makes a commit inside a step and prints its trailers.
  private static let functions = """
    exec 2>&1
    laforge run -q true; hooks=.git/hooks; rm -f .git/hooks/*
    hook() { mkdir -p $hooks; printf '#!/bin/sh\\n%s\\n' "$2" > $hooks/$1; chmod +x $hooks/$1; }
    files() {
      (cd $hooks && find . -printf '%p %m %l\\n' | sort; find . -type f | sort | xargs cat) 2>/dev/null
    }
    commit() {
      laforge run -q git commit -q --allow-empty -m "${1-x}" || echo "status $?"
      git log -1 --format=%B | grep -c LaForge-Step
    }
    """

  private func outcome(of script: String) async throws -> String {
    let environment = try await TestEnvironment()
    return try await environment.shell("\(Self.functions)\n\(script)").standardOutput
  }

  @Test func aHookThatIsThereRunsFirstAndComesBackByteForByte() async throws {
    let text = try await outcome(
      of: """
        hook commit-msg 'echo "first $# $(cat "$1")"'; hook pre-push 'echo "$1 $(wc -l)"'
        hook post-rewrite 'echo "$1 $(wc -l)"'; ln -s ../elsewhere $hooks/post-commit
        printf '#!/bin/sh\\necho linked' > .git/elsewhere; chmod 700 .git/elsewhere; chmod 750 $hooks/pre-push
        files > ../before; laforge hooks install | grep -c 'installed, after'; laforge hooks install >/dev/null
        commit; git commit -q --amend --allow-empty -m y; git init -q --bare ../r; git push -q ../r main
        laforge hooks uninstall | grep -c uninstalled; files | diff ../before - && echo same
        """)
    #expect(text == "4\nfirst 1 x\nlinked\n1\nfirst 1 y\nlinked\namend 1\n../r 1\n4\nsame\n")
  }

  @Test(
    .needsTracing,
    arguments: [
      // A file system without hard links.
      ("inject=?link,linkat:error=EPERM", true),
      ("inject=?rename,renameat,renameat2:error=EIO:when=1", false),
      (
        "inject=?link,linkat:error=EPERM -e inject=?rename,renameat,renameat2:error=EIO:when=2",
        false
      ),
    ])
  func aFileSystemThatCannotDoAllLosesNoHook(_ fault: String, _ isInstalled: Bool) async throws {
    let text = try await outcome(
      of: """
        hook commit-msg 'echo mine'; files > ../before
        strace -f -o /dev/null -e \(fault) laforge hooks install | grep -c 'installed, after'
        commit; laforge hooks uninstall >/dev/null; files | diff ../before - && echo same
        """)
    let wanted = isInstalled ? "1\nmine\n1\nsame\n" : "0\nmine\n0\nsame\n"
    #expect(text.hasSuffix(wanted), "\(text)")
  }

  @Test func aHookThatFailsOrCannotBeRunDoesAsBefore() async throws {
    let text = try await outcome(
      of: """
        hook commit-msg 'grep -q "^fix: " "$1" || { echo bad message; exit 3; }'
        hook post-commit 'exit 4'; hook pre-push 'exit 5'; hook post-rewrite 'exit 6'
        laforge hooks install >/dev/null; commit; commit 'fix: x'
        git init -q --bare ../r; git push -q ../r main; echo $?
        chmod -x $hooks/commit-msg.before-laforge; commit bad
        """)
    #expect(
      text == """
        bad message
        status 1
        0
        1
        error: failed to push some refs to '../r'
        1
        1

        """)
  }

  @Test(arguments: [
    "git config core.hooksPath .own; hooks=.own", "git config core.hooksPath $PWD/.own; hooks=.own",
    "mkdir 'it'\\''s \"odd\" $here'; cd it*; git init -q; git commit -q --allow-empty -m s; laforge run -q true",
  ])
  func hooksGoWhereGitLooksForThem(_ setup: String) async throws {
    let text = try await outcome(
      of: """
        \(setup); hook commit-msg 'echo mine'; files > ../before; laforge hooks install >/dev/null; commit
        laforge hooks uninstall >/dev/null; files | diff ../before - && echo same; commit
        """)
    #expect(text == "mine\n1\nsame\nmine\n0\n")
  }

  @Test func aLinkedWorktreeUsesTheSameHooksAndARelativeFolderItsOwn() async throws {
    let text = try await outcome(
      of: """
        git worktree add -q ../w; cd ../w; laforge hooks install >/dev/null; commit
        git config core.hooksPath own; laforge hooks | grep -c 'not installed: would'
        laforge hooks install | head -1 | sed "s|${PWD%/*}|.|"; commit; cd ../web; commit
        """)
    #expect(text == "1\n4\nhooks  ./w/own\n1\n0\n")
  }

  @Test func foldersOfOthersGetALineToAdd() async throws {
    let text = try await outcome(
      of: """
        git config --global core.hooksPath ~/shared; hooks=~/shared; hook commit-msg 'echo shared'
        files > ../before; laforge hooks install > ../said; echo $?; files | diff ../before - && echo same
        git config --global --unset core.hooksPath
        git config core.hooksPath tools; hooks=tools; hook commit-msg 'echo tracked'; git add tools
        laforge hooks install | grep -c 'the files there are the project'
        grep -m1 'hook commit-msg' ../said >> tools/commit-msg; laforge hooks | grep -c '  installed'; commit
        laforge hooks uninstall | sed -n "s|$PWD/||;s/^  commit-msg *//p"
        """)
    #expect(
      text == """
        1
        same
        4
        1
        tracked
        1
        the line in 'tools/commit-msg' is yours to take out

        """, "\(text)")
  }

  /// The layout of husky 9: git runs wrappers in `.husky/_`, which run the project's files.
  @Test func huskyGetsALineForEachHook() async throws {
    let text = try await outcome(
      of: """
        mkdir -p .husky/_; echo '*' > .husky/_/.gitignore; git config core.hooksPath .husky/_
        git config laforge.include .husky/_/; laforge run -q true
        cat > .husky/_/h <<'END'
        #!/usr/bin/env sh
        n=$(basename "$0")
        s=$(dirname "$(dirname "$0")")/$n
        [ ! -f "$s" ] && exit 0
        sh -e "$s" "$@"
        END
        for n in commit-msg post-commit post-rewrite pre-push; do
          printf '#!/usr/bin/env sh\\n. "$(dirname "$0")/h"' > .husky/_/$n; chmod +x .husky/_/$n; done
        echo 'echo mine' > .husky/commit-msg
        laforge hooks install > ../said; echo $?
        for n in commit-msg post-commit post-rewrite pre-push; do
          grep -m1 "hook $n " ../said >> .husky/$n; done
        laforge hooks install | grep -c '  installed'; commit; git commit -q --allow-empty --amend -m y
        ls .git/laforge/spool | wc -l; git init -q --bare ../r; git push -q ../r main; echo $?
        git push -q --mirror ../r 2>/dev/null; echo $?
        """)
    #expect(text == "1\n4\nmine\n1\nmine\n1\n0\n1\n")
  }

  /// The framework runs `NAME.legacy` first; here a script with its mark does.
  @Test func preCommitRunsLaForgeAsTheHookBeforeIt() async throws {
    let text = try await outcome(
      of: """
        hook commit-msg '# File generated by pre-commit: https://pre-commit.com
        here=$(cd "$(dirname "$0")" && pwd); [ ! -x "$here/commit-msg.legacy" ] || "$here/commit-msg.legacy" "$@" || exit
        echo framework'
        hook commit-msg.legacy 'echo older'; files > ../before
        laforge hooks install | grep -c '  installed'; commit
        laforge hooks uninstall >/dev/null; files | diff ../before - && echo same
        """)
    #expect(text == "4\nolder\nframework\n1\nsame\n")
  }

  /// `pre-commit install` moves the hook that it finds to `NAME.legacy`.
  @Test func whatPreCommitMovedAsideStillRunsTheHookBeforeIt() async throws {
    let text = try await outcome(
      of: """
        hook commit-msg 'echo older'; laforge hooks install >/dev/null
        mv $hooks/commit-msg $hooks/commit-msg.legacy
        hook commit-msg '# File generated by pre-commit: https://pre-commit.com
        "$0.legacy" "$@" || exit; echo framework'
        commit; laforge hooks uninstall >/dev/null; commit; ls $hooks
        """)
    #expect(text == "older\nframework\n1\nolder\nframework\n0\ncommit-msg\ncommit-msg.legacy\n")
  }

  @Test(arguments: [
    ("call_lefthook run \"commit-msg\" \"$@\"", "run: laforge hook commit-msg {0}"),
    ("# OVERCOMMIT_DISABLE", "command: ['laforge', 'hook', 'commit-msg']"),
    ("case $(basename \"$0\") in commit-msg) ;; esac", "laforge hook commit-msg \"$@\""),
  ])
  func aHookThatIsWrittenAnewOrKnowsItsNameIsLeftAlone(_ content: String, line: String) async throws
  {
    let text = try await outcome(
      of: """
        hook commit-msg '\(content)'; cat $hooks/commit-msg > ../before
        laforge hooks install; echo $?; cmp $hooks/commit-msg ../before && ls $hooks
        """)
    #expect(text.contains(line), "\(text)")
    #expect(text.hasSuffix("\n1\ncommit-msg\npost-commit\npost-rewrite\npre-push\n"), "\(text)")
  }

  @Test func anOlderVersionIsUpdatedInPlace() async throws {
    let text = try await outcome(
      of: """
        hook commit-msg 'echo mine'; laforge hooks install >/dev/null
        printf '#!/bin/sh\\n# LaForge hook, version 0: x\\n' > $hooks/commit-msg
        laforge hooks | grep -c 'another version'; laforge hooks install >/dev/null; commit
        ls $hooks | grep commit-msg
        """)
    #expect(text == "1\nmine\n1\ncommit-msg\ncommit-msg.before-laforge\n")
  }

  @Test func aHookThatTookThePlaceOfLaForgesIsNotOverwritten() async throws {
    let text = try await outcome(
      of: """
        hook commit-msg 'echo older'; laforge hooks install >/dev/null; hook commit-msg 'echo newer'
        laforge hooks install | head -1; cat $hooks/commit-msg $hooks/commit-msg.before-laforge | grep echo
        """)
    #expect(text.contains("commit-msg' was replaced since LaForge put its hook there."), "\(text)")
    #expect(text.hasSuffix("echo newer\necho older\n"), "\(text)")
  }

  /// No git at hand runs such hooks yet, so one that claims to shows what would be run.
  @Test func aGitWithHooksInItsConfigurationGetsThemThere() async throws {
    let environment = try await TestEnvironment()
    try environment.makeProgram(
      "git", "[ \"$1\" = version ] && { echo git version 2.54.0; exit; }; exec /usr/bin/git \"$@\"")
    let text = try await environment.shell(
      """
      laforge run -q true; rm -f .git/hooks/*; cp .git/config ../before; laforge hooks install | tail -4
      git config --get-regexp '^hook' | sed "s|$PWD|.|g"; ls .git/hooks
      eval "$(git config hook.laforge-commit-msg.command) /dev/null"; echo $?
      laforge hooks uninstall >/dev/null; cmp .git/config ../before && ls .git/laforge/hooks
      """
    ).standardOutput
    #expect(
      text == """
          commit-msg    installed
          post-commit   installed
          post-rewrite  installed
          pre-push      installed
        hook.laforge-commit-msg.event commit-msg
        hook.laforge-commit-msg.command f() { [ ! -x ./.git/laforge/hooks/commit-msg ] || ./.git/laforge/hooks/commit-msg "$@"; }; f
        hook.laforge-post-commit.event post-commit
        hook.laforge-post-commit.command f() { [ ! -x ./.git/laforge/hooks/post-commit ] || ./.git/laforge/hooks/post-commit "$@"; }; f
        hook.laforge-post-rewrite.event post-rewrite
        hook.laforge-post-rewrite.command f() { [ ! -x ./.git/laforge/hooks/post-rewrite ] || ./.git/laforge/hooks/post-rewrite "$@"; }; f
        hook.laforge-pre-push.event pre-push
        hook.laforge-pre-push.command f() { [ ! -x ./.git/laforge/hooks/pre-push ] || ./.git/laforge/hooks/pre-push "$@"; }; f
        0

        """)
  }

  @Test func theDocumentTellsEachHook() async throws {
    let environment = try await TestEnvironment()
    let output = try await environment.laforge(["hooks", "status", "--json"])
    let hooks = try output.json()["hooks"]?.array ?? []
    #expect(hooks.map { $0["state"] } == Array(repeating: "missing", count: 4))
    #expect(hooks.first?.keys == ["name", "state", "path", "displaced", "add"])
  }
}

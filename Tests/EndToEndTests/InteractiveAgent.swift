import LaForgeTestSupport
import SystemPackage

/// A stand-in for the interactive session of an agent that calls hooks and writes its session down.
///
/// Each line of standard input is a prompt, which it obeys as a shell script; `ESC …` is interrupted,
/// so that no hook tells its end, `LATE …` writes down nothing, and `CLEAR` begins another session.
/// The hooks come from the settings of the project, their input has the form that the agents' own
/// documents give.
enum InteractiveAgent {
  /// Puts `claude`, `codex` and `gemini` on the path.
  static func install(in environment: TestEnvironment) throws {
    for name in ["claude", "codex", "gemini"] {
      try environment.write(program, to: environment.root.appending("\(name).py"))
      try environment.makeProgram(name, "exec python3 \(environment.root)/\(name).py \"$@\"")
    }
  }

  private static let program = """
    import datetime, json, os, subprocess, sys

    name = os.path.basename(sys.argv[0]).split(".")[0]
    home, here = os.environ["HOME"], os.getcwd()
    settings, begin, end, final = {
        "claude": (".claude/settings.json", "UserPromptSubmit", "Stop", "SessionEnd"),
        "codex": (".codex/hooks.json", "UserPromptSubmit", "Stop", None),
        "gemini": (".gemini/settings.json", "BeforeAgent", "AfterAgent", "SessionEnd"),
    }[name]
    session, turns = 0, 0

    def now():
        return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")

    def identity():
        return "%08d-0000-4000-8000-%012d" % (session, os.getpid())

    def transcript():
        return {
            "claude": f"{home}/.claude/projects/-web/{identity()}.jsonl",
            "codex": f"{home}/.codex/sessions/2026/11/23/rollout-{identity()}.jsonl",
            "gemini": f"{home}/.gemini/tmp/web/chats/session-{identity()[:8]}.jsonl",
        }[name]

    def note(**record):
        os.makedirs(os.path.dirname(transcript()), exist_ok=True)
        with open(transcript(), "a") as file:
            file.write(json.dumps(dict(record, timestamp=now())) + "\\n")

    def hook(event, **more):
        given = dict(session_id=identity(), transcript_path=transcript(), cwd=here,
                     hook_event_name=event, **more)
        try:
            groups = json.load(open(settings))["hooks"].get(event, [])
        except FileNotFoundError:
            return
        place = {"claude": "CLAUDE_PROJECT_DIR", "gemini": "GEMINI_PROJECT_DIR"}.get(name, "NONE")
        for command in [hook["command"] for group in groups for hook in group["hooks"]]:
            done = subprocess.run(["/bin/sh", "-c", command], input=json.dumps(given), text=True,
                                  stdout=subprocess.PIPE, env=dict(os.environ, **{place: here}))
            print(f"{event} {done.returncode} {done.stdout}".strip(), file=sys.stderr)

    def opening():
        if name == "codex":
            note(type="session_meta", payload=dict(id=identity(), cwd=here))
            note(type="turn_context", payload=dict(model="gpt-5"))
        if name == "gemini":
            note(sessionId=identity())

    def answer():
        # Each turn is an answer of 100 tokens to a question of 1,000.
        if name == "claude":
            usage = dict(input_tokens=1000, cache_read_input_tokens=0,
                         cache_creation_input_tokens=0, output_tokens=100)
            note(type="assistant", sessionId=identity(), cwd=here, message=dict(
                id=f"m{os.getpid()}-{turns}", model="claude-sonnet-4-5", stop_reason="end_turn",
                usage=usage))
        elif name == "codex":
            total = dict(input_tokens=1000 * turns, cached_input_tokens=0,
                         output_tokens=100 * turns, total_tokens=1100 * turns)
            last = dict(input_tokens=1000, cached_input_tokens=0, output_tokens=100,
                        total_tokens=1100)
            note(type="event_msg", payload=dict(type="token_count", info=dict(
                total_token_usage=total, last_token_usage=last)))
        else:
            note(id=f"m{turns}", type="gemini", model="gemini-2.5-pro", tokens=dict(
                input=1000, output=100, cached=0, thoughts=0, tool=0, total=1100))

    opening()
    for prompt in sys.stdin.read().splitlines():
        if prompt == "CLEAR":
            if final:
                hook(final)
            session, turns = session + 1, 0
            opening()
            continue
        turns += 1
        hook(begin, prompt=prompt)
        subprocess.run(["/bin/bash", "-c", prompt.removeprefix("ESC ").removeprefix("LATE ")])
        if not prompt.startswith("LATE "):
            answer()
        if not prompt.startswith("ESC "):
            hook(end)
    if final:
        hook(final)

    """
}

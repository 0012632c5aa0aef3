/// Which reader reads which agent, as data.
enum AgentFormats {
  struct Entry {
    var reader: any AgentReader.Type
    /// Whether it was tried on runs of the real agent; the others were written after its documents and
    /// sources.
    var isVerified = true
  }

  static var entries: [String: Entry] {
    [
      "claude": Entry(reader: ClaudeCodeReader.self),
      "codex": Entry(reader: CodexReader.self),
      "aider": Entry(reader: AiderReader.self),
      "gptme": Entry(reader: GptmeReader.self),
      "vibe": Entry(reader: VibeReader.self),
      "kimi": Entry(reader: KimiReader.self),
      "mini-swe-agent": Entry(reader: MiniSWEAgentReader.self),
      "codebuddy": Entry(reader: CodeBuddyReader.self),
      "openhands": Entry(reader: OpenHandsReader.self),
      "code-puppy": Entry(reader: CodePuppyReader.self),
      "hermes": Entry(reader: HermesReader.self),
      "llm": Entry(reader: LLMReader.self),
      "gemini": Entry(reader: GeminiReader.self, isVerified: false),
      "qwen": Entry(reader: QwenReader.self, isVerified: false),
      "opencode": Entry(reader: OpencodeReader.self, isVerified: false),
      "goose": Entry(reader: GooseReader.self, isVerified: false),
      "copilot": Entry(reader: CopilotReader.self, isVerified: false),
      "cursor-agent": Entry(reader: CursorReader.self, isVerified: false),
      "amp": Entry(reader: AmpReader.self, isVerified: false),
      "crush": Entry(reader: CrushReader.self, isVerified: false),
      "pi": Entry(reader: PiReader.self, isVerified: false),
      "droid": Entry(reader: DroidReader.self, isVerified: false),
    ]
  }
}

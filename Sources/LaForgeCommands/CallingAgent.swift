import LaForgeCore

/// The agent that calls LaForge from inside: the process that its steps end with at the latest.
struct CallingAgent {
  let process: AgentProcess
  /// The words that it was started with; empty where they are not known.
  let words: [String]

  init(process: AgentProcess, words: [String]) {
    self.process = process
    self.words = words
  }

  /// The nearest process above this one that runs a certain agent, else the nearest that is more than a
  /// shell which was started to make this call; `nil` where none can be seen.
  init?(named name: String?, in context: CommandContext) {
    let all = context.ancestors
    // A shell that has only forked, as for `$(…)`, is gone soon; the one that it comes from stays.
    let ancestors = all.indices.filter { $0 + 1 >= all.count || all[$0].words != all[$0 + 1].words }
      .map { all[$0] }
    let agent = ancestors.first { name != nil && AgentRecognition($0.words).agent?.name == name }
    let other = ancestors.first { !AgentRecognition.isShellCommand($0.words) }
    guard let found = agent ?? other else { return nil }
    self.init(process: found.process, words: found.words)
  }

  /// The agent's name, or that of the program.
  var name: String? {
    guard !words.isEmpty else { return nil }
    let recognition = AgentRecognition(words)
    return recognition.agent?.name ?? recognition.program
  }
}

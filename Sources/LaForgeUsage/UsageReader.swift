package import LaForgeCore

/// Reads the usage of one run from its output, whatever the agent.
///
/// The agent's own format wins over the general `token_usage` lines, which a wrapper prints, and
/// the file named by `LAFORGE_USAGE_FILE` wins over both.
package struct UsageReader: UsageMeter {
  private var standardOutput = LineAssembler()
  private var standardError = LineAssembler()
  private var agentParser: (any UsageParser)?
  private var generalParser = TokenUsageLineParser()
  private var unreadableLines = 0
  package private(set) var costSoFar: Cost?

  /// - Parameters:
  ///   - agent: The agent's name, which decides what the fields of its output mean.
  ///   - arguments: The words of the command: some agents report differently when they resume.
  package init(agent: String, arguments: [String]) {
    agentParser = AgentFormats.makeParser(agent: agent, arguments: arguments)
  }

  package mutating func consume(_ bytes: UnsafeRawBufferPointer, from stream: AgentStream) {
    // Taken out while it works, since its closure changes the parsers.
    var assembler = stream == .standardOutput ? standardOutput : standardError
    if stream == .standardOutput {
      standardOutput = LineAssembler()
    } else {
      standardError = LineAssembler()
    }
    assembler.consume(bytes) { read($0, from: stream) }
    if stream == .standardOutput {
      standardOutput = assembler
    } else {
      standardError = assembler
    }
  }

  package mutating func finish(usageFile: [UInt8]?) -> UsageReport {
    var (output, error) = (standardOutput, standardError)
    output.finish { read($0, from: .standardOutput) }
    error.finish { read($0, from: .standardError) }
    (standardOutput, standardError) = (output, error)
    var report = agentParser?.report ?? UsageReport()
    let general = generalParser.report
    if report.usage == nil { report.usage = general.usage }
    if let usageFile { merge(usageFile, into: &report) }
    report.unreadableLines = unreadableLines
    if unreadableLines > 0, report.usage == nil {
      report.usage = TokenUsage()
      report.usage?.isComplete = false
      report.usage?.incompleteReason = "what reports it could not be read"
    }
    return report
  }

  private mutating func read(_ line: UnsafeRawBufferPointer, from stream: AgentStream) {
    do {
      if line.looksLikeJSON {
        try readJSON(line, from: stream)
      } else if TokenUsageLineParser.mayHoldText(line) {
        try readGeneral(line, from: stream)
      }
    } catch {
      unreadableLines += 1
    }
  }

  private mutating func readJSON(
    _ line: UnsafeRawBufferPointer, from stream: AgentStream
  ) throws {
    if let parser = agentParser, type(of: parser).markers.contains(where: line.contains) {
      try agentParser?.read(line, from: stream)
      costSoFar = agentParser?.report.usage?.cost ?? costSoFar
    } else if TokenUsageLineParser.markers.contains(where: line.contains) {
      try readGeneral(line, from: stream)
    }
  }

  private mutating func readGeneral(
    _ line: UnsafeRawBufferPointer, from stream: AgentStream
  ) throws {
    try generalParser.read(line, from: stream)
    costSoFar = generalParser.report.usage?.cost ?? costSoFar
  }

  private mutating func merge(_ usageFile: [UInt8], into report: inout UsageReport) {
    guard let figures = UsageFigures(usageFile: usageFile) else {
      unreadableLines += 1
      return
    }
    report.model = figures.model ?? report.model
    if let usage = figures.usage(from: .usageFile) {
      let printedCost = report.usage?.cost
      report.usage = usage
      if usage.cost == nil, let printedCost {
        report.usage?.cost = printedCost
        report.usage?.costSource = .agent
      }
    } else if let cost = figures.cost {
      var usage = report.usage ?? TokenUsage()
      usage.cost = cost
      usage.costSource = .agent
      report.usage = usage
    }
  }
}

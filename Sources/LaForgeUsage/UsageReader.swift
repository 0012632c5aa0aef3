package import LaForgeCore

/// Reads the usage of one run from all places that tell it, whatever the agent.
///
/// The file named by `LAFORGE_USAGE_FILE` wins over everything, the agent's own format over the
/// general `token_usage` lines, which a wrapper prints. Among the agent's own places its reader
/// decides.
package struct UsageReader: UsageMeter {
  private let agent: String
  private let call: AgentCall
  private let databases: any SessionDatabase
  private let prices: PriceTable
  private let isVerified: Bool
  private let printsDocument: Bool
  /// Of the reader, at hand for every line.
  private let markers: (json: LineMarkers, text: LineMarkers)?
  private let census: SessionCensus
  private var reader: (any AgentReader)?
  private var standardOutput = LineAssembler()
  private var standardError = LineAssembler()
  private var document = DocumentSplitter()
  private var general = TokenUsageLineParser()
  /// How many reports could not be read.
  var unreadableLines = 0
  private var mayCostMore = false
  private var lastCost: Cost?

  /// Looks at the agent's session files as they are before it starts; for a run that is over, whose
  /// files are named at its end, there is nothing to look at.
  ///
  /// - Parameters:
  ///   - agent: The agent's name, which decides what its fields mean.
  ///   - call: The run.
  ///   - prices: For what reports no price.
  ///   - databases: Reads SQLite files.
  ///   - isOver: Whether the run is one of long ago.
  package init(
    agent: String, call: AgentCall, prices: PriceTable, databases: any SessionDatabase,
    isOver: Bool = false
  ) {
    let entry = AgentFormats.entries[agent]
    self.agent = agent
    self.call = call
    self.prices = prices
    self.databases = databases
    isVerified = entry?.isVerified ?? true
    reader = entry?.reader.init(call)
    printsDocument = entry?.reader.printsDocument(call) ?? false
    markers = entry.map { ($0.reader.markers, $0.reader.textMarkers) }
    census = SessionCensus(
      isOver ? [] : entry?.reader.places(call) ?? [], call, databases, keepsContents: true)
  }

  // MARK: - Output

  package mutating func consume(_ bytes: UnsafeRawBufferPointer, from stream: AgentStream) {
    // Taken out while it works, since its closure changes the readers.
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

  private mutating func read(
    _ line: UnsafeRawBufferPointer, from stream: AgentStream, isWhole: Bool = true
  ) {
    guard line.first == 27 else { return readPlain(line, from: stream, isWhole) }
    // On a terminal anything may be coloured, JSON too.
    ControlSequences.stripped(line).withUnsafeBytes { readPlain($0, from: stream, isWhole) }
  }

  private mutating func readPlain(
    _ line: UnsafeRawBufferPointer, from stream: AgentStream, _ isWhole: Bool
  ) {
    // Nearly all lines are told by their first character.
    let first = line.first { !$0.isSpace }
    if let first, first.opensJSON || first.isLetter("t") {
      do {
        if line.looksLikeJSON {
          if try readJSON(line, from: stream) { return }
        } else if TokenUsageLineParser.mayHoldText(line) {
          mayCostMore = true
          try general.read(line, from: stream)
        }
      } catch {
        unreadableLines += 1
      }
    }
    if printsDocument, stream == .standardOutput { readPart(line) }
    // A line of text that broke off may say less of caches than it would have, and so too much of
    // the rest; JSON tells of itself whether it is whole.
    if isWhole { readText(line, from: stream) }
  }

  /// Returns whether the line is one for itself.
  private mutating func readJSON(
    _ line: UnsafeRawBufferPointer, from stream: AgentStream
  ) throws -> Bool {
    if let markers, markers.json.isIn(line) {
      guard !printsDocument else { return false }
      mayCostMore = true
      try reader?.take(try JSON(parsing: line), from: stream)
      return true
    }
    guard TokenUsageLineParser.markers.isIn(line) else { return false }
    mayCostMore = true
    try general.read(line, from: stream)
    return true
  }

  private mutating func readPart(_ line: UnsafeRawBufferPointer) {
    var values: [[UInt8]] = []
    document.consume(line) { values.append($0) }
    for value in values {
      do { try reader?.take(try JSON(parsing: value), from: .standardOutput) } catch {
        unreadableLines += 1
      }
    }
  }

  private mutating func readText(_ line: UnsafeRawBufferPointer, from stream: AgentStream) {
    guard let markers, line.count <= LineAssembler.textLimit,
      markers.text.isIn(line) || reader?.wantsNextLine == true
    else { return }
    mayCostMore = true
    reader?.take(String(decoding: ControlSequences.stripped(line), as: UTF8.self), from: stream)
  }

  package var costSoFar: Cost? {
    mutating get {
      guard mayCostMore else { return lastCost }
      mayCostMore = false
      let told = [
        reader.flatMap { best($0.findings(SessionReading(), RunEnding())) }?.usage,
        general.report.usage,
      ].compactMap { $0 }.first
      if var usage = told {
        prices.complete(&usage, model: model)
        lastCost = usage.cost ?? lastCost
      }
      return lastCost
    }
  }

  // MARK: - The end

  package mutating func finish(usageFile: [UInt8]?, wasKilled: Bool) -> UsageReport {
    passLastLines()
    let changed = reader.map { reader in
      SessionCensus(type(of: reader).places(call), call, databases, keepsContents: false)
        .changes(since: census, databases)
    }
    return conclude(changed ?? [], usageFile: usageFile, RunEnding(wasKilled: wasKilled))
  }

  /// As `finish`, for a run of long ago whose output was fed again, with the session files that
  /// counted then.
  ///
  /// - Parameters:
  ///   - sessions: What counted then.
  ///   - wasKilled: As in `finish`.
  ///   - hasGap: Whether a part of the output was not kept.
  /// - Returns: `nil` where a session file is not there any more, or does not tell any more what it
  ///   held by then.
  package mutating func finish(
    again sessions: [UsageExplanation.Session], wasKilled: Bool, hasGap: Bool
  ) -> UsageReport? {
    var files: [SessionFile] = []
    for session in sessions {
      let form = reader.flatMap { call.form(of: session.path, in: type(of: $0).places(call)) }
      guard let form, form == .lines || form == .text,
        let size = SessionFile.size(session.path), size >= session.sizeAfter
      else { return nil }
      files.append(
        SessionFile(
          path: session.path, form: form, sizeBefore: session.sizeBefore,
          sizeAfter: session.sizeAfter))
    }
    passLastLines()
    return conclude(files, usageFile: nil, RunEnding(wasKilled: wasKilled, hasGap: hasGap))
  }

  /// As `finish`, for a turn of an agent whose output nobody saw: what counts is what its session
  /// wrote down since the call's start.
  ///
  /// - Parameters:
  ///   - session: The session's id; `nil` where it is not known.
  ///   - transcript: The session's file, if the agent told it; it may lie anywhere.
  ///   - usageFile: As in `finish`.
  /// - Returns: What was reported; nothing for an agent whose sessions do not tell when what happened.
  package mutating func finish(
    turnOf session: String?, transcript: String?, usageFile: [UInt8]?
  ) -> UsageReport {
    guard let reader, type(of: reader).datesRecords else {
      var report = conclude([], usageFile: usageFile, RunEnding())
      report.showsEndOfTurn = true
      return report
    }
    let places = type(of: reader).places(call)
    var files = SessionCensus(places, call, databases, keepsContents: false)
      .files(writtenSince: call.start)
    if let transcript, !files.contains(where: { $0.path == transcript }),
      call.form(of: transcript, in: places) == nil, let size = SessionFile.size(transcript)
    {
      let form = transcript.hasSuffix(".json") ? SessionPlace.Form.document : .lines
      files.append(SessionFile(path: transcript, form: form, sizeAfter: size))
    }
    let sessions =
      session.map { SessionReading(files, of: $0, transcript: transcript, reader.makeTally) }
      ?? SessionReading(files, printed: [], call, reader.makeTally)
    return conclude(files, sessions, usageFile: usageFile, RunEnding())
  }

  private mutating func passLastLines() {
    var (output, error) = (standardOutput, standardError)
    output.finish { read($0, from: .standardOutput, isWhole: false) }
    error.finish { read($0, from: .standardError, isWhole: false) }
    (standardOutput, standardError) = (output, error)
  }

  private mutating func conclude(
    _ files: [SessionFile], _ sessions: SessionReading? = nil, usageFile: [UInt8]?,
    _ ending: RunEnding
  ) -> UsageReport {
    var report = UsageReport()
    var explanation = UsageExplanation(agent: reader == nil ? nil : agent, isVerified: isVerified)
    var findings: [UsageFinding] = []
    if let reader {
      let sessions =
        sessions ?? SessionReading(files, printed: reader.sessionIDs, call, reader.makeTally)
      report.showsEndOfTurn = sessions.showsEndOfTurn
      findings = reader.findings(sessions, ending)
      report.model = model ?? best(findings)?.figures.mainModel
      report.agentReportedError = reader.reportedError
      explanation.note(sessions)
      explanation.sessions = files.filter { sessions.paths.contains($0.path) }
        .map {
          UsageExplanation.Session(
            path: $0.path, sizeBefore: $0.sizeBefore, sizeAfter: $0.sizeAfter)
        }
    }
    report.usage = best(findings)?.usage
    explanation.add(findings, best: best(findings))
    merge(general.report, into: &report, &explanation)
    if let usageFile { merge(usageFile, into: &report, &explanation) }
    report.unreadableLines = unreadableLines + document.dropped
    if report.unreadableLines > 0 {
      let count = report.unreadableLines
      explanation.notes.append("\(count == 1 ? "1 report" : "\(count) reports") could not be read")
    }
    if report.unreadableLines > 0, report.usage == nil {
      report.usage = TokenUsage()
      report.usage?.isComplete = false
      report.usage?.incompleteReason = "what reports it could not be read"
    }
    if var usage = report.usage {
      prices.complete(&usage, model: report.model ?? model)
      report.usage = usage
    }
    report.explanation = explanation
    return report
  }

  /// The model that the agent names, else the user, else the call.
  private var model: String? {
    guard let reader else { return call.model }
    return reader.model ?? call.model ?? call.value(of: type(of: reader).modelOptions)
  }

  private func best(_ findings: [UsageFinding]) -> UsageFinding? {
    findings.first { $0.objection == nil && !$0.figures.isEmpty }
  }
}

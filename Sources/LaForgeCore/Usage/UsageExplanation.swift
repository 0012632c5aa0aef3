/// Which places told what of a step's usage, and what was made of it.
public struct UsageExplanation: Hashable, Codable, Sendable {
  /// One place.
  public struct Item: Hashable, Codable, Sendable {
    /// The kind of the place.
    public var source: UsageSource
    /// Where: the name of an event, or the path of a file.
    public var place: String
    /// What it told; `nil` where it told no tokens.
    public var usage: TokenUsage?
    /// Why it does not count; `nil` for the one that does.
    public var objection: String?

    /// Creates a value of these parts.
    public init(source: UsageSource, place: String, usage: TokenUsage?, objection: String?) {
      self.source = source
      self.place = place
      self.usage = usage
      self.objection = objection
    }
  }

  /// A session file that was read, and which part of it is the run's.
  public struct Session: Hashable, Codable, Sendable {
    /// The path.
    public var path: String
    /// How large it was before the run, in bytes.
    public var sizeBefore: Int64
    /// How large it was at its end, in bytes.
    public var sizeAfter: Int64

    /// Creates a value of these parts.
    public init(path: String, sizeBefore: Int64, sizeAfter: Int64) {
      self.path = path
      self.sizeBefore = sizeBefore
      self.sizeAfter = sizeAfter
    }
  }

  /// The agent whose format was read; `nil` for a program that is none that is known.
  public var agent: String?
  /// Whether the format was tried on runs of the real agent.
  public var isVerified: Bool
  /// The places, the one that counts first.
  public var items: [Item]
  /// What else is to be known: files of others that changed, lines that could not be read.
  public var notes: [String]
  /// The session files that count.
  public var sessions: [Session]

  /// Creates a value of these parts.
  public init(
    agent: String? = nil, isVerified: Bool = true, items: [Item] = [], notes: [String] = [],
    sessions: [Session] = []
  ) {
    self.agent = agent
    self.isVerified = isVerified
    self.items = items
    self.notes = notes
    self.sessions = sessions
  }
}

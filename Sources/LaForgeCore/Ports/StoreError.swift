/// A failure of the step store.
public struct StoreError: Error, Equatable, Sendable {
  /// The kind of a failure; open for growth, so switch over it with a `default`.
  public struct Code: Hashable, Sendable {
    private let name: String

    private init(_ name: String) {
      self.name = name
    }

    /// There is no database where one was to be opened.
    public static let noDatabase = Code("noDatabase")
    /// A newer program wrote the database; this one must not touch it.
    public static let newerSchema = Code("newerSchema")
    /// The file is no SQLite database, or a damaged one.
    public static let damaged = Code("damaged")
    /// The disk is full.
    public static let diskFull = Code("diskFull")
    /// The file system or the file is read-only.
    public static let readOnly = Code("readOnly")
    /// The file or its folder may not be used by this user.
    public static let notPermitted = Code("notPermitted")
    /// The database is gone, empty or not a database, and what there is besides can make it again.
    public static let lost = Code("lost")
    /// There is a folder, a pipe, a socket or the like where a file should be.
    public static let notAFile = Code("notAFile")
    /// Other processes kept the database locked for longer than the busy timeout.
    public static let busy = Code("busy")
    /// The database was replaced or deleted while it was in use.
    public static let replaced = Code("replaced")
    /// There is no step of that number.
    public static let noSuchStep = Code("noSuchStep")
    /// The step to record breaks a rule; the message says which.
    public static let invalidStep = Code("invalidStep")
    /// The step has already ended.
    public static let alreadyFinished = Code("alreadyFinished")
    /// Anything else that SQLite or the file system refused.
    public static let failed = Code("failed")
  }

  /// The kind of the failure.
  public var code: Code
  /// What went wrong, in one sentence without a full stop.
  public var message: String
  /// The database file, or the file beside it, that the failure is about.
  public var path: String
  /// What was being done: a C function, or SQL without its arguments.
  ///
  /// `nil` for a rule that the store itself holds.
  public var function: String?

  /// Creates a value of these parts.
  public init(code: Code, message: String, path: String, function: String? = nil) {
    self.code = code
    self.message = message
    self.path = path
    self.function = function
  }
}

extension StoreError: CustomStringConvertible {
  /// The form for people.
  public var description: String {
    guard let function else { return message }
    return "\(message) (\(function))"
  }
}

/// The environment that a recorded command sees: the caller's, with LaForge's variables in it.
struct AgentEnvironment {
  static let stepPrefix = "LAFORGE_STEP="
  /// Room for the digits of any step's number.
  static let stepCapacity = 20

  /// A `NAME=value` each, without the terminating NUL.
  let variables: [[UInt8]]
  /// Which of them is `LAFORGE_STEP`; its value is filled in when the step has its number.
  let stepIndex: Int

  /// - Parameters:
  ///   - inherited: The caller's variables; those that this type sets are dropped from them.
  ///   - storeID: The value of `LAFORGE_STORE`.
  ///   - usageFile: The value of `LAFORGE_USAGE_FILE`; `nil` leaves it unset.
  ///   - terminal: The path of the command's terminal where it has another than the caller, and of
  ///     the caller's; `nil` where it has the caller's.
  init(
    inheriting inherited: [[UInt8]], storeID: String, usageFile: String?,
    terminal: (own: String, callers: String)? = nil
  ) {
    let usagePrefix = "LAFORGE_USAGE_FILE="
    let storePrefix = "LAFORGE_STORE="
    let own = [Self.stepPrefix, usagePrefix, storePrefix].map { Array($0.utf8) }
    var variables = inherited.filter { variable in !own.contains { variable.starts(with: $0) } }
    if let terminal {
      // GnuPG asks for passphrases at the terminal that this names.
      let (old, new) = (Array("GPG_TTY=\(terminal.callers)".utf8), "GPG_TTY=\(terminal.own)")
      variables = variables.map { $0 == old ? Array(new.utf8) : $0 }
    }
    variables.append(Array("\(storePrefix)\(storeID)".utf8))
    if let usageFile { variables.append(Array("\(usagePrefix)\(usageFile)".utf8)) }
    stepIndex = variables.count
    variables.append(
      Array(Self.stepPrefix.utf8) + Array(repeating: UInt8(ascii: " "), count: Self.stepCapacity))
    self.variables = variables
  }
}

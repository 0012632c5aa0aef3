/// Walks once over a text and copies it without its credentials.
struct CredentialScanner {
  private let bytes: [UInt8]
  private var position = 0
  private var output: [UInt8] = []
  /// Whether the text ends within a private key.
  private(set) var endsInPrivateKey = false

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  mutating func redacted() -> [UInt8] {
    output.reserveCapacity(bytes.count)
    while position < bytes.count {
      if bytes[position] == 27 {
        copyEscapeSequence()
      } else if isNameByte(bytes[position]) {
        if skipPrivateKeyBlock() || skipKnownShape() || skipURLPassword() || skipNamedValue() {
          continue
        }
        copyWord()
      } else {
        copyByte()
      }
    }
    return output
  }

  // MARK: - Shapes

  /// `-----BEGIN … PRIVATE KEY-----` up to its end line, or to the end of the text.
  private mutating func skipPrivateKeyBlock() -> Bool {
    guard starts(with: "-----BEGIN "), let header = end(of: "PRIVATE KEY-----", from: position),
      header - position < 80
    else { return false }
    let footer = end(of: "PRIVATE KEY-----", from: header)
    endsInPrivateKey = footer == nil
    replace(upTo: footer ?? bytes.count)
    return true
  }

  /// A key by its provider's prefix, a JSON web token, or an AWS access key id.
  private mutating func skipKnownShape() -> Bool {
    guard Self.beginsShape[Int(bytes[position])] else { return false }
    for shape in Self.shapes where starts(with: shape.prefix) {
      let end = endOfToken(from: position)
      if end - position >= shape.minimumLength {
        replace(upTo: end)
        return true
      }
    }
    return false
  }

  /// `scheme://user:password@host`: the password alone is taken out.
  private mutating func skipURLPassword() -> Bool {
    var index = position
    while index < bytes.count, isLetterOrDigit(bytes[index]) || bytes[index] == ascii("+") {
      index += 1
    }
    guard index > position, hasBytes("://", at: index) else { return false }
    let authority = index + 3
    var colon: Int?
    var at: Int?
    index = authority
    while index < bytes.count, !isSpace(bytes[index]), !Self.authorityEnd.contains(bytes[index]) {
      if bytes[index] == ascii(":"), colon == nil { colon = index }
      if bytes[index] == ascii("@") { at = index }
      index += 1
    }
    guard let at else { return false }
    // A lone user name may be a token: https://ghp_x@github.com. Its shape decides.
    guard let colon, colon < at else {
      copy(upTo: authority)
      return true
    }
    copy(upTo: colon + 1)
    replace(upTo: at)
    return true
  }

  /// `name=value`, `name: value`, `"name": "value"`, `Bearer value`, where the name tells that the
  /// value is a credential.
  private mutating func skipNamedValue() -> Bool {
    var index = position
    while index < bytes.count, isNameByte(bytes[index]) { index += 1 }
    guard index > position else { return false }
    let isScheme = index - position == 6 || index - position == 5
    if isScheme, index < bytes.count, bytes[index] == ascii(" "),
      isAuthenticationScheme(upTo: index)
    {
      let end = endOfToken(from: index + 1)
      guard end - index > 8 else { return false }
      copy(upTo: index + 1)
      replace(upTo: end)
      return true
    }
    // Most words have no value behind them, and then their meaning does not matter.
    let isOption = bytes[position] == ascii("-")
    guard let value = startOfValue(after: index, isOption: isOption) else { return false }
    let name = String(decoding: bytes[position..<index], as: UTF8.self)
    guard SecretName.matches(name) else { return false }
    let isHeader =
      name.lowercased().hasSuffix("authorization") || name.lowercased() == "cookie"
      || beginsWithScheme(at: value)
    let end = endOfValue(from: value, isHeader: isHeader)
    guard end > value, !isProse(name, upTo: value, end: end) else { return false }
    copy(upTo: value)
    replace(upTo: end)
    return true
  }

  /// Whether `name: value` is rather a sentence, as in "add password: field to form": a word in small
  /// letters, a colon and a space, and another such word.
  private func isProse(_ name: String, upTo value: Int, end: Int) -> Bool {
    func isSmall(_ byte: UInt8) -> Bool { (97...122).contains(byte) }
    return value >= 2 && bytes[value - 1] == ascii(" ") && bytes[value - 2] == ascii(":")
      && name.utf8.allSatisfy(isSmall) && bytes[value..<end].allSatisfy(isSmall)
  }

  private func isAuthenticationScheme(upTo index: Int) -> Bool {
    let name = String(decoding: bytes[position..<index], as: UTF8.self).lowercased()
    return name == "bearer" || name == "basic"
  }

  /// Whether a value begins with the name of an authentication scheme and goes on after it.
  private func beginsWithScheme(at index: Int) -> Bool {
    let rest = String(decoding: bytes[index...].prefix(8), as: UTF8.self).lowercased()
    return ["bearer ", "basic ", "token "].contains(where: rest.hasPrefix)
  }

  /// Where the value of a name that ends at `index` begins; `nil` where none follows.
  ///
  /// The value of an option may follow after a space.
  private func startOfValue(after index: Int, isOption: Bool) -> Int? {
    var index = index
    if isOption, index < bytes.count, bytes[index] == ascii(" ") {
      while index < bytes.count, bytes[index] == ascii(" ") { index += 1 }
      guard index < bytes.count, bytes[index] != ascii("-") else { return nil }
      return Self.quotes.contains(bytes[index]) ? index + 1 : index
    }
    if index < bytes.count, Self.quotes.contains(bytes[index]) { index += 1 }
    while index < bytes.count, bytes[index] == ascii(" ") { index += 1 }
    guard index < bytes.count, bytes[index] == ascii("=") || bytes[index] == ascii(":") else {
      return nil
    }
    index += 1
    while index < bytes.count, bytes[index] == ascii(" ") { index += 1 }
    if index < bytes.count, Self.quotes.contains(bytes[index]) { index += 1 }
    return index
  }

  /// A header's value runs to the end of its line or quotation, any other to the next space.
  private func endOfValue(from start: Int, isHeader: Bool) -> Int {
    let isQuoted = start > 0 && Self.quotes.contains(bytes[start - 1])
    var index = start
    while index < bytes.count {
      let byte = bytes[index]
      if byte == ascii("\n") || Self.quotes.contains(byte) { break }
      if !isHeader, !isQuoted, isSpace(byte) || Self.valueEnd.contains(byte) { break }
      index += 1
    }
    return index
  }

  // MARK: - Walking

  private mutating func copyByte() {
    output.append(bytes[position])
    position += 1
    // `\\nsk-…` in a string of JSON: the letter belongs to the escape.
    if bytes[position - 1] == ascii("\\"), position < bytes.count,
      Self.escaped.contains(bytes[position])
    {
      output.append(bytes[position])
      position += 1
    }
  }

  /// Copies up to where another word may begin: a letter or digit after something else.
  private mutating func copyWord() {
    let start = position
    position += 1
    while position < bytes.count, isNameByte(bytes[position]) {
      let last = bytes[position - 1]
      if last >= 128 || !isLetterOrDigit(last) { break }
      position += 1
    }
    output += bytes[start..<position]
  }

  /// Copies a control sequence of a terminal, whose last letter is not part of the word behind it;
  /// see `man 4 console_codes`.
  private mutating func copyEscapeSequence() {
    let start = position
    position += 1
    if position < bytes.count, bytes[position] == ascii("[") {
      position += 1
      while position < bytes.count, (0x20...0x3F).contains(bytes[position]) { position += 1 }
    }
    position = min(position + 1, bytes.count)
    output += bytes[start..<position]
  }

  private mutating func copy(upTo end: Int) {
    output += bytes[position..<end]
    position = end
  }

  private mutating func replace(upTo end: Int) {
    output += Array(CredentialRedactor.placeholder.utf8)
    position = end
  }

  private func starts(with text: StaticString) -> Bool { hasBytes(text, at: position) }

  private func hasBytes(_ text: StaticString, at index: Int) -> Bool {
    text.withUTF8Buffer { bytes[min(index, bytes.count)...].starts(with: $0) }
  }

  private func end(of text: StaticString, from start: Int) -> Int? {
    var index = start
    while index + text.utf8CodeUnitCount <= bytes.count {
      if hasBytes(text, at: index) { return index + text.utf8CodeUnitCount }
      index += 1
    }
    return nil
  }

  private func endOfToken(from start: Int) -> Int {
    var index = start
    while index < bytes.count, isNameByte(bytes[index]) || Self.tokenBytes.contains(bytes[index]) {
      index += 1
    }
    return index
  }

  private func isNameByte(_ byte: UInt8) -> Bool {
    isLetterOrDigit(byte) || byte == ascii("_") || byte == ascii("-")
  }

  private func isLetterOrDigit(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
      || byte >= 128
  }

  private func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

  private func ascii(_ scalar: Unicode.Scalar) -> UInt8 { UInt8(ascii: scalar) }

  // MARK: - Tables

  private static let quotes = Set("\"'`".utf8)
  private static let authorityEnd = Set("/?#\"'`<>".utf8)
  private static let valueEnd = Set(";&|,)}]".utf8)
  private static let escaped = Set("bfnrt\"\\/".utf8)
  private static let tokenBytes = Set("./+=~".utf8)

  /// Whether a shape begins with a byte.
  private static let beginsShape: [Bool] = {
    var table = [Bool](repeating: false, count: 256)
    for shape in shapes {
      shape.prefix.withUTF8Buffer { if let first = $0.first { table[Int(first)] = true } }
    }
    return table
  }()

  /// Prefixes by which providers mark their keys, and the shortest length of the whole key that
  /// tells it from an ordinary word.
  private static let shapes: [(prefix: StaticString, minimumLength: Int)] = [
    ("sk-", 20), ("sk_live_", 20), ("sk_test_", 20), ("rk_live_", 20), ("rk_test_", 20),
    ("ghp_", 20), ("gho_", 20), ("ghu_", 20), ("ghs_", 20), ("ghr_", 20), ("github_pat_", 20),
    ("glpat-", 20), ("gldt-", 20), ("xoxb-", 15), ("xoxp-", 15), ("xoxa-", 15), ("xoxs-", 15),
    ("xapp-", 15), ("AKIA", 20), ("ASIA", 20), ("AIza", 30), ("ya29.", 20), ("hf_", 20),
    ("gsk_", 20), ("xai-", 20), ("pplx-", 20), ("r8_", 20), ("npm_", 20), ("pypi-", 20),
    ("dop_v1_", 20), ("whsec_", 20), ("SG.", 20), ("eyJ", 40), ("key-", 30), ("nvapi-", 20),
    ("csk-", 20), ("fw_", 20), ("tgp_v1_", 20), ("AGE-SECRET-KEY-", 20), ("lin_api_", 20),
    ("shpat_", 20), ("dapi", 32), ("hvs.", 20), ("sntrys_", 20), ("sbp_", 20),
  ]
}

/// Walks once over bytes and finds the credentials in them.
///
/// It is made to be fast over what holds none, which is nearly everything: agents print megabytes.
struct CredentialScanner {
  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0
  /// The credentials found so far, in order and apart.
  private(set) var found: [Range<Int>] = []
  /// Whether the bytes end within a private key.
  private(set) var endsInPrivateKey = false
  private let shapes = Self.shapesByFirstByte

  /// - Parameter bytes: Valid as long as this value is used.
  init(_ bytes: UnsafeBufferPointer<UInt8>) {
    self.bytes = bytes
  }

  mutating func scan() {
    while position < bytes.count {
      // Line by line: most of them need no second look.
      if position == 0 || bytes[position - 1] == ascii("\n"), let next = endOfHarmlessLine() {
        position = next
        continue
      }
      let byte = bytes[position]
      if byte == 27 {
        passEscapeSequence()
      } else if ByteClass.isName(byte) {
        if findPrivateKeyBlock() || findKnownShape() || findURLPassword() || findNamedValue() {
          continue
        }
        passWord()
      } else {
        position += 1
        // `\nsk-…` in a string of JSON: the letter belongs to the escape.
        if byte == ascii("\\"), position < bytes.count, ByteClass.isEscaped(bytes[position]) {
          position += 1
        }
      }
    }
  }

  /// The end of a line in which no credential can be: no name with a value, no option, no URL, no
  /// word as long as a key, no authentication scheme; `nil` where one might be.
  private func endOfHarmlessLine() -> Int? {
    var index = position
    var run = 0
    while index < bytes.count {
      let byte = bytes[index]
      if byte == ascii("\n") { return index + 1 }
      if ByteClass.isToken(byte) {
        run += 1
        if run >= Self.shortestKey { return nil }
        if byte == ascii("=") { return nil }
        if byte == ascii("-"), run == 1 { return nil }
      } else {
        if byte == ascii(":") { return nil }
        if byte == ascii(" "), run >= 5, endsInScheme(index) { return nil }
        run = 0
      }
      index += 1
    }
    return index
  }

  /// Whether a word that ends at an index may be `Bearer` or `Basic`.
  private func endsInScheme(_ index: Int) -> Bool {
    switch bytes[index - 1] | 0x20 {
    case ascii("r"): bytes[index - 3] | 0x20 == ascii("r") && bytes[index - 4] | 0x20 == ascii("a")
    case ascii("c"): bytes[index - 4] | 0x20 == ascii("a") && bytes[index - 5] | 0x20 == ascii("b")
    default: false
    }
  }

  // MARK: - Shapes

  /// `-----BEGIN … PRIVATE KEY-----` up to its end line, or to the end of the text.
  private mutating func findPrivateKeyBlock() -> Bool {
    guard bytes[position] == ascii("-"), hasBytes("-----BEGIN ", at: position),
      let header = end(of: "PRIVATE KEY-----", from: position), header - position < 80
    else { return false }
    let footer = end(of: "PRIVATE KEY-----", from: header)
    endsInPrivateKey = footer == nil
    take(upTo: footer ?? bytes.count)
    return true
  }

  /// A key by its provider's prefix, a JSON web token, or an AWS access key id.
  private mutating func findKnownShape() -> Bool {
    let rest = bytes.count - position
    for shape in shapes[Int(bytes[position])] where shape.prefix.utf8CodeUnitCount <= rest {
      // The second byte sorts nearly all words out.
      guard bytes[position + 1] == shape.prefix.utf8Start[1], hasBytes(shape.prefix, at: position)
      else { continue }
      let end = endOfToken(from: position)
      if end - position >= shape.minimumLength {
        take(upTo: end)
        return true
      }
    }
    return false
  }

  /// `scheme://user:password@host`: the password alone is a credential.
  private mutating func findURLPassword() -> Bool {
    var index = position
    while index < bytes.count, ByteClass.isLetterOrDigit(bytes[index]) || bytes[index] == ascii("+")
    {
      index += 1
    }
    guard index > position, index < bytes.count, bytes[index] == ascii(":"),
      hasBytes("://", at: index)
    else { return false }
    let authority = index + 3
    var colon: Int?
    var at: Int?
    index = authority
    while index < bytes.count, !ByteClass.endsAuthority(bytes[index]) {
      if bytes[index] == ascii(":"), colon == nil { colon = index }
      if bytes[index] == ascii("@") { at = index }
      index += 1
    }
    guard let at else { return false }
    // A lone user name may be a token: https://ghp_x@github.com. Its shape decides.
    guard let colon, colon < at else {
      position = authority
      return true
    }
    position = colon + 1
    take(upTo: at)
    return true
  }

  /// `name=value`, `name: value`, `"name": "value"`, `Bearer value`, where the name tells that the
  /// value is a credential.
  private mutating func findNamedValue() -> Bool {
    var index = position
    while index < bytes.count, ByteClass.isName(bytes[index]) { index += 1 }
    if isAuthenticationScheme(upTo: index) {
      let end = endOfToken(from: index + 1)
      guard end - index > 8 else { return false }
      position = index + 1
      take(upTo: end)
      return true
    }
    // Most words have no value behind them, and then their meaning does not matter.
    guard let value = startOfValue(after: index, isOption: bytes[position] == ascii("-")),
      SecretName.mayMatch(bytes[position..<index])
    else { return false }
    let name = text(position..<index)
    guard SecretName.matches(name) else { return false }
    let isHeader =
      name.lowercased().hasSuffix("authorization") || name.lowercased() == "cookie"
      || beginsWithScheme(at: value)
    let end = endOfValue(from: value, isHeader: isHeader)
    guard end > value, !isProse(name, upTo: value, end: end) else { return false }
    position = value
    take(upTo: end)
    return true
  }

  /// Whether `name: value` is rather a sentence, as in "add password: field to form": a word in small
  /// letters, a colon and a space, and another such word.
  private func isProse(_ name: String, upTo value: Int, end: Int) -> Bool {
    func isSmall(_ byte: UInt8) -> Bool { (97...122).contains(byte) }
    return value >= 2 && bytes[value - 1] == ascii(" ") && bytes[value - 2] == ascii(":")
      && name.utf8.allSatisfy(isSmall) && bytes[value..<end].allSatisfy(isSmall)
  }

  /// Whether the word up to an index is `Bearer` or `Basic`, with a space behind it.
  private func isAuthenticationScheme(upTo index: Int) -> Bool {
    let length = index - position
    guard length == 6 || length == 5, index < bytes.count, bytes[index] == ascii(" "),
      bytes[position] | 0x20 == ascii("b")
    else { return false }
    return ["bearer", "basic"].contains(text(position..<index).lowercased())
  }

  /// Whether a value begins with the name of an authentication scheme and goes on after it.
  private func beginsWithScheme(at index: Int) -> Bool {
    let rest = text(index..<min(index + 8, bytes.count)).lowercased()
    return ["bearer ", "basic ", "token "].contains(where: rest.hasPrefix)
  }

  /// Where the value of a name that ends at `index` begins; `nil` where none follows.
  ///
  /// The value of an option may follow after a space.
  private func startOfValue(after index: Int, isOption: Bool) -> Int? {
    var index = index
    func isAt(_ scalar: Unicode.Scalar) -> Bool {
      index < bytes.count && bytes[index] == ascii(scalar)
    }
    func isAtQuote() -> Bool { index < bytes.count && ByteClass.isQuote(bytes[index]) }
    if isOption, isAt(" ") {
      while isAt(" ") { index += 1 }
      guard index < bytes.count, !isAt("-") else { return nil }
      return isAtQuote() ? index + 1 : index
    }
    // In a string of JSON the quotes of a string are escaped.
    if isAt("\\") { index += 1 }
    if isAtQuote() { index += 1 }
    while isAt(" ") { index += 1 }
    guard isAt("=") || isAt(":") else { return nil }
    index += 1
    while isAt(" ") { index += 1 }
    if isAt("\\") { index += 1 }
    if isAtQuote() { index += 1 }
    return index
  }

  /// A header's value runs to the end of its line or quotation, any other to the next space.
  private func endOfValue(from start: Int, isHeader: Bool) -> Int {
    let isQuoted = start > 0 && ByteClass.isQuote(bytes[start - 1])
    var index = start
    while index < bytes.count {
      let byte = bytes[index]
      if byte == ascii("\n") || ByteClass.isQuote(byte) { break }
      if !isHeader, !isQuoted, ByteClass.endsValue(byte) { break }
      index += 1
    }
    // The escape of the quotation mark that ends it.
    if index > start, index < bytes.count, bytes[index - 1] == ascii("\\") { index -= 1 }
    return index
  }

  // MARK: - Walking

  /// Goes on to where another word may begin: a letter or digit after something else.
  private mutating func passWord() {
    position += 1
    while position < bytes.count, ByteClass.isName(bytes[position]) {
      let last = bytes[position - 1]
      if last >= 128 || !ByteClass.isLetterOrDigit(last) { return }
      position += 1
    }
  }

  /// Passes a control sequence of a terminal, whose last letter is not part of the word behind it;
  /// see `man 4 console_codes`.
  private mutating func passEscapeSequence() {
    position += 1
    if position < bytes.count, bytes[position] == ascii("[") {
      position += 1
      while position < bytes.count, (0x20...0x3F).contains(bytes[position]) { position += 1 }
    }
    position = min(position + 1, bytes.count)
  }

  private mutating func take(upTo end: Int) {
    if end > position { found.append(position..<end) }
    position = end
  }

  private func hasBytes(_ text: StaticString, at index: Int) -> Bool {
    let count = text.utf8CodeUnitCount
    guard index + count <= bytes.count else { return false }
    return (0..<count).allSatisfy { bytes[index + $0] == text.utf8Start[$0] }
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
    while index < bytes.count, ByteClass.isToken(bytes[index]) { index += 1 }
    return index
  }

  private func text(_ range: Range<Int>) -> String {
    String(decoding: bytes[range], as: UTF8.self)
  }

  private func ascii(_ scalar: Unicode.Scalar) -> UInt8 { UInt8(ascii: scalar) }
}

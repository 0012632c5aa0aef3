import CLaForgeSupport

/// Text from agents and git, made safe and measured for a terminal.
enum TerminalText {
  /// Replaces line breaks and tabs by spaces and takes out escape sequences, other control
  /// characters, and the marks that reverse the direction of writing: a label or a path must not be
  /// able to write elsewhere on the screen.
  static func clean(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    var scalars = text.unicodeScalars[...]
    while let scalar = scalars.popFirst() {
      switch scalar.value {
      case 0x09, 0x0A, 0x0D: result.append(" ")
      case 0x1B: skipEscapeSequence(&scalars)
      case 0x00..<0x20, 0x7F..<0xA0, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: break
      default: result.append(scalar)
      }
    }
    return String(result)
  }

  /// The rest of a sequence that ESC has opened, after ECMA-48: a control sequence ends with a byte
  /// of 0x40 to 0x7E, a control string with BEL or ESC \, anything else is one character.
  private static func skipEscapeSequence(_ scalars: inout Substring.UnicodeScalarView) {
    guard let kind = scalars.popFirst() else { return }
    switch kind {
    case "[":
      while let scalar = scalars.popFirst(), !(0x40...0x7E).contains(scalar.value) {}
    case "]", "P", "X", "^", "_":
      while let scalar = scalars.popFirst(), scalar.value != 0x07 {
        if scalar.value == 0x1B {
          _ = scalars.popFirst()
          return
        }
      }
    default: break
    }
  }

  /// How many columns a clean text takes on a terminal, see `wcwidth(3)`.
  static func width(_ text: String) -> Int {
    text.unicodeScalars.reduce(0) { $0 + width($1) }
  }

  private static func width(_ scalar: Unicode.Scalar) -> Int {
    scalar.isASCII ? 1 : max(0, Int(laforge_character_width(scalar.value)))
  }

  /// Cuts a clean text to a number of columns, an ellipsis included.
  static func truncate(_ text: String, to columns: Int) -> String {
    guard width(text) > columns else { return text }
    var result = ""
    var used = 1
    for character in text {
      let next = width(String(character))
      if used + next > columns { break }
      used += next
      result.append(character)
    }
    return columns > 0 ? result + "…" : ""
  }

  /// Fills a clean text with spaces.
  static func pad(_ text: String, to columns: Int, alignedRight: Bool = false) -> String {
    let fill = String(repeating: " ", count: max(0, columns - width(text)))
    return alignedRight ? fill + text : text + fill
  }

  /// Breaks a clean text into lines of at most so many columns, between words; later lines begin
  /// with `indent`.
  ///
  /// A command in backticks stays whole, and what fits no line at all is left to the terminal to
  /// break: both can be copied. `nil` columns break nothing.
  static func wrap(_ text: String, columns: Int?, indent: String = "   ") -> String {
    guard let columns, width(text) > columns else { return trimmingEnd(text) }
    let room = columns - width(indent)
    var lines: [String] = []
    // What is laid out by spaces at the beginning of the text stays so.
    var line = String(text.prefix { $0 == " " })
    var isFirstWord = true
    for word in wholeWords(of: text.dropFirst(line.count)) {
      let needed = width(word)
      if isFirstWord {
        line += word
      } else if width(line) + 1 + needed <= columns || (needed > room && width(line) < columns) {
        line += " " + word
      } else if needed > 0 {
        lines.append(trimmingEnd(line))
        line = indent + word
      }
      isFirstWord = false
    }
    lines.append(trimmingEnd(line))
    return lines.joined(separator: "\n")
  }

  /// The words between spaces, all that stands in one pair of backticks as one.
  private static func wholeWords(of text: Substring) -> [String] {
    var words: [String] = []
    var isOpen = false
    for word in text.split(separator: " ", omittingEmptySubsequences: false) {
      if isOpen, let last = words.popLast() {
        words.append("\(last) \(word)")
      } else {
        words.append(String(word))
      }
      if !word.count(where: { $0 == "`" }).isMultiple(of: 2) { isOpen.toggle() }
    }
    // A backtick of somebody else's text that nothing closes joins nothing.
    guard isOpen, let last = words.popLast() else { return words }
    return words + last.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
  }

  /// The text without the spaces at its end.
  static func trimmingEnd(_ text: String) -> String {
    guard let last = text.lastIndex(where: { $0 != " " }) else { return "" }
    return String(text[...last])
  }
}

/// What credentials look like.
extension CredentialScanner {
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

  /// The shortest of the lengths above.
  static let shortestKey = 15

  static let shapesByFirstByte: [[(prefix: StaticString, minimumLength: Int)]] = {
    var table = [[(prefix: StaticString, minimumLength: Int)]](repeating: [], count: 256)
    for shape in shapes { table[Int(shape.prefix.utf8Start[0])].append(shape) }
    return table
  }()
}

/// What a byte can be part of, by a table: each byte of an output is asked several times.
enum ByteClass {
  private static let name: UInt8 = 1
  private static let letterOrDigit: UInt8 = 2
  private static let token: UInt8 = 4
  private static let quote: UInt8 = 8
  private static let valueEnd: UInt8 = 16
  private static let authorityEnd: UInt8 = 32
  private static let escaped: UInt8 = 64

  private static let table: [UInt8] = {
    var table = [UInt8](repeating: 0, count: 256)
    func add(_ bytes: some Sequence<UInt8>, _ kind: UInt8) {
      for byte in bytes { table[Int(byte)] |= kind }
    }
    for range in [48...57, 65...90, 97...122, 128...255] as [ClosedRange<UInt8>] {
      add(range, letterOrDigit | name | token)
    }
    add("_-".utf8, name | token)
    add("./+=~".utf8, token)
    add("\"'`".utf8, quote | authorityEnd)
    add(" \t\n\r\u{B}\u{C}".utf8, valueEnd | authorityEnd)
    add(";&|,)}]".utf8, valueEnd)
    add("/?#<>".utf8, authorityEnd)
    add("bfnrt\"\\/".utf8, escaped)
    return table
  }()

  static func isName(_ byte: UInt8) -> Bool { table[Int(byte)] & name != 0 }
  static func isLetterOrDigit(_ byte: UInt8) -> Bool { table[Int(byte)] & letterOrDigit != 0 }
  /// Whether it can stand within a key.
  static func isToken(_ byte: UInt8) -> Bool { table[Int(byte)] & token != 0 }
  static func isQuote(_ byte: UInt8) -> Bool { table[Int(byte)] & quote != 0 }
  static func endsValue(_ byte: UInt8) -> Bool { table[Int(byte)] & valueEnd != 0 }
  /// Whether the part of a URL between `//` and the path ends before it.
  static func endsAuthority(_ byte: UInt8) -> Bool { table[Int(byte)] & authorityEnd != 0 }
  /// Whether it can stand behind a backslash in a string of JSON.
  static func isEscaped(_ byte: UInt8) -> Bool { table[Int(byte)] & escaped != 0 }
}

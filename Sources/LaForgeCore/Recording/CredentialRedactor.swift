import Foundation

/// Takes credentials out of texts that are to be stored.
///
/// It knows credentials by their shape (the prefixes of the large providers' keys, bearer tokens,
/// passwords in URLs, private key blocks) and by the name they stand behind (`--api-key X`,
/// `Authorization: X`, `OPENAI_API_KEY=X`). It rather takes out too much than too little.
package struct CredentialRedactor: Sendable {
  /// What stands in place of a credential.
  package static let placeholder = "[redacted]"

  package init() {}

  /// Redacts the words of a command; an option such as `--api-key` covers the next word as well.
  package func redact(command words: [String]) -> [String] {
    var redacted: [String] = []
    var isValueOfSecretOption = false
    for word in words {
      if isValueOfSecretOption {
        // `--max-token 5` is a limit.
        let isNumber = word.utf8.count < 10 && word.utf8.allSatisfy { (48...57).contains($0) }
        redacted.append(isNumber ? word : Self.placeholder)
        isValueOfSecretOption = false
        continue
      }
      redacted.append(redact(word))
      isValueOfSecretOption = namesSecretOption(word)
    }
    return redacted
  }

  /// Redacts every credential in a text.
  package func redact(_ text: String) -> String {
    let bytes = Array(text.utf8)
    let redacted = redact(bytes: bytes[...]).bytes
    return redacted.map { String(decoding: $0, as: UTF8.self) } ?? text
  }

  /// Redacts every credential in bytes that need not be text.
  ///
  /// - Returns: The bytes, `nil` where they hold none; and whether they end within a private key.
  package func redact(
    bytes: ArraySlice<UInt8>
  ) -> (bytes: [UInt8]?, endsInPrivateKey: Bool) {
    bytes.withUnsafeBufferPointer { buffer in
      var scanner = CredentialScanner(buffer)
      scanner.scan()
      guard !scanner.found.isEmpty else { return (nil, false) }
      var output: [UInt8] = []
      output.reserveCapacity(buffer.count)
      var copied = 0
      for range in scanner.found {
        output.append(contentsOf: buffer[copied..<range.lowerBound])
        output += Array(Self.placeholder.utf8)
        copied = range.upperBound
      }
      output.append(contentsOf: buffer[copied...])
      return (output, scanner.endsInPrivateKey)
    }
  }

  /// Redacts a JSON value; an object's value is redacted whole where its key names a credential.
  package func redact(_ value: JSONValue, key: String? = nil) -> JSONValue {
    switch value {
    case .string(let text):
      if let key, SecretName.matches(key) { return .string(Self.placeholder) }
      return .string(redact(text))
    case .array(let values): return .array(values.map { redact($0, key: key) })
    case .object where key.map(SecretName.matches) == true:
      return .string(Self.placeholder)
    case .object(let members):
      return .object(
        Dictionary(uniqueKeysWithValues: members.map { ($0, redact($1, key: $0)) }))
    case .number(let number) where key.map(SecretName.matches) == true && number > 999_999:
      return .string(Self.placeholder)
    case .null, .boolean, .number: return value
    }
  }

  /// Redacts everything in an agent's configuration that may hold a credential.
  package func redact(_ configuration: AgentConfiguration) -> AgentConfiguration {
    var redacted = configuration
    redacted.agent = configuration.agent.map(redact)
    redacted.model = configuration.model.map(redact)
    redacted.systemPrompt = configuration.systemPrompt.map(redact)
    redacted.tools = configuration.tools.map { redact($0) }
    redacted.metadata = Dictionary(
      uniqueKeysWithValues: configuration.metadata.map { ($0, redact($1, key: $0)) })
    return redacted
  }

  /// Whether a word is an option whose value, the next word, is a credential.
  private func namesSecretOption(_ word: String) -> Bool {
    guard word.hasPrefix("-"), !word.contains("=") else { return false }
    return SecretName.matches(String(word.drop { $0 == "-" }))
  }
}

/// Names behind which credentials stand.
enum SecretName {
  /// Whether a name such as `api-key`, `OPENAI_API_KEY` or `x-auth-token` names a credential.
  ///
  /// `max_tokens` and `public_key` do not.
  static func matches(_ name: String) -> Bool {
    let words = words(of: name)
    guard let last = words.last else { return false }
    if exactWords.contains(last) || (last == "pwd" && words.count > 1) { return true }
    if finalWords.contains(where: last.hasSuffix) { return true }
    guard last == "key", words.count > 1 else { return false }
    return keyQualifiers.contains(words[words.count - 2])
  }

  /// Whether the bytes of a name end as one does that names a credential; all others are none.
  static func mayMatch(_ name: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
    guard let last = name.last, Self.lastBytes[Int(last)] else { return false }
    return endings.contains { ending in
      let count = ending.utf8CodeUnitCount
      guard name.count >= count else { return false }
      let start = name.endIndex - count
      return (0..<count).allSatisfy { name[start + $0] | 0x20 == ending.utf8Start[$0] }
    }
  }

  private static let endings: [StaticString] = [
    "auth", "bearer", "pass", "pat", "pwd", "key", "authorization", "cookie", "credential",
    "credentials", "passphrase", "passwd", "password", "secret", "secrets", "token",
  ]

  private static let lastBytes: [Bool] = {
    var table = [Bool](repeating: false, count: 256)
    for ending in endings {
      let last = ending.utf8Start[ending.utf8CodeUnitCount - 1]
      table[Int(last)] = true
      table[Int(last & ~0x20)] = true
    }
    return table
  }()

  /// Short words that mean a credential only as they are.
  private static let exactWords: Set<String> = ["auth", "bearer", "pass", "pat"]

  /// What the last word of a name ends with: `PGPASSWORD` is one word.
  private static let finalWords = [
    "apikey", "authorization", "cookie", "credential", "credentials", "passphrase", "passwd",
    "password", "privatekey", "secret", "secretkey", "secrets", "token",
  ]

  private static let keyQualifiers: Set<String> = [
    "access", "account", "api", "auth", "encryption", "private", "secret", "service", "signing",
  ]

  /// The words of a name in lower case: `openAIKey`, `OPENAI_KEY` and `openai-key` alike.
  private static func words(of name: String) -> [String] {
    var words: [String] = []
    var word = ""
    var previousIsLower = false
    for character in name {
      guard character.isLetter || character.isNumber else {
        if !word.isEmpty { words.append(word) }
        word = ""
        previousIsLower = false
        continue
      }
      if character.isUppercase, previousIsLower {
        words.append(word)
        word = ""
      }
      word += character.lowercased()
      previousIsLower = character.isLowercase
    }
    if !word.isEmpty { words.append(word) }
    return words
  }
}

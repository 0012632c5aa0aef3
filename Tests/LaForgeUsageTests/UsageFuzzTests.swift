import LaForgeCore
import LaForgeTestSupport
import LaForgeUsage
import Testing

/// What agents print, cut, damaged and mixed.
@Suite struct UsageFuzzTests {
  private static let printed = UsageSample.all.filter { !$0.output.isEmpty || !$0.error.isEmpty }

  /// Lines that hold a word that readers look for and nothing that they can read.
  private static let noise = [
    "Tokens: many sent", "{\"usage\":", "TokenUsage(", "{\"type\":\"result\"}", "session id:",
    " in, out", "Token usage: lots", "\u{1B}[2K", "{\"token_usage\":[]}",
  ]

  /// The figures of a run of a sample that prints these bytes.
  private static func told(
    _ sample: UsageSample, _ pieces: [(bytes: [UInt8], stream: AgentStream)]
  ) -> Told {
    var reader = makeReader(agent: sample.agent, arguments: sample.arguments)
    for piece in pieces {
      piece.bytes.withUnsafeBytes { reader.consume($0, from: piece.stream) }
    }
    return Told(reader.finish(usageFile: nil, wasKilled: false))
  }

  private static func pieces(
    _ sample: UsageSample
  ) -> [(bytes: [UInt8], stream: AgentStream)] {
    [
      (Array("\(sample.output)\n".utf8), .standardOutput),
      (Array("\(sample.error)\n".utf8), .standardError),
    ]
  }

  @Test(arguments: printed)
  func itDoesNotMatterWhereChunksEnd(_ sample: UsageSample) {
    let whole = Self.told(sample, Self.pieces(sample))
    for seed in Seeds.all {
      var random = SplitMix64(seed: seed)
      var chunks: [(bytes: [UInt8], stream: AgentStream)] = []
      for piece in Self.pieces(sample) {
        var rest = piece.bytes[...]
        while !rest.isEmpty {
          let chunk = Array(rest.prefix(.random(in: 1...80, using: &random)))
          chunks.append((chunk, piece.stream))
          rest = rest.dropFirst(chunk.count)
        }
      }
      #expect(Self.told(sample, chunks) == whole, "seed \(seed)")
    }
  }

  @Test(arguments: printed)
  func whatBreaksOffTellsNoMore(_ sample: UsageSample) {
    let pieces = Self.pieces(sample)
    let whole = Self.told(sample, pieces)
    for (index, piece) in pieces.enumerated() {
      for count in piece.bytes.indices {
        var cut = pieces
        cut[index].bytes = Array(piece.bytes[..<count])
        #expect(Self.told(sample, cut).isWithin(whole), "cut at \(count)")
      }
    }
  }

  @Test(arguments: printed)
  func linesOfTheOtherStreamBetweenTellNoMore(_ sample: UsageSample) {
    let whole = Self.told(sample, Self.pieces(sample))
    for seed in Seeds.all {
      var random = SplitMix64(seed: seed)
      var mixed: [(bytes: [UInt8], stream: AgentStream)] = []
      for piece in Self.pieces(sample) {
        let other: AgentStream =
          piece.stream == .standardOutput ? .standardError : .standardOutput
        for line in piece.bytes.split(separator: 10) {
          mixed.append((line + [10], piece.stream))
          let noise = Self.noise.randomElement(using: &random) ?? ""
          mixed.append((Array("\(noise)\n".utf8), other))
        }
      }
      #expect(Self.told(sample, mixed).isWithin(whole), "seed \(seed)")
    }
  }

  @Test(arguments: printed)
  func damagedBytesAreSurvived(_ sample: UsageSample) {
    for seed in Seeds.all {
      var random = SplitMix64(seed: seed)
      for _ in 0..<20 {
        var pieces = Self.pieces(sample)
        for index in pieces.indices where !pieces[index].bytes.isEmpty {
          for _ in 0..<Int.random(in: 1...8, using: &random) {
            let at = pieces[index].bytes.indices.randomElement(using: &random) ?? 0
            pieces[index].bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
          }
        }
        _ = Self.told(sample, pieces)
      }
    }
  }

  @Test(arguments: printed, ["1e300", "-1", "99999999999999999999", "0.5", "null", "\"9\"", "[]"])
  func numbersThatCannotBeAreSurvived(_ sample: UsageSample, _ number: String) {
    let pieces = Self.pieces(sample).map { piece in
      let text = String(decoding: piece.bytes, as: UTF8.self).replacing(
        #/\d+(\.\d+)?/#, with: number)
      return (bytes: Array(text.utf8), stream: piece.stream)
    }
    _ = Self.told(sample, pieces)
  }

  @Test(arguments: UsageSample.all.filter { !$0.files.isEmpty })
  func damagedSessionFilesAreSurvived(_ sample: UsageSample) throws {
    for seed in Seeds.all.prefix(8) {
      var random = SplitMix64(seed: seed)
      let run = try AgentRun(sample.agent, arguments: sample.arguments)
      run.start()
      for (path, text) in sample.files {
        var bytes = Array(text.utf8)
        for _ in 0..<Int.random(in: 1...8, using: &random) {
          let at = bytes.indices.randomElement(using: &random) ?? 0
          // Letters and digits for one another, so that most stays readable.
          bytes[at] ^= 1 << UInt8.random(in: 0..<4, using: &random)
        }
        try run.write(path, String(decoding: bytes, as: UTF8.self))
      }
      _ = run.end()
    }
  }
}

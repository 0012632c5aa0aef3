import Glibc

/// A random number generator whose whole sequence follows from its seed, which a failing test names.
///
/// The algorithm is Sebastiano Vigna's, <https://prng.di.unimi.it/splitmix64.c>.
package struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  package init(seed: UInt64) {
    state = seed
  }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

/// The seeds that searching tests run with.
package enum Seeds {
  /// From 1 to the number in `LAFORGE_SEEDS`, which `make soak` sets, or to 20.
  package static let all: ClosedRange<UInt64> = {
    let count = getenv("LAFORGE_SEEDS").flatMap { UInt64(String(cString: $0)) }
    return 1...max(1, count ?? 20)
  }()

  /// Whether the tests that search are to take their time.
  package static let isSoak = getenv("LAFORGE_SEEDS") != nil
}

import Foundation

/// SplitMix64: the same numbers for the same seed, on every machine.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// Seeded by `PINVAULT_SEED` if that is set, to replay a run; else afresh. The seed is printed.
  static func forTests() -> SeededGenerator {
    let told = ProcessInfo.processInfo.environment["PINVAULT_SEED"].flatMap(UInt64.init)
    let seed = told ?? UInt64.random(in: 0...UInt64.max)
    print("PINVAULT_SEED=\(seed)")
    return SeededGenerator(seed: seed)
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
    return word ^ word >> 31
  }
}

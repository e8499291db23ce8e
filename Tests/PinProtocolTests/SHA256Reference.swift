/// SHA-256 and HMAC-SHA-256 by their definitions (FIPS 180-4, RFC 2104), slow and short: the worked example of the
/// document is computed here, not copied.
enum SHA256Reference {
  /// The first 32 bits of the fractional parts of the roots of the first primes, as the standard defines them.
  private static let primes = (2...311).filter { candidate in !(2..<candidate).contains { candidate % $0 == 0 } }
  private static let initial = primes.prefix(8).map(\.squareRootFraction)
  private static let constants = primes.prefix(64).map(\.cubeRootFraction)

  static func hash(_ message: [UInt8]) -> [UInt8] {
    var bytes = message + [0x80]
    while bytes.count % 64 != 56 { bytes.append(0) }
    bytes += (0..<8).map { UInt8(truncatingIfNeeded: (message.count * 8) >> (56 - $0 * 8)) }
    var state = initial
    for start in stride(from: 0, to: bytes.count, by: 64) { compress(bytes[start..<start + 64], into: &state) }
    return state.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - $0 * 8)) } }
  }

  static func authenticate(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
    let padded = key + Array(repeating: 0, count: 64 - key.count)
    return hash(padded.map { $0 ^ 0x5C } + hash(padded.map { $0 ^ 0x36 } + message))
  }

  private static func compress(_ block: ArraySlice<UInt8>, into state: inout [UInt32]) {
    func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 { word >> count | word << (32 - count) }
    var words = stride(from: block.startIndex, to: block.endIndex, by: 4).map { start in
      block[start..<start + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    }
    for index in 16..<64 {
      let (early, late) = (words[index - 15], words[index - 2])
      let first = rotate(early, 7) ^ rotate(early, 18) ^ early >> 3
      let second = rotate(late, 17) ^ rotate(late, 19) ^ late >> 10
      words.append(words[index - 16] &+ first &+ words[index - 7] &+ second)
    }
    var work = state
    for index in 0..<64 {
      let (a, e) = (work[0], work[4])
      let choice = e & work[5] ^ ~e & work[6]
      let majority = a & work[1] ^ a & work[2] ^ work[1] & work[2]
      let sum = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
      let added = work[7] &+ sum &+ choice &+ constants[index] &+ words[index]
      let mixed = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) &+ majority
      work = [added &+ mixed, a, work[1], work[2], work[3] &+ added, e, work[5], work[6]]
    }
    for index in 0..<8 { state[index] &+= work[index] }
  }
}

extension Int {
  /// The first 32 bits after the point of the square root, and of the cube root, of a number that is no such power.
  fileprivate var squareRootFraction: UInt32 { rootFraction { $0 * $0 < UInt128(self) << 64 } }
  fileprivate var cubeRootFraction: UInt32 { rootFraction { $0 * $0 * $0 < UInt128(self) << 96 } }

  /// The greatest root, in units of 2^-32, that is still below; roots here are below 2^5.
  private func rootFraction(isBelow: (UInt128) -> Bool) -> UInt32 {
    var root: UInt128 = 0
    for bit in stride(from: UInt128(37), through: 0, by: -1) where isBelow(root | 1 << bit) { root |= 1 << bit }
    return UInt32(truncatingIfNeeded: root)
  }
}

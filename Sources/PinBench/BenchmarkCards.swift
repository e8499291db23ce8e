/// The cards that a benchmark sells: number n has a serial and a PIN of its own, and the PIN follows from the serial.
package enum BenchmarkCards {
  /// Serials are this letter and 15 digits.
  private static let letter = UInt8(ascii: "B")
  private static let serialByteCount = 16
  private static let pinByteCount = 16
  /// A prime that is no factor of ten, so that no two numbers have one PIN.
  private static let factor: UInt64 = 9_576_890_767
  private static let modulus: UInt64 = 10_000_000_000_000_000

  /// The highest number there may be.
  package static let highest = 1_000_000_000

  package static func serial(_ number: Int) -> String { "B" + digits(UInt64(number), 15) }

  package static func pin(_ number: Int) -> String { digits(UInt64(number) * factor % modulus, 16) }

  /// The number of the card with this serial and this PIN; nil if the two do not belong together.
  static func number(serial: RawSpan, pin: RawSpan) -> Int? {
    guard serial.byteCount == serialByteCount, pin.byteCount == pinByteCount,
      serial.unsafeLoad(as: UInt8.self) == letter,
      let number = value(serial.extracting(1...)), number <= UInt64(highest),
      value(pin) == number * factor % modulus
    else { return nil }
    return Int(number)
  }

  private static func value(_ digits: RawSpan) -> UInt64? {
    var value: UInt64 = 0
    for offset in digits.byteOffsets {
      let digit = digits.unsafeLoad(fromByteOffset: offset, as: UInt8.self) &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      value = value &* 10 &+ UInt64(digit)
    }
    return value
  }

  private static func digits(_ value: UInt64, _ count: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: count - text.utf8.count) + text
  }
}

/// A reader of bytes that come from outside, and what must hold of whatever it makes of any bytes at all.
///
/// Read this file first. The fuzzer (`Scripts/fuzz`) looks for bytes that break a property, trap, hang or take much
/// memory; `CorpusTests` tries those it has found worth keeping with every run of the suite. Each target is deterministic.
struct FuzzTarget: Sendable {
  /// The name of its folder in `Corpus`.
  let name: String
  /// The longest input worth trying, in bytes.
  let longestInput: Int
  /// Throws `Broken` if a property does not hold.
  let check: @Sendable (_ input: [UInt8]) throws -> Void

  static let all: [FuzzTarget] = [
    header, request, answer, session, calls, vendorFile, journal, event, records, keyring, keyFile,
  ]
}

/// A property that does not hold.
struct Broken: Error, CustomStringConvertible {
  let description: String
}

func hold(_ property: Bool, _ what: @autoclosure () -> String) throws(Broken) {
  guard property else { throw Broken(description: what()) }
}

/// Input taken from its front, with zeros after its end, so that every input is one.
struct Input {
  private var left: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { left = bytes[...] }

  var isEmpty: Bool { left.isEmpty }
  var rest: [UInt8] { Array(left) }

  mutating func byte() -> UInt8 { left.popFirst() ?? 0 }

  /// A number below the bound.
  mutating func number(below bound: Int) -> Int { Int(byte()) % bound }

  mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) -> Value {
    (0..<Value.bitWidth / 8).reduce(0) { value, _ in value << 8 | Value(truncatingIfNeeded: byte()) }
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    defer { left = left.dropFirst(count) }
    return Array(left.prefix(count))
  }

  mutating func choice<Choice: CaseIterable>(_ type: Choice.Type) -> Choice {
    let all = Array(Choice.allCases)
    return all[number(below: all.count)]
  }
}

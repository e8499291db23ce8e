import LMDB
import TestSupport
import Testing

@Suite("Against a model")
struct ModelTests {
  @Test("Over random changes, every read agrees with a dictionary", arguments: 0..<4, [true, false])
  func agrees(run: Int, hasIntegerKeys: Bool) throws {
    var random = SeededGenerator(seed: UInt64(run) &* 7919 &+ testSeed)
    let fixture = try Fixture(mapSizeBytes: 256 << 20)
    let table = hasIntegerKeys ? fixture.numbers : fixture.words
    var model = Model()
    for _ in 0..<12 {
      let committed = model
      var write = try fixture.environment.beginWrite()
      for _ in 0..<500 { try step(&write, &model, table, &random) }
      #expect(try write.count(of: table) == model.values.count)
      if random.next() % 4 == 0 {
        write.abort()
        model = committed
      } else {
        try write.commit()
      }
      let read = try fixture.environment.beginRead()
      #expect(try read.contents(of: table) == model.contents(table), "seed \(testSeed), run \(run)")
      #expect(try read.numbers(in: table) == model.values.keys.sorted(), "seed \(testSeed), run \(run)")
    }
  }

  /// One random call, which must answer as the model does.
  private func step(
    _ write: inout WriteTransaction, _ model: inout Model, _ table: Table, _ random: inout SeededGenerator
  ) throws {
    let number = random.next() % 1500
    let key = Model.key(number, table)
    // Some values are inside a page, some in pages of their own.
    let length = random.next() % 10 == 0 ? random.next() % 20_000 : random.next() % 500
    let value = [UInt8](repeating: UInt8(truncatingIfNeeded: random.next()), count: Int(length))
    switch random.next() % 100 {
    case 0..<30:
      try write.put(value.span.bytes, for: key.span.bytes, in: table)
      model.values[number] = value
    case 30..<45:
      let isNew = try write.insert(value.span.bytes, for: key.span.bytes, in: table)
      #expect(isNew == (model.values[number] == nil))
      if isNew { model.values[number] = value }
    case 45..<62:
      let wasThere = try write.remove(key.span.bytes, in: table)
      #expect(wasThere == (model.values.removeValue(forKey: number) != nil))
    case 62..<66:
      let isHighest = model.values.keys.allSatisfy { $0 < number }
      do {
        try write.append(value.span.bytes, for: key.span.bytes, in: table)
        #expect(isHighest)
        model.values[number] = value
      } catch {
        #expect(error.isKeyPresent && !isHighest)
      }
    case 66..<76:
      if let found = try write.value(for: key.span.bytes, in: table) {
        #expect([UInt8](found) == model.values[number])
      } else {
        #expect(model.values[number] == nil)
      }
    case 76..<87:
      let found = Model.number(try write.entry(atOrAfter: key.span.bytes, in: table), table)
      #expect(found == model.values.keys.filter { $0 >= number }.min())
    case 87..<98:
      let found = Model.number(try write.entry(before: key.span.bytes, in: table), table)
      #expect(found == model.values.keys.filter { $0 < number }.max())
    case 98:
      let first = Model.number(try write.firstEntry(in: table), table)
      let last = Model.number(try write.lastEntry(in: table), table)
      #expect(first == model.values.keys.min())
      #expect(last == model.values.keys.max())
    default:
      guard random.next() % 20 == 0 else { return }
      try write.removeAll(in: table)
      model.values = [:]
    }
  }
}

private struct Model {
  var values: [UInt64: [UInt8]] = [:]

  func contents(_ table: Table) -> [[UInt8]: [UInt8]] {
    .init(uniqueKeysWithValues: values.map { (Self.key($0.key, table), $0.value) })
  }

  /// A number as a key of either kind; as bytes, of lengths that make trees of several levels.
  static func key(_ number: UInt64, _ table: Table) -> [UInt8] {
    if table.hasIntegerKeys { return withUnsafeBytes(of: number) { [UInt8]($0) } }
    return withUnsafeBytes(of: number.bigEndian) { [UInt8]($0) } + [UInt8](repeating: 9, count: Int(number % 7) * 70)
  }

  static func number(_ entry: Entry?, _ table: Table) -> UInt64? {
    if let entry { number(entry.key, table) } else { nil }
  }

  static func number(_ key: RawSpan, _ table: Table) -> UInt64 {
    let loaded = key.unsafeLoadUnaligned(as: UInt64.self)
    return table.hasIntegerKeys ? loaded : UInt64(bigEndian: loaded)
  }
}

extension ReadableTransaction where Self: ~Copyable {
  fileprivate borrowing func numbers(in table: Table) throws -> [UInt64] {
    var numbers: [UInt64] = []
    try scan(table) { entry in
      numbers.append(Model.number(entry.key, table))
      return true
    }
    return numbers
  }
}

/// What the random tests begin with.
let testSeed = SeededGenerator.replayed ?? .random(in: 0 ... .max)

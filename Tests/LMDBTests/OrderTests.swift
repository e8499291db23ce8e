import LMDB
import Testing

@Suite("Order and seeks")
struct OrderTests {
  @Test(
    "Seeks find the neighbour at every edge",
    arguments: [
      ("a", "b", nil), ("b", "b", nil), ("ba", "d", "b"), ("c", "d", "b"), ("d", "d", "b"), ("da", "f", "d"),
      ("f", "f", "d"), ("g", nil, "f"),
    ] as [(String, String?, String?)])
  func edges(key: String, atOrAfter: String?, before: String?) throws {
    let fixture = try Fixture()
    let words = fixture.words
    var write = try fixture.environment.beginWrite()
    for key in ["d", "b", "f"] { try write.put(key, for: key, in: words) }
    #expect(try write.keyText(atOrAfter: key, in: words) == atOrAfter)
    #expect(try write.keyText(before: key, in: words) == before)
    try write.commit()
    let read = try fixture.environment.beginRead()
    #expect(try read.keyText(atOrAfter: key, in: words) == atOrAfter)
    #expect(try read.keyText(before: key, in: words) == before)
  }

  @Test("An empty table has no first, no last, no neighbour and nothing to walk")
  func emptyTable() throws {
    let fixture = try Fixture()
    let read = try fixture.environment.beginRead()
    for table in [fixture.words, fixture.numbers] {
      #expect(try read.keyTexts(in: table) == [])
      #expect(try read.isEmpty(table))
      #expect(try read.count(of: table) == 0)
    }
    #expect(try read.keyText(atOrAfter: "k", in: fixture.words) == nil)
    #expect(try read.keyText(before: "k", in: fixture.words) == nil)
    #expect(try read.numberKey(atOrAfter: 0, in: fixture.numbers) == nil)
    #expect(try read.numberKey(before: .max, in: fixture.numbers) == nil)
  }

  @Test("Byte keys are in byte order and a prefix comes first")
  func byteOrder() throws {
    let fixture = try Fixture()
    let keys: [[UInt8]] = [[0], [0, 0], [0, 1], [1], [127], [128], [128, 0], [255], [255, 255]]
    var write = try fixture.environment.beginWrite()
    for key in keys.reversed() { try write.put(key.span.bytes, for: key.span.bytes, in: fixture.words) }
    try write.commit()
    let read = try fixture.environment.beginRead()
    var walked: [[UInt8]] = []
    var walk = try read.walk(fixture.words)
    while let entry = try walk.next() { walked.append([UInt8](entry.key)) }
    #expect(walked == keys)
    #expect(try walk.next() == nil)
  }

  @Test("Integer keys are in numeric order, whatever the bytes of the machine")
  func integerOrder() throws {
    let fixture = try Fixture()
    let numbers = fixture.numbers
    let keys: [UInt64] = [0, 1, 255, 256, 257, 65_535, 65_536, 1 << 32, 1 << 56, .max - 1, .max]
    var write = try fixture.environment.beginWrite()
    for key in keys.reversed() { try write.put("\(key)", for: key, in: numbers) }
    try write.commit()
    let read = try fixture.environment.beginRead()
    var walked: [UInt64] = []
    try read.scan(numbers) { entry in
      walked.append(entry.integerKey)
      return true
    }
    #expect(walked == keys)
    for (index, key) in keys.enumerated() {
      #expect(try read.bytes(key, in: numbers) == [UInt8]("\(key)"))
      #expect(try read.numberKey(atOrAfter: key, in: numbers) == key)
      #expect(try read.numberKey(before: key, in: numbers) == (index == 0 ? nil : keys[index - 1]))
    }
    #expect(try read.numberKey(atOrAfter: 258, in: numbers) == 65_535)
  }

  @Test("A scan begins at its key and stops when told")
  func scanStops() throws {
    let fixture = try Fixture()
    var write = try fixture.environment.beginWrite()
    for key in 1...100 as ClosedRange<UInt64> { try write.put("v", for: key * 10, in: fixture.numbers) }
    var seen: [UInt64] = []
    try write.scan(fixture.numbers, from: 55) { entry in
      seen.append(entry.integerKey)
      return seen.count < 3
    }
    #expect(seen == [60, 70, 80])
    seen = []
    try write.scan(fixture.numbers, from: 1001) { entry in
      seen.append(entry.integerKey)
      return true
    }
    #expect(seen == [])
    write.abort()
  }

  @Test("Walks and seeks of one table may be interleaved, and entries of a walk stay good")
  func interleaved() throws {
    let fixture = try Fixture()
    let numbers = fixture.numbers
    var write = try fixture.environment.beginWrite()
    for key in 0..<5000 as Range<UInt64> { try write.put("\(key)", for: key, in: numbers) }
    var outer = try write.walk(numbers)
    let first = try #require(try outer.next()?.integerKey)
    #expect(first == 0)
    var count: UInt64 = 1
    while let entry = try outer.next() {
      #expect(entry.integerKey == count)
      if count.isMultiple(of: 500) {
        var inner = try write.walk(numbers, from: 4990)
        var rest = 0
        while let other = try inner.next() { rest += Int(other.integerKey) }
        #expect(rest == (4990...4999).reduce(0, +))
        #expect(try write.numberKey(before: 77, in: numbers) == 76)
        #expect(String(entry.value) == "\(count)")
      }
      count += 1
    }
    #expect(count == 5000)
    write.abort()
  }
}

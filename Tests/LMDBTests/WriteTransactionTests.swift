import LMDB
import Testing

@Suite("A write transaction")
struct WriteTransactionTests {
  @Test("What was committed is read back, also after the environment was closed and opened")
  func roundTrip() throws {
    let directory = try TemporaryDirectory()
    do {
      let environment = try directory.open()
      let words = try environment.openTables([.init(name: "words")])[0]
      var write = try environment.beginWrite()
      try write.put("one", for: "a", in: words)
      try write.put("", for: "empty", in: words)
      #expect(try write.text("a", in: words) == "one")
      try write.commit()
    }
    let environment = try directory.open()
    let words = try environment.openTables([.init(name: "words")])[0]
    let read = try environment.beginRead()
    #expect(try read.text("a", in: words) == "one")
    #expect(try read.text("empty", in: words) == "")
    #expect(try read.text("b", in: words) == nil)
    #expect(try read.count(of: words) == 2)
  }

  @Test("A put replaces, an insert refuses and changes nothing")
  func insertRefusesExisting() throws {
    let fixture = try Fixture()
    let (words, numbers) = (fixture.words, fixture.numbers)
    let (key, old, new) = ([UInt8]("key"), [UInt8]("old"), [UInt8]("new"))
    var write = try fixture.environment.beginWrite()
    #expect(try write.insert(old.span.bytes, for: key.span.bytes, in: words))
    #expect(try write.insert(new.span.bytes, for: key.span.bytes, in: words) == false)
    #expect(try write.text("key", in: words) == "old")
    try write.put(new.span.bytes, for: key.span.bytes, in: words)
    #expect(try write.text("key", in: words) == "new")
    #expect(try write.insert(old.span.bytes, for: 7, in: numbers))
    #expect(try write.insert(new.span.bytes, for: 7, in: numbers) == false)
    #expect(write.changeCount == 3)
    try write.commit()
  }

  @Test("An append out of order is an error that leaves the transaction usable")
  func appendOrder() throws {
    let fixture = try Fixture()
    let (words, numbers) = (fixture.words, fixture.numbers)
    let value = [UInt8]("v")
    var write = try fixture.environment.beginWrite()
    for key in ["a", "b", "c"] { try write.append(value.span.bytes, for: [UInt8](key).span.bytes, in: words) }
    for refused in ["b", "c", "0"] {
      let key = [UInt8](refused)
      do {
        try write.append(value.span.bytes, for: key.span.bytes, in: words)
        Issue.record("appended \(refused)")
      } catch {
        #expect(error.isKeyPresent)
      }
    }
    try write.append(value.span.bytes, for: 255, in: numbers)
    try write.append(value.span.bytes, for: 256, in: numbers)
    do {
      try write.append(value.span.bytes, for: 1, in: numbers)
      Issue.record("appended 1 after 256")
    } catch {
      #expect(error.isKeyPresent)
    }
    try write.commit()
    #expect(try fixture.environment.beginRead().keyTexts(in: words) == ["a", "b", "c"])
  }

  @Test("A removed key is gone, a missing one says so, and a table can be emptied")
  func removal() throws {
    let fixture = try Fixture()
    let (words, numbers) = (fixture.words, fixture.numbers)
    var write = try fixture.environment.beginWrite()
    for key in ["a", "b", "c"] { try write.put("v", for: key, in: words) }
    try write.put("v", for: 9, in: numbers)
    #expect(try write.remove([UInt8]("b").span.bytes, in: words))
    #expect(try write.remove([UInt8]("b").span.bytes, in: words) == false)
    #expect(try write.remove(9, in: numbers))
    #expect(try write.remove(9, in: numbers) == false)
    #expect(try write.keyTexts(in: words) == ["a", "c"])
    try write.removeAll(in: words)
    #expect(try write.count(of: words) == 0)
    #expect(try write.keyTexts(in: words) == [])
    try write.put("again", for: "z", in: words)
    try write.commit()
    #expect(try fixture.environment.beginRead().keyTexts(in: words) == ["z"])
  }

  @Test("An abort leaves nothing, and so does dropping the transaction", arguments: [true, false])
  func abortLeavesNothing(isExplicit: Bool) throws {
    let fixture = try Fixture()
    do {
      var write = try fixture.environment.beginWrite()
      try write.put("v", for: "k", in: fixture.words)
      if isExplicit { write.abort() }
    }
    // That this begins at all shows that the lock was let go.
    let write = try fixture.environment.beginWrite()
    #expect(try write.text("k", in: fixture.words) == nil)
    #expect(try write.count(of: fixture.words) == 0)
    write.abort()
  }

  @Test("A full map is a typed error at the put or the commit, and what was committed stays")
  func fullMap() throws {
    let fixture = try Fixture(mapSizeBytes: 256 << 10)
    var first = try fixture.environment.beginWrite()
    try first.put("kept", for: 0, in: fixture.numbers)
    try first.commit()

    let value = [UInt8](repeating: 7, count: 1000)
    let error = lmdbError { () throws(LMDBError) in
      var write = try fixture.environment.beginWrite()
      for key in 1...1000 as ClosedRange<UInt64> { try write.put(value.span.bytes, for: key, in: fixture.numbers) }
      try write.commit()
    }
    #expect(error?.isMapFull == true)
    #expect(error?.isOutOfSpace == true)
    #expect(error?.description.contains("MDB_MAP_FULL") == true)
    let read = try fixture.environment.beginRead()
    #expect(try read.count(of: fixture.numbers) == 1)
  }

  @Test("After a failed put the transaction cannot be committed")
  func failedPutIsTheEnd() throws {
    let fixture = try Fixture(mapSizeBytes: 256 << 10)
    let value = [UInt8](repeating: 7, count: 1 << 20)
    var write = try fixture.environment.beginWrite()
    try write.put("v", for: 1, in: fixture.numbers)
    do {
      try write.put(value.span.bytes, for: 2, in: fixture.numbers)
      Issue.record("a value larger than the map was stored")
    } catch {
      #expect(error.isMapFull)
    }
    do {
      try write.commit()
      Issue.record("committed after a failed put")
    } catch {
      #expect(error.isTransactionUnusable)
    }
    #expect(try fixture.environment.beginRead().count(of: fixture.numbers) == 0)
  }

  @Test("Values of any size come back as they went", arguments: [0, 1, 2039, 2040, 4079, 4096, 4097, 100_000, 5 << 20])
  func largeValues(byteCount: Int) throws {
    let fixture = try Fixture()
    let value = [UInt8]((0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) })
    var write = try fixture.environment.beginWrite()
    try write.put(value.span.bytes, for: 1, in: fixture.numbers)
    try write.put("next", for: 2, in: fixture.numbers)
    try write.commit()
    let read = try fixture.environment.beginRead()
    let stored = try #require(try read.bytes(1, in: fixture.numbers))
    #expect(stored == value)
    #expect(try read.bytes(2, in: fixture.numbers) == [UInt8]("next"))
  }

  @Test("Keys are 1 to 511 bytes")
  func keySizes() throws {
    let fixture = try Fixture()
    var write = try fixture.environment.beginWrite()
    try write.put("v", for: "k", in: fixture.words)
    try write.put("v", for: String(repeating: "k", count: 511), in: fixture.words)
    #expect(try write.count(of: fixture.words) == 2)
    for refused in [0, 512] {
      do {
        try write.put("v", for: String(repeating: "k", count: refused), in: fixture.words)
        Issue.record("a key of \(refused) bytes was stored")
      } catch {
        #expect(error.operation == "put")
      }
    }
    write.abort()
  }
}

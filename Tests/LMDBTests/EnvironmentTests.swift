import Glibc
import LMDB
import Testing

@Suite("An environment")
struct EnvironmentTests {
  @Test("It opens once in a process, whatever the path, and again after it was closed")
  func doubleOpen() throws {
    let directory = try TemporaryDirectory()
    do {
      let environment = try directory.open()
      #expect(lmdbError { () throws(LMDBError) in _ = try directory.open() }?.isAlreadyOpen == true)
      let link = directory.path + "-link"
      #expect(symlink(directory.path, link) == 0)
      defer { unlink(link) }
      let options = Environment.Options(mapSizeBytes: 1 << 20)
      for path in [link, directory.path + "/.", directory.path + "/"] {
        #expect(
          lmdbError { () throws(LMDBError) in _ = try Environment(at: path, options: options) }?.isAlreadyOpen == true)
      }
      // A refused open must not have given up the claim.
      #expect(lmdbError { () throws(LMDBError) in _ = try directory.open(isReadOnly: true) }?.isAlreadyOpen == true)
      #expect(environment.usage.readerSlotCount == 0)
    }
    _ = try directory.open()
  }

  @Test("A transaction keeps its environment open")
  func transactionKeepsEnvironment() throws {
    let directory = try TemporaryDirectory()
    func begin() throws -> ReadTransaction { try directory.open().beginRead() }
    do {
      let read = try begin()
      #expect(lmdbError { () throws(LMDBError) in _ = try directory.open() }?.isAlreadyOpen == true)
      #expect(read.isActive == true)
    }
    _ = try directory.open()
  }

  @Test("A directory that is not there, and a file that is no environment, are typed errors")
  func badDirectory() throws {
    let directory = try TemporaryDirectory()
    let options = Environment.Options(mapSizeBytes: 1 << 20)
    let missing = lmdbError { () throws(LMDBError) in _ = try Environment(at: directory.path + "/no", options: options)
    }
    #expect(missing?.isMissing == true)
    let file = try #require(fopen(directory.path + "/data.mdb", "w"))
    for _ in 0..<8192 { fputc(0x41, file) }
    fclose(file)
    #expect(lmdbError { () throws(LMDBError) in _ = try directory.open() }?.isInvalid == true)
    // The failed open gave its claim back.
    unlink(directory.path + "/data.mdb")
    _ = try directory.open()
  }

  @Test("Its files are for the owner alone")
  func permission() throws {
    let directory = try TemporaryDirectory()
    _ = try directory.open()
    for name in ["data.mdb", "lock.mdb"] {
      var status = stat()
      #expect(stat("\(directory.path)/\(name)", &status) == 0)
      #expect(status.st_mode & 0o777 == 0o600)
    }
  }

  @Test("A read-only environment reads, and opens no table that is missing")
  func readOnly() throws {
    let directory = try TemporaryDirectory()
    #expect(lmdbError { () throws(LMDBError) in _ = try directory.open(isReadOnly: true) }?.isMissing == true)
    do {
      let environment = try directory.open()
      let words = try environment.openTables([.init(name: "words")])[0]
      var write = try environment.beginWrite()
      try write.put("v", for: "k", in: words)
      try write.commit()
    }
    let environment = try directory.open(isReadOnly: true)
    let words = try environment.openTables([.init(name: "words")])[0]
    let read = try environment.beginRead()
    #expect(try read.text("k", in: words) == "v")
    let error = lmdbError { () throws(LMDBError) in _ = try environment.openTables([.init(name: "other")]) }
    #expect(error?.isTableMissing == true)
  }

  @Test("A table keeps its kind of keys, and opens twice as the same table")
  func tableKinds() throws {
    let fixture = try Fixture()
    let again = try fixture.environment.openTables(Fixture.specs)
    #expect(again == [fixture.words, fixture.numbers])
    for wrong in [Table.Spec(name: "numbers"), Table.Spec(name: "words", hasIntegerKeys: true)] {
      let error = lmdbError { () throws(LMDBError) in _ = try fixture.environment.openTables([wrong]) }
      #expect(error?.isTableIncompatible == true)
    }
  }

  @Test("A compacting copy opens, is equal, is smaller than a file with holes, and never replaces one")
  func compactingCopy() throws {
    let fixture = try Fixture()
    let value = [UInt8](repeating: 5, count: 3000)
    var write = try fixture.environment.beginWrite()
    for key in 0..<2000 as Range<UInt64> { try write.put(value.span.bytes, for: key, in: fixture.numbers) }
    for key in ["a", "b", "c"] { try write.put(key, for: key, in: fixture.words) }
    try write.commit()
    var holes = try fixture.environment.beginWrite()
    for key in 100..<2000 as Range<UInt64> { _ = try holes.remove(key, in: fixture.numbers) }
    try holes.commit()

    let target = try TemporaryDirectory()
    // A copy is of the last commit, and waits for no writer.
    var open = try fixture.environment.beginWrite()
    try open.put("uncommitted", for: "d", in: fixture.words)
    try fixture.environment.copyCompacting(toDirectory: target.path)
    open.abort()
    let again = lmdbError { () throws(LMDBError) in
      try fixture.environment.copyCompacting(toDirectory: target.path)
    }
    #expect(again?.code == EEXIST)

    let copy = try target.open()
    let tables = try copy.openTables(Fixture.specs)
    let original = try fixture.environment.beginRead()
    let copied = try copy.beginRead()
    #expect(try copied.contents(of: tables[0]) == original.contents(of: fixture.words))
    #expect(try copied.contents(of: tables[1]) == original.contents(of: fixture.numbers))
    #expect(try copied.count(of: tables[1]) == 100)
    #expect(copy.usage.usedBytes < fixture.environment.usage.usedBytes / 4)
  }

  @Test("Usage tells the map, what is used of it and the last commit")
  func usage() throws {
    let fixture = try Fixture()
    let before = fixture.environment.usage
    #expect(before.mapSizeBytes == 64 << 20)
    #expect(before.pageSizeBytes == Int(sysconf(CInt(_SC_PAGESIZE))))
    #expect(before.maximumReaders == 8)
    var write = try fixture.environment.beginWrite()
    #expect(write.transactionID() == before.lastTransactionID + 1)
    try write.put([UInt8](repeating: 0, count: 1 << 20).span.bytes, for: 1, in: fixture.numbers)
    try write.commit()
    let after = fixture.environment.usage
    #expect(after.lastTransactionID == before.lastTransactionID + 1)
    #expect(after.usedBytes >= before.usedBytes + 1 << 20)
    let first = try fixture.environment.beginRead()
    let second = try fixture.environment.beginRead()
    #expect(fixture.environment.usage.readerSlotCount == 2)
    #expect((first.isActive && second.isActive) == true)
  }

  @Test("Reader slots tell which snapshots are pinned, and by which process")
  func readerSlots() throws {
    let fixture = try Fixture()
    #expect(try fixture.environment.readerSlots() == [])
    let old = try fixture.environment.beginRead()
    try fixture.put("v", for: "k")
    var new = try fixture.environment.beginRead()
    let (oldID, newID) = (old.transactionID(), new.transactionID())
    #expect(newID == oldID + 1)
    let slots = try fixture.environment.readerSlots()
    #expect(slots.map(\.transactionID) == [oldID, newID])
    #expect(slots.allSatisfy { $0.processID == getpid() })
    new.reset()
    #expect(try fixture.environment.readerSlots().map(\.transactionID) == [oldID, nil])
  }
}

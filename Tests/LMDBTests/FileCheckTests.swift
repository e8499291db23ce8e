import Glibc
import Testing

@testable import LMDB

/// Damage that a flipped bit seldom makes, made on purpose. `RotTests` of the engine flips every bit there is.
@Suite("A file that would lead LMDB astray is refused before LMDB reads it")
struct FileCheckTests {
  /// The file of an environment with tables of several pages, and pages that were freed.
  private final class Damaged {
    private let directory: TemporaryDirectory?
    private let folder: String
    var bytes: [UInt8] = []
    let meta: MetaPage
    let tables: [(name: String, record: TreeRecord, offset: Int)]

    init() throws {
      let directory = try TemporaryDirectory()
      folder = directory.path
      try Self.fill(directory)
      let path = "\(directory.path)/data.mdb"
      let descriptor = open(path, O_RDONLY)
      defer { close(descriptor) }
      var status = stat()
      try #require(fstat(descriptor, &status) == 0)
      bytes = [UInt8](repeating: 0, count: Int(status.st_size))
      let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
      try #require(count == bytes.count)
      let file = PageFile(path: path, descriptor: descriptor, byteCount: bytes.count)
      let metas = [try MetaPage(file, at: 0), try MetaPage(file, at: 4096)]
      meta = metas[0].transaction > metas[1].transaction ? metas[0] : metas[1]
      var found: [(String, TreeRecord, Int)] = []
      for index in 0..<2 {
        let node = Self.node(index, ofPage: Int(meta.tables.root), in: bytes)
        let record = bytes.withUnsafeBytes { TreeRecord($0, at: node.value) }
        found.append((String(decoding: bytes[node.key], as: UTF8.self), record, node.value))
      }
      tables = found
      self.directory = consume directory
    }

    private static func fill(_ directory: borrowing TemporaryDirectory) throws {
      let environment = try directory.open()
      let tables = try environment.openTables(Fixture.specs)
      for round in 0..<3 {
        var write = try environment.beginWrite()
        for number in 0..<400 {
          let key = [UInt8]("key-\(1000 + number)")
          let value = [UInt8](repeating: UInt8(round), count: 100)
          try write.put(value.span.bytes, for: key.span.bytes, in: tables[0])
        }
        try write.commit()
      }
    }

    /// Where the key and the value of a leaf's entry stand.
    static func node(_ index: Int, ofPage page: Int, in bytes: [UInt8]) -> (key: Range<Int>, value: Int) {
      func number(_ offset: Int) -> Int { Int(bytes[offset]) | Int(bytes[offset + 1]) << 8 }
      let node = page * 4096 + number(page * 4096 + 16 + 2 * index)
      let end = node + 8 + number(node + 6)
      return (node + 8..<end, end)
    }

    func put(_ number: UInt64, at offset: Int) {
      for index in 0..<8 { bytes[offset + index] = UInt8(truncatingIfNeeded: number >> (8 * index)) }
    }

    func exchange(_ one: Int, with other: Int) {
      for index in 0..<4096 { bytes.swapAt(one * 4096 + index, other * 4096 + index) }
    }

    /// What the check says of it; nil for nothing.
    func problem() throws -> String? {
      let descriptor = open("\(folder)/data.mdb", O_WRONLY)
      defer { close(descriptor) }
      try #require(bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) } == bytes.count)
      do throws(FileDamage) {
        try Environment.checkFile(at: folder, tables: Fixture.specs)
        return nil
      } catch { return error.problem }
    }
  }

  @Test("As it was made, it is taken")
  func sound() throws {
    let file = try Damaged()
    #expect(file.tables.map(\.name) == ["numbers", "words"])
    #expect(try file.problem() == nil)
  }

  /// LMDB does not write a page that one commit took and freed again; when it was the last, the file ends before it.
  @Test("A file may end before pages that are free, and before no other")
  func freePastEnd() throws {
    let directory = try TemporaryDirectory()
    do {
      let environment = try directory.open()
      let tables = try environment.openTables(Fixture.specs)
      let keys = (0..<400).map { [UInt8]("key-\(1000 + $0)") }
      let value = [UInt8](repeating: 7, count: 100)
      // All, then none but three; and what the last four write goes where the removed were, and frees what those before
      // them have put at the end.
      for round in 0..<6 {
        var write = try environment.beginWrite()
        for (index, key) in keys.enumerated() where round < 2 || index == 0 {
          if round == 1, index > 2 {
            _ = try write.remove(key.span.bytes, in: tables[0])
          } else {
            try write.put(value.span.bytes, for: key.span.bytes, in: tables[0])
          }
        }
        try write.commit()
      }
    }
    let descriptor = open("\(directory.path)/data.mdb", O_RDWR)
    defer { close(descriptor) }
    var status = stat()
    try #require(fstat(descriptor, &status) == 0)
    func problem() -> String? {
      do throws(FileDamage) {
        try Environment.checkFile(at: directory.path, tables: Fixture.specs)
        return nil
      } catch { return error.problem }
    }
    #expect(problem() == nil)
    try #require(ftruncate(descriptor, status.st_size - 4096) == 0)
    #expect(problem() == nil, "the last page is free")
    try #require(ftruncate(descriptor, 2 * 4096) == 0)
    #expect(problem() != nil)
  }

  @Test("A list of free pages that names one in use, one twice, or one that is not there")
  func freePages() throws {
    func list(_ file: Damaged) -> Int {
      Damaged.node(0, ofPage: Int(file.meta.freePages.root), in: file.bytes).value
    }
    let used = try Damaged()
    used.put(used.tables[1].record.root, at: list(used) + 8)
    #expect(try used.problem()?.contains("in use") == true)
    let twice = try Damaged()
    let first = list(twice) + 8
    twice.put(twice.bytes[first..<first + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }, at: first + 8)
    #expect(try twice.problem()?.contains("free pages") == true)
    let beyond = try Damaged()
    beyond.put(UInt64(beyond.meta.lastPage) + 1, at: list(beyond) + 8)
    #expect(try beyond.problem()?.contains("not there") == true)
  }

  /// LMDB counts commits from 1, and drops the lists that it has used by the commit it came to: that of commit 0 stays, is
  /// used again, and the page that is so taken twice ends the process.
  @Test("A list of free pages of a commit that there has not been", arguments: [true, false])
  func freedByNoCommit(isBeforeTheFirst: Bool) throws {
    let file = try Damaged()
    let root = Int(file.meta.freePages.root)
    let count = (Int(file.bytes[root * 4096 + 12]) - 16) / 2
    let key = Damaged.node(isBeforeTheFirst ? 0 : count - 1, ofPage: root, in: file.bytes).key.lowerBound
    file.put(isBeforeTheFirst ? 1 : file.meta.transaction, at: key)
    #expect(try file.problem() == nil)
    file.put(isBeforeTheFirst ? 0 : file.meta.transaction + 1, at: key)
    #expect(try file.problem() == "a list of free pages is of a commit that there has not been")
  }

  @Test("A table whose record counts other entries or pages than it has", arguments: [8, 16, 24, 32])
  func counts(offset: Int) throws {
    let file = try Damaged()
    let record = file.tables[1]
    let count = [8: record.record.branchPages, 16: record.record.leafPages, 24: record.record.overflowPages]
    file.put((count[offset] ?? record.record.entries) + 1, at: record.offset + offset)
    #expect(try file.problem()?.contains("other pages or entries") == true)
  }

  @Test("A table of a name that there is not, and one with keys of another kind")
  func otherTables() throws {
    let renamed = try Damaged()
    let name = Damaged.node(1, ofPage: Int(renamed.meta.tables.root), in: renamed.bytes).key
    renamed.bytes[name.upperBound - 1] = UInt8(ascii: "t")
    #expect(try renamed.problem()?.contains("a table that there is not") == true)
    let retyped = try Damaged()
    retyped.bytes[retyped.tables[1].offset + 4] ^= UInt8(TreeRecord.integerKeys)
    #expect(try retyped.problem()?.contains("keys of another kind") == true)
  }

  @Test("A header of a commit that does not come next to the other's", arguments: [2, 1 << 40])
  func commits(ahead: UInt64) throws {
    let file = try Damaged()
    file.put(file.meta.transaction + ahead, at: file.meta.offset + 144)
    #expect(try file.problem() == "the two headers are not of two commits in a row")
  }

  @Test("Two pages that were written in each other's place")
  func misplaced() throws {
    let file = try Damaged()
    let root = Int(file.tables[1].record.root)
    try #require(file.tables[1].record.depth == 2)
    func child(_ index: Int) -> Int {
      let node = Damaged.node(index, ofPage: root, in: file.bytes).key.lowerBound - 8
      return Int(file.bytes[node]) | Int(file.bytes[node + 1]) << 8
    }
    file.exchange(child(1), with: child(2))
    #expect(try file.problem() == "the header of a page cannot be right")
  }

  @Test("A key between two pages that is not between them")
  func order() throws {
    let file = try Damaged()
    let root = Int(file.tables[1].record.root)
    file.bytes[Damaged.node(1, ofPage: root, in: file.bytes).key.lowerBound] = UInt8(ascii: "z")
    #expect(try file.problem() == "a key is out of order")
  }
}

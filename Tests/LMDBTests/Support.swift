import Glibc
import LMDB
import Testing

/// A directory that is there for one test.
struct TemporaryDirectory: ~Copyable {
  let path: String

  init() throws {
    let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(parent)/lmdb-test-XXXXXX".utf8CString)
    path = try #require(mkdtemp(&template).map { String(cString: $0) })
  }

  deinit {
    for name in ["data.mdb", "lock.mdb"] { unlink("\(path)/\(name)") }
    rmdir(path)
  }

  func open(
    mapSizeBytes: Int = 64 << 20, maximumTables: Int = 4, maximumReaders: Int = 8, isReadOnly: Bool = false
  ) throws(LMDBError) -> Environment {
    try Environment(
      at: path,
      options: .init(
        mapSizeBytes: mapSizeBytes, maximumTables: maximumTables, maximumReaders: maximumReaders,
        isReadOnly: isReadOnly))
  }
}

/// An environment with one table of byte keys and one of integer keys.
final class Fixture {
  private let directory: TemporaryDirectory?
  let environment: Environment
  let words: Table
  let numbers: Table

  static let specs = [Table.Spec(name: "words"), Table.Spec(name: "numbers", hasIntegerKeys: true)]

  init(mapSizeBytes: Int = 64 << 20) throws {
    let directory = try TemporaryDirectory()
    environment = try directory.open(mapSizeBytes: mapSizeBytes)
    let tables = try environment.openTables(Self.specs)
    (words, numbers) = (tables[0], tables[1])
    self.directory = consume directory
  }

  /// An environment in a directory that is another's to remove: for a process that will not live to do so.
  init(path: String) throws {
    environment = try Environment(at: path, options: .init(mapSizeBytes: 64 << 20))
    let tables = try environment.openTables(Self.specs)
    (words, numbers) = (tables[0], tables[1])
    directory = nil
  }
}

extension Fixture {
  /// Puts and commits: for tests in tasks, where a write transaction may not be begun.
  func put(_ value: String, for key: String) throws(LMDBError) {
    var write = try environment.beginWrite()
    try write.put(value, for: key, in: words)
    try write.commit()
  }
}

extension [UInt8] {
  init(_ text: String) { self = Array(text.utf8) }

  init(_ bytes: RawSpan) { self = bytes.withUnsafeBytes { Array($0) } }
}

extension String {
  init(_ bytes: RawSpan) { self = String(decoding: [UInt8](bytes), as: UTF8.self) }
}

/// The same calls in text, copied: what most tests want to say.
extension ReadableTransaction where Self: ~Copyable {
  borrowing func text(_ key: String, in table: Table) throws -> String? {
    guard let value = try value(for: [UInt8](key).span.bytes, in: table) else { return nil }
    return String(value)
  }

  borrowing func bytes(_ key: UInt64, in table: Table) throws -> [UInt8]? {
    guard let value = try value(for: key, in: table) else { return nil }
    return [UInt8](value)
  }

  borrowing func keyText(atOrAfter key: String, in table: Table) throws -> String? {
    guard let entry = try entry(atOrAfter: [UInt8](key).span.bytes, in: table) else { return nil }
    return String(entry.key)
  }

  borrowing func keyText(before key: String, in table: Table) throws -> String? {
    guard let entry = try entry(before: [UInt8](key).span.bytes, in: table) else { return nil }
    return String(entry.key)
  }

  borrowing func keyTexts(in table: Table) throws -> [String] {
    var keys: [String] = []
    try scan(table) { entry in
      keys.append(String(entry.key))
      return true
    }
    return keys
  }

  borrowing func contents(of table: Table) throws -> [[UInt8]: [UInt8]] {
    var contents: [[UInt8]: [UInt8]] = [:]
    try scan(table) { entry in
      contents[[UInt8](entry.key)] = [UInt8](entry.value)
      return true
    }
    return contents
  }
}

extension WriteTransaction {
  mutating func put(_ value: String, for key: String, in table: Table) throws(LMDBError) {
    try put([UInt8](value).span.bytes, for: [UInt8](key).span.bytes, in: table)
  }

  mutating func put(_ value: String, for key: UInt64, in table: Table) throws(LMDBError) {
    try put([UInt8](value).span.bytes, for: key, in: table)
  }
}

/// The error that `body` throws, or `nil` when it throws none.
func lmdbError(_ body: () throws(LMDBError) -> Void) -> LMDBError? {
  do throws(LMDBError) {
    try body()
    return nil
  } catch {
    return error
  }
}

extension ReadableTransaction where Self: ~Copyable {
  borrowing func isEmpty(_ table: Table) throws -> Bool {
    let (first, last) = (try firstEntry(in: table) == nil, try lastEntry(in: table) == nil)
    #expect(first == last)
    return first
  }

  borrowing func numberKey(atOrAfter key: UInt64, in table: Table) throws -> UInt64? {
    guard let entry = try entry(atOrAfter: key, in: table) else { return nil }
    return entry.integerKey
  }

  borrowing func numberKey(before key: UInt64, in table: Table) throws -> UInt64? {
    guard let entry = try entry(before: key, in: table) else { return nil }
    return entry.integerKey
  }
}

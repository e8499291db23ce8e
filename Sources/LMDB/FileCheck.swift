import Glibc

/// Damage in an environment's file, and where it shows.
package struct FileDamage: Error, Equatable, Sendable, CustomStringConvertible {
  package let file: String
  package let offset: Int
  package let problem: String

  package init(file: String, offset: Int, problem: String) {
    (self.file, self.offset, self.problem) = (file, offset, problem)
  }

  package var description: String { "\(file) at byte \(offset): \(problem)" }
}

extension Environment {
  /// Reads the whole file of an environment that nobody writes, and throws unless all that LMDB will believe of it holds.
  ///
  /// LMDB follows whatever numbers it finds in its pages: a flipped bit can crash the process, hide entries, or be handed
  /// out as data. So before it is given a file, this walks every page that the last commit reaches, by its own reading of
  /// the format (LMDB 0.9, 64 bits): each page once, each node inside its page, keys in their order and between those
  /// above them, the counts as recorded, every value with its checksum, and the free pages free. What it does not look at
  /// (free pages, gaps in pages, the commit before the last) LMDB does not use either.
  ///
  /// A directory without the file is not damaged. Costs one read of the file, and memory of a bit for each page.
  ///
  /// - Parameter specs: all tables that it may have: one of another name would be another table that has lost its name.
  package static func checkFile(at directory: String, tables specs: [Table.Spec]) throws(FileDamage) {
    let path = "\(directory)/data.mdb"
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0, errno == ENOENT { return }
    guard descriptor >= 0 else {
      throw FileDamage(file: path, offset: 0, problem: "cannot be opened: \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    var status = stat()
    // One just made, whose first commit never came.
    guard fstat(descriptor, &status) == 0, status.st_size > 0 else { return }
    let file = PageFile(path: path, descriptor: descriptor, byteCount: Int(status.st_size))
    var check = try FileCheck(file)
    try check.run(specs)
  }
}

/// The pages of an environment's file.
struct PageFile {
  let path: String
  let descriptor: Int32
  let byteCount: Int

  func damage(_ offset: Int, _ problem: String) -> FileDamage {
    FileDamage(file: path, offset: offset, problem: problem)
  }

  /// Fills the buffer with what stands at an offset.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileDamage) {
    var done = 0
    while done < buffer.count {
      let count = pread(descriptor, buffer.baseAddress! + done, buffer.count - done, offset + done)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        let problem = count == 0 ? "the file is cut short" : "cannot be read: \(String(cString: strerror(errno)))"
        throw damage(offset + done, problem)
      }
      done += count
    }
  }
}

/// One check of one file.
struct FileCheck {
  let file: PageFile
  let pageByteCount: Int
  private let meta: MetaPage
  /// The pages of the file that something names: one bit each.
  private var named: [UInt64]
  private let pagesInFile: Int
  /// Those past its end: a page that one commit took and freed again was never written, and may be the last.
  private var freePastEnd: Set<Int> = []

  init(_ file: PageFile) throws(FileDamage) {
    self.file = file
    let first = try MetaPage(file, at: 0)
    pageByteCount = first.pageByteCount
    let second = try MetaPage(file, at: pageByteCount)
    guard second.pageByteCount == pageByteCount else {
      throw file.damage(pageByteCount, "the two headers name different page sizes")
    }
    // A commit writes the header that the one before it did not; a number that is rotten may be the largest there is.
    let (older, newer) = first.transaction < second.transaction ? (first, second) : (second, first)
    let isFirst = first.transaction == 0 && second.transaction == 0
    guard isFirst || newer.transaction == older.transaction &+ 1 && first.transaction % 2 == 0 else {
      throw file.damage(newer.offset, "the two headers are not of two commits in a row")
    }
    // Of two that never saw a commit LMDB takes the first.
    meta = isFirst ? first : newer
    guard meta.lastPage >= 1 else { throw file.damage(meta.offset, "the number of pages cannot be right") }
    pagesInFile = max(2, file.byteCount / pageByteCount)
    named = [UInt64](repeating: 0, count: pagesInFile / 64 + 1)
    try name(0)
    try name(1)
  }

  mutating func run(_ specs: [Table.Spec]) throws(FileDamage) {
    var free = TreeCheck(meta.freePages, kind: .freePages, origin: meta.offset)
    try free.run(&self)
    var main = TreeCheck(meta.tables, kind: .tables, origin: meta.offset)
    try main.run(&self)
    for (name, table, origin) in main.found {
      guard let spec = specs.first(where: { Array($0.name.utf8) == name }),
        spec.hasIntegerKeys == table.hasIntegerKeys
      else { throw file.damage(origin, "a table that there is not, or with keys of another kind") }
      var tree = TreeCheck(table, kind: .entries, origin: origin)
      try tree.run(&self)
    }
    // Last, when every page in use is known.
    for (commit, pages, origin) in free.freed {
      // LMDB drops used lists by their commits, which it counts from 1: that of commit 0 would stay, and be used again.
      guard commit >= 1, commit <= meta.transaction else {
        throw file.damage(origin, "a list of free pages is of a commit that there has not been")
      }
      for page in pages { try name(page, by: origin, isFree: true) }
    }
    guard freePastEnd.count == max(0, meta.lastPage - pagesInFile + 1) else { throw isTooShort }
  }

  private var isTooShort: FileDamage { file.damage(meta.offset, "the file is shorter than its header says") }

  /// Notes that a page is named, which happens once.
  mutating func name(_ page: Int, count: Int = 1, by origin: Int = 0, isFree: Bool = false) throws(FileDamage) {
    guard page >= 0, count >= 1, page <= meta.lastPage, count - 1 <= meta.lastPage - page else {
      throw file.damage(origin, "it names a page that is not there")
    }
    for page in page..<page + count {
      if page >= pagesInFile {
        guard isFree else { throw isTooShort }
        guard freePastEnd.insert(page).inserted else { throw file.damage(origin, "it names a page that is in use") }
        continue
      }
      guard named[page / 64] & 1 << (page % 64) == 0 else {
        throw file.damage(origin, "it names a page that is in use")
      }
      named[page / 64] |= 1 << (page % 64)
    }
  }
}

/// A header page: the file has two, written in turn.
struct MetaPage {
  private static let magic: UInt32 = 0xBEEF_C0DE
  private static let version: UInt32 = 1
  private static let byteCount = 152
  static let flag: UInt16 = 0x08

  let offset: Int
  let pageByteCount: Int
  let freePages: TreeRecord
  let tables: TreeRecord
  let lastPage: Int
  let transaction: UInt64

  init(_ file: PageFile, at offset: Int) throws(FileDamage) {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.byteCount, alignment: 8)
    defer { bytes.deallocate() }
    try file.read(into: bytes, at: offset)
    let page = UnsafeRawBufferPointer(bytes)
    guard page.load(fromByteOffset: 10, as: UInt16.self) == Self.flag,
      page.load(fromByteOffset: 16, as: UInt32.self) == Self.magic
    else { throw file.damage(offset, "not the header of an LMDB file") }
    guard page.load(fromByteOffset: 20, as: UInt32.self) == Self.version else {
      throw file.damage(offset, "a header of another LMDB format")
    }
    self.offset = offset
    // LMDB keeps the page's size where other trees have padding.
    pageByteCount = Int(page.load(fromByteOffset: 40, as: UInt32.self))
    guard (512...65_536).contains(pageByteCount), pageByteCount.nonzeroBitCount == 1 else {
      throw file.damage(offset, "a page has no such size")
    }
    freePages = TreeRecord(page, at: 40)
    tables = TreeRecord(page, at: 88)
    lastPage = Int(clamping: page.load(fromByteOffset: 136, as: UInt64.self))
    transaction = page.load(fromByteOffset: 144, as: UInt64.self)
  }
}

/// What LMDB records of a tree, 48 bytes.
struct TreeRecord: Equatable {
  static let byteCount = 48
  let flags: UInt16
  let depth: Int
  let branchPages, leafPages, overflowPages, entries: UInt64
  /// All ones for none.
  let root: UInt64

  static let integerKeys: UInt16 = 0x08
  var hasIntegerKeys: Bool { flags & Self.integerKeys != 0 }

  init(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
    func number(_ at: Int) -> UInt64 { bytes.loadUnaligned(fromByteOffset: offset + at, as: UInt64.self) }
    flags = bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt16.self)
    depth = Int(bytes.loadUnaligned(fromByteOffset: offset + 6, as: UInt16.self))
    (branchPages, leafPages, overflowPages, entries, root) = (number(8), number(16), number(24), number(32), number(40))
  }
}

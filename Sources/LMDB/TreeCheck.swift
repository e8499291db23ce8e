import Glibc

/// The check of one tree of an environment's file: its pages, from the root down, and what its leaves hold.
struct TreeCheck {
  enum Kind {
    /// Transaction → the pages it freed.
    case freePages
    /// Name → the record of a table.
    case tables
    /// A table of ours: every value with its checksum.
    case entries
  }

  private static let deepest = 32

  private let record: TreeRecord
  private let kind: Kind
  /// Where the record stands.
  private let origin: Int
  private var branchPages: UInt64 = 0
  private var leafPages: UInt64 = 0
  private var overflowPages: UInt64 = 0
  private var entries: UInt64 = 0
  private var lastKey: [UInt8]?
  /// The tables found, each with where its record stands.
  private(set) var found: [(name: [UInt8], TreeRecord, origin: Int)] = []
  /// The pages told to be free, with the commit that freed them.
  private(set) var freed: [(commit: UInt64, pages: [Int], origin: Int)] = []

  init(_ record: TreeRecord, kind: Kind, origin: Int) {
    self.record = record
    self.kind = kind
    self.origin = origin
  }

  private var hasIntegerKeys: Bool { kind == .freePages || record.hasIntegerKeys }

  mutating func run(_ check: inout FileCheck) throws(FileDamage) {
    let allowed: UInt16 = kind == .tables ? 0 : TreeRecord.integerKeys
    guard record.flags & ~allowed == 0, record.depth <= Self.deepest else {
      throw check.file.damage(origin, "the record of a tree cannot be right")
    }
    if record.root == .max {
      guard record.depth == 0, record.entries == 0 else {
        throw check.file.damage(origin, "a tree without pages has entries")
      }
    } else {
      guard record.depth > 0 else { throw check.file.damage(origin, "a tree with a root has no depth") }
      try visit(record.root, level: 1, named: origin, &check)
    }
    guard branchPages == record.branchPages, leafPages == record.leafPages, overflowPages == record.overflowPages,
      entries == record.entries
    else { throw check.file.damage(origin, "a tree has other pages or entries than its record says") }
  }

  // MARK: Pages

  private mutating func visit(
    _ number: UInt64, level: Int, named origin: Int, _ check: inout FileCheck
  ) throws(FileDamage) {
    guard let number = Int(exactly: number) else {
      throw check.file.damage(origin, "it names a page that is not there")
    }
    try check.name(number, by: origin)
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: check.pageByteCount, alignment: 8)
    defer { bytes.deallocate() }
    let start = number * check.pageByteCount
    try check.file.read(into: bytes, at: start)
    let isLeaf = level == record.depth
    let page = try TreePage(UnsafeRawBufferPointer(bytes), number: number, isLeaf: isLeaf, check.file)
    if isLeaf { leafPages += 1 } else { branchPages += 1 }
    for index in 0..<page.count {
      let node = try page.node(index, check.file)
      if isLeaf {
        try take(node, &check)
      } else {
        // The first key of a branch stands for everything below the second.
        if index > 0 { try confirm(node.key, follows: false, node.offset, check.file) }
        try visit(node.page, level: level + 1, named: node.offset, &check)
      }
    }
  }

  /// Checks that a key comes after the last one of the leaves; one that parts two pages may be the next one itself.
  private mutating func confirm(
    _ key: UnsafeRawBufferPointer, follows isEntry: Bool, _ offset: Int, _ file: PageFile
  ) throws(FileDamage) {
    guard hasIntegerKeys ? key.count == 8 : (1...511).contains(key.count) else {
      throw file.damage(offset, "a key has a length that none has")
    }
    if let lastKey {
      let order = lastKey.withUnsafeBytes { compare($0, key) }
      guard order < 0 || order == 0 && isEntry && isLowerBound else {
        throw file.damage(offset, "a key is out of order")
      }
    }
    lastKey = Array(key)
    isLowerBound = !isEntry
  }

  /// Whether the last key is one of a branch, which the next entry may have too.
  private var isLowerBound = false

  private func compare(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
    if hasIntegerKeys {
      let (left, right) = (left.loadUnaligned(as: UInt64.self), right.loadUnaligned(as: UInt64.self))
      return left < right ? -1 : left == right ? 0 : 1
    }
    let order = Int(memcmp(left.baseAddress!, right.baseAddress!, min(left.count, right.count)))
    return order != 0 ? order : left.count - right.count
  }

  // MARK: Entries

  private mutating func take(_ node: TreeNode, _ check: inout FileCheck) throws(FileDamage) {
    try confirm(node.key, follows: true, node.offset, check.file)
    entries += 1
    switch kind {
    case .tables:
      guard node.flags == TreeNode.isTable, node.value.count == TreeRecord.byteCount else {
        throw check.file.damage(node.offset, "the record of a table is not one")
      }
      found.append((Array(node.key), TreeRecord(node.value, at: 0), node.offset))
    case .freePages, .entries:
      switch node.flags {
      case 0: try take(node.key, node.value, node.offset, check.file)
      case TreeNode.isBig: try takeOverflow(node, &check)
      default: throw check.file.damage(node.offset, "an entry is of a kind that is never written")
      }
    }
  }

  /// A value too big for its page, on pages of its own.
  private mutating func takeOverflow(_ node: TreeNode, _ check: inout FileCheck) throws(FileDamage) {
    let count = (TreePage.headerByteCount - 1 + node.valueByteCount) / check.pageByteCount + 1
    guard let first = Int(exactly: node.value.loadUnaligned(as: UInt64.self)) else {
      throw check.file.damage(node.offset, "it names a page that is not there")
    }
    try check.name(first, count: count, by: node.offset)
    overflowPages += UInt64(count)
    let start = first * check.pageByteCount
    let bytes = UnsafeMutableRawBufferPointer.allocate(
      byteCount: TreePage.headerByteCount + node.valueByteCount, alignment: 8)
    defer { bytes.deallocate() }
    try check.file.read(into: bytes, at: start)
    let page = UnsafeRawBufferPointer(bytes)
    guard page.load(as: UInt64.self) == UInt64(first), page.load(fromByteOffset: 10, as: UInt16.self) == 0x04,
      page.load(fromByteOffset: 12, as: UInt32.self) == UInt32(count)
    else { throw check.file.damage(start, "the header of a page cannot be right") }
    let value = UnsafeRawBufferPointer(rebasing: page[TreePage.headerByteCount...])
    try take(node.key, value, start + TreePage.headerByteCount, check.file)
  }

  private mutating func take(
    _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, _ offset: Int, _ file: PageFile
  ) throws(FileDamage) {
    if kind == .freePages {
      return freed.append((key.loadUnaligned(as: UInt64.self), try freePages(value, offset, file), offset))
    }
    let count = value.count - EntryChecksum.byteCount
    guard count >= 0 else { throw file.damage(offset, "a value is too short") }
    let stored = UInt32(bigEndian: value.loadUnaligned(fromByteOffset: count, as: UInt32.self))
    guard stored == EntryChecksum.compute(key: key, value: UnsafeRawBufferPointer(rebasing: value[..<count])) else {
      throw file.damage(offset, "an entry is not as it was stored")
    }
  }

  /// A count, and so many pages, falling.
  private func freePages(
    _ value: UnsafeRawBufferPointer, _ offset: Int, _ file: PageFile
  ) throws(FileDamage) -> [Int] {
    guard value.count >= 8, let count = Int(exactly: value.loadUnaligned(as: UInt64.self)), count < 1 << 40,
      8 * (count + 1) <= value.count
    else { throw file.damage(offset, "a list of free pages cannot be right") }
    var pages: [Int] = []
    for index in 0..<count {
      let number = value.loadUnaligned(fromByteOffset: 8 * (index + 1), as: UInt64.self)
      guard let page = Int(exactly: number), page < pages.last ?? .max else {
        throw file.damage(offset, "a list of free pages cannot be right")
      }
      pages.append(page)
    }
    return pages
  }
}

/// A page of a tree, its header checked.
struct TreePage {
  static let headerByteCount = 16
  private static let branch: UInt16 = 0x01
  private static let leaf: UInt16 = 0x02

  private let bytes: UnsafeRawBufferPointer
  private let start: Int
  private let isLeaf: Bool
  private let upper: Int
  let count: Int

  init(_ bytes: UnsafeRawBufferPointer, number: Int, isLeaf: Bool, _ file: PageFile) throws(FileDamage) {
    self.bytes = bytes
    self.isLeaf = isLeaf
    start = number * bytes.count
    let lower = Int(bytes.load(fromByteOffset: 12, as: UInt16.self))
    upper = Int(bytes.load(fromByteOffset: 14, as: UInt16.self))
    guard bytes.load(as: UInt64.self) == UInt64(number), bytes.load(fromByteOffset: 8, as: UInt16.self) == 0,
      bytes.load(fromByteOffset: 10, as: UInt16.self) == (isLeaf ? Self.leaf : Self.branch),
      lower >= Self.headerByteCount, lower % 2 == 0, lower <= upper, upper <= bytes.count
    else { throw file.damage(start, "the header of a page cannot be right") }
    count = (lower - Self.headerByteCount) / 2
    guard count >= (isLeaf ? 1 : 2) else { throw file.damage(start, "a page has too few entries") }
  }

  func node(_ index: Int, _ file: PageFile) throws(FileDamage) -> TreeNode {
    let offset = Int(bytes.load(fromByteOffset: Self.headerByteCount + 2 * index, as: UInt16.self))
    guard offset >= upper, offset % 2 == 0, offset + TreeNode.headerByteCount <= bytes.count,
      let node = TreeNode(bytes, at: offset, isLeaf: isLeaf, start: start)
    else {
      throw file.damage(start + Self.headerByteCount + 2 * index, "an entry lies outside its page")
    }
    return node
  }
}

/// An entry of a page, whole inside it.
struct TreeNode {
  static let headerByteCount = 8
  static let isBig: UInt16 = 0x01
  static let isTable: UInt16 = 0x02

  /// Where it stands in the file.
  let offset: Int
  let flags: UInt16
  let key: UnsafeRawBufferPointer
  /// Of a leaf; of a value on pages of its own, the number of the first.
  let value: UnsafeRawBufferPointer
  let valueByteCount: Int
  /// Of a branch: the page below.
  let page: UInt64

  init?(_ bytes: UnsafeRawBufferPointer, at offset: Int, isLeaf: Bool, start: Int) {
    func number(_ at: Int) -> UInt16 { bytes.load(fromByteOffset: offset + at, as: UInt16.self) }
    let low = UInt64(number(0)) | UInt64(number(2)) << 16
    let keyStart = offset + Self.headerByteCount
    let keyEnd = keyStart + Int(number(6))
    valueByteCount = isLeaf ? Int(low) : 0
    flags = isLeaf ? number(4) : 0
    page = isLeaf ? 0 : low | UInt64(number(4)) << 32
    let end = keyEnd + (isLeaf ? (flags & Self.isBig != 0 ? 8 : valueByteCount) : 0)
    guard end <= bytes.count else { return nil }
    key = UnsafeRawBufferPointer(rebasing: bytes[keyStart..<keyEnd])
    value = UnsafeRawBufferPointer(rebasing: bytes[keyEnd..<end])
    self.offset = start + offset
  }
}

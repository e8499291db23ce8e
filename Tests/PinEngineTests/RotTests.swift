import Foundation
import LMDB
import PinStore
import TestSupport
import Testing

@testable import PinEngine

/// Bytes changed, files cut short, gone and exchanged. The long form (`PINVAULT_ROT=long`) changes every byte.
@Suite("Rot is named, and never told as truth", .serialized)
struct RotTests {
  private static let isLong = ProcessInfo.processInfo.environment["PINVAULT_ROT"] == "long"
  private static let shared = Task { try await RottenStore() }
  private let store: RottenStore

  init() async throws { store = try await Self.shared.value }

  private func flipped(_ name: String, _ offset: Int, by mask: UInt8) throws -> [UInt8] {
    var bytes = try #require(store.files[name])
    bytes[offset] ^= mask
    return bytes
  }

  private func seeded(_ body: (inout SeededGenerator) async throws -> Void) async throws {
    var generator = SeededGenerator.forTests()
    try await body(&generator)
  }

  // MARK: The journal

  @Test("A byte of the journal: named with its place, or behind its end, where a crash may leave one")
  func journal() async throws {
    let name = "journal/00000001.journal"
    let bytes = try #require(store.files[name])
    let end = try #require(bytes.lastIndex { $0 != 0 }) + 1
    try await seeded { generator in
      let offsets = Self.isLong ? Array(0..<end) : (0..<120).map { _ in Int.random(in: 0..<end, using: &generator) }
      for offset in offsets {
        try store.layOut([name: try flipped(name, offset, by: 1 << UInt8.random(in: 0..<8, using: &generator))])
        let finding = try await store.examine()
        guard case .harmless = finding else { continue }
        Issue.record("byte \(offset) of the journal was changed, and nobody noticed")
      }
      for offset in [end, end + 1, end + 600, bytes.count - 1] {
        try store.layOut([name: try flipped(name, offset, by: 0x10)])
        _ = try await store.examine()
      }
      print("journal: \(offsets.count) bytes of \(end) changed")
    }
  }

  // MARK: LMDB

  /// Every byte (in the short form, every eleventh) is changed and the file's own check asked; what it lets pass must change
  /// nothing: a number of those one by one, and then all at once.
  @Test(
    "A byte of an LMDB file: refused with its place before LMDB reads it, or of no use",
    arguments: ["state", "payload"])
  func pages(part: String) async throws {
    let name = "\(part)/data.mdb"
    var bytes = try #require(store.files[name])
    let good = bytes
    let tables = (part == "state" ? Tables.specs : CardTables.specs) + [Table.Spec(name: "meta")]
    var harmless: [(offset: Int, bit: UInt8)] = []
    var generator = SeededGenerator.forTests()
    try store.layOut()
    let path = "\(store.directory)/\(name)"
    let start = Self.isLong ? 0 : Int.random(in: 0..<11, using: &generator)
    var count = 0
    func isTakenForGood(_ bytes: [UInt8]) throws -> Bool {
      try write(bytes, at: path)
      do throws(FileDamage) { try Environment.checkFile(at: "\(store.directory)/\(part)", tables: tables) } catch {
        #expect(error.file == path && (0..<bytes.count).contains(error.offset))
        return false
      }
      return true
    }
    for offset in stride(from: start, to: bytes.count, by: Self.isLong ? 1 : 11) {
      count += 1
      let bit: UInt8 = 1 << UInt8.random(in: 0..<8, using: &generator)
      bytes[offset] = good[offset] ^ bit
      if try isTakenForGood(bytes) { harmless.append((offset, bit)) }
      bytes[offset] = good[offset]
    }
    // A copy without free pages has little that is not used.
    #expect(harmless.count < count && harmless.count > 0)
    for (offset, bit) in harmless.shuffled(using: &generator).prefix(Self.isLong ? 400 : 12) {
      try store.layOut([name: try flipped(name, offset, by: bit)])
      let finding = try await store.examine()
      #expect(finding == .harmless, "byte \(offset) of \(name): \(finding)")
    }
    // Together too, but for those that only make sense alone, such as two free pages that become the same.
    for (offset, bit) in harmless {
      bytes[offset] ^= bit
      if try !isTakenForGood(bytes) { bytes[offset] ^= bit }
    }
    try store.layOut([name: bytes])
    let finding = try await store.examine()
    #expect(finding == .harmless, "all unused bytes of \(name): \(finding)")
    print("\(name): \(count) bytes of \(bytes.count) changed, \(harmless.count) of them unused")
  }

  @Test("Headers that name the largest commit there can be are refused, and none is looked for after it")
  func largestCommit() throws {
    let name = "state/data.mdb"
    var bytes = try #require(store.files[name])
    for header in [0, 4096] {
      bytes.replaceSubrange(header + 144..<header + 152, with: [UInt8](repeating: 0xFF, count: 8))
    }
    try store.layOut([name: bytes])
    let directory = "\(store.directory)/state"
    let damage = #expect(throws: FileDamage.self) {
      try Environment.checkFile(at: directory, tables: Tables.specs + [Table.Spec(name: "meta")])
    }
    #expect(damage?.problem.contains("headers") == true)
  }

  @Test(
    "A damaged state or payload is named by verification, and refused by the start, with its place",
    arguments: ["state", "payload"])
  func refused(part: String) async throws {
    let name = "\(part)/data.mdb"
    let bytes = try #require(store.files[name])
    var generator = SeededGenerator.forTests()
    var refused = 0
    // Most of the file is free pages; the headers and what they lead to are where it hurts.
    let used = bytes.indices.filter { bytes[$0] != 0 }
    for _ in 0..<(Self.isLong ? 2000 : 30) {
      let offset = try #require(used.randomElement(using: &generator))
      try store.layOut([name: try flipped(name, offset, by: 1 << UInt8.random(in: 0..<8, using: &generator))])
      switch try await store.examine() {
      case .harmless: continue
      case .refused(let problem):
        #expect(problem.hasPrefix("\(part): \(store.directory)/\(name) "), "\(problem)")
        refused += 1
      case .named(let problem): Issue.record("it is served although it is damaged: \(problem)")
      }
    }
    #expect(refused > 0)
    print("\(name): \(refused) changed bytes refused")
  }

  // MARK: Other files

  @Test("A byte of the keyring or of the format file: refused")
  func smallFiles() async throws {
    for name in ["keyring", "format"] {
      for offset in try #require(store.files[name]).indices {
        try store.layOut([name: try flipped(name, offset, by: 1)])
        #expect(throws: (any Error).self, "byte \(offset) of \(name)") {
          try Engine(
            at: store.directory, masterKey: store.masterKey, settings: RottenStore.settings, clock: store.clock)
        }
      }
    }
  }

  @Test("A file that is cut short or gone: refused, or made again, but never a store with less in it")
  func cutShort() async throws {
    var generator = SeededGenerator.forTests()
    for (name, bytes) in store.files.sorted(by: { $0.key < $1.key }) where name != "lock" {
      // One that was made ahead of need holds nothing yet: it may go, if none follows.
      let isSpare = name.hasSuffix(".journal") && !bytes.dropFirst(4096).contains { $0 != 0 }

      var lengths: [Int?] = [nil, 0, 1, bytes.count / 2, bytes.count - 1]
      for _ in 0..<(Self.isLong ? 40 : 2) { lengths.append(Int.random(in: 0..<bytes.count, using: &generator)) }
      for length in lengths {
        try store.layOut([name: length.map { Array(bytes[..<$0]) }])
        let finding = try await store.examine()
        // The journal has all of the state, so an empty or missing one is made again.
        if isSpare, length == nil { continue }
        let isMadeAgain = name == "state/data.mdb" && (length ?? 0) == 0
        // What is behind the last page that is in use is of no use.
        let isPartOfDatabase = name.hasSuffix("/data.mdb") && (length ?? 0) > 0
        if case .refused = finding {
          #expect(!isMadeAgain, "\(name) cut to \(length ?? -1)")
        } else {
          let mayBeServed = isMadeAgain || isPartOfDatabase
          #expect(mayBeServed && finding == .harmless, "\(name) cut to \(length ?? -1): \(finding)")
        }
      }
    }
  }

  @Test("A file of another store, or an older one of this: refused or named, or made good from the journal")
  func exchanged() async throws {
    let other = try await RottenStore(prefix: "B")
    for name in ["keyring", "journal/00000001.journal", "state/data.mdb", "payload/data.mdb"] {
      try store.layOut([name: other.files[name]])
      let finding = try await store.examine()
      switch finding {
      case .harmless: Issue.record("\(name) of another store was taken for this one's")
      case .refused, .named: break
      }
    }
  }

  private func write(_ bytes: [UInt8], at path: String) throws {
    let file = open(path, O_WRONLY)
    defer { close(file) }
    try #require(bytes.withUnsafeBytes { pwrite(file, $0.baseAddress, $0.count, 0) } == bytes.count)
  }
}

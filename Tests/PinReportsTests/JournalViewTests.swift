import Foundation
import PinWords
import Testing

@testable import PinEngine
@testable import PinReports
@testable import PinStore

/// A journal's end is found beside its writer, after a crash, and not at all where there is damage.
@Suite struct JournalViewTests {
  /// A copy of a shop's directory, the sample's unless told, with its last segment changed; `end` is where its last block
  /// ends.
  private func withCopy(
    of shop: Shop? = nil, changing change: (_ segment: inout [UInt8], _ end: Int) -> Void = { _, _ in },
    _ body: (String) throws -> Void
  ) async throws {
    let directory = if let shop { shop.directory } else { try await Sample.shared.shop.directory }
    let end = try JournalView(of: directory).head.end
    let copy = NSTemporaryDirectory() + "pinvault-view-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: copy) }
    try FileManager.default.createDirectory(atPath: "\(copy)/journal", withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: "\(directory)/format", toPath: "\(copy)/format")
    for name in try FileManager.default.contentsOfDirectory(atPath: "\(directory)/journal").sorted() {
      var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(directory)/journal/\(name)")))
      if name == "0000000\(end.segment).journal" { change(&bytes, end.offset) }
      try Data(bytes).write(to: URL(fileURLWithPath: "\(copy)/journal/\(name)"))
    }
    try body(copy)
  }

  @Test func theHeadIsTheLastEventsWhileTheStoreServes() async throws {
    let shop = try Shop(atMilliseconds: 1_806_048_000_000)
    for number in 1...5 {
      _ = try await shop.actor("actor-\(number)", .terminal)
      let view = try JournalView(of: shop.directory)
      #expect(view.head.sequence == UInt64(2 + number))
    }
    #expect(throws: StoreError.self) { try JournalView(of: shop.directory + "/journal") }
  }

  @Test func aTornBlockIsNoPartOfIt() async throws {
    let sequence = try await Sample.shared.view.head.sequence
    try await withCopy { segment, end in
      // The first sector of a block of 3000 bytes; the others were not written.
      let start = (end / 512 + 1) * 512
      segment.replaceSubrange(end..<end + 4, with: [0, 0, 11, 184])
      for index in end + 4..<start { segment[index] = 7 }
    } _: {
      let view = try JournalView(of: $0)
      #expect(view.head.sequence == sequence)
    }
  }

  @Test(arguments: [700, 1500]) func damageIsNotTakenForTheEnd(_ before: Int) async throws {
    try await withCopy { segment, end in
      segment[end - before] ^= 1
    } _: { copy in
      #expect(throws: StoreError.self) { try JournalView(of: copy) }
    }
  }

  @Test func damageInTheLastBlockIsNotTakenForATornOne() async throws {
    let shop = try Shop(atMilliseconds: 1_806_048_000_000)
    let till = try await shop.actor("till", .terminal)
    let product = try await shop.product("A", name: "A", in: "EUR", face: 500, price: 500)
    _ = try await shop.stock(product, 5, unitCost: 400, prefix: "A")
    // A vend ends in the sequence of the event that had put its cards in stock, and so not in zero.
    _ = await shop.ask(.vend(Vend(id: shop.id(), line: Line(product: product, count: 1))), as: till)
    try await withCopy(of: shop) { segment, end in
      segment[end - 40] ^= 1
    } _: { copy in
      #expect(throws: StoreError.self) { try JournalView(of: copy) }
    }
  }

  @Test func theLastBlockIsTakenWhenItsSyncIsOver() async throws {
    try await withCopy { copy in
      let end = try JournalView(of: copy).head.end
      let segment = "\(copy)/journal/0000000\(end.segment).journal"
      func written(secondsAgo: TimeInterval) throws {
        let date = Date(timeIntervalSinceNow: -secondsAgo)
        try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: segment)
      }
      try written(secondsAgo: 3600)
      var pauses = 0
      _ = try JournalView(of: copy) { _ in pauses += 1 }
      #expect(pauses == 0)
      // Written just now, as far as anybody knows; when it is looked at for the third time, an hour ago.
      try written(secondsAgo: -3600)
      _ = try JournalView(of: copy) { _ in
        pauses += 1
        if pauses == 2 { try? written(secondsAgo: 3600) }
      }
      #expect(pauses == 2)
      // While it is looked at, the next block's length is written: that was begun after the sync.
      try written(secondsAgo: -3600)
      let view = try JournalView(of: copy) { _ in
        pauses += 1
        guard pauses == 3, let file = FileHandle(forWritingAtPath: segment) else { return }
        try? file.seek(toOffset: UInt64(end.offset))
        try? file.write(contentsOf: Data([0, 0, 11, 184]))
        try? file.close()
        try? written(secondsAgo: -3600)
      }
      #expect(pauses == 3)
      #expect(view.head.end == end)
    }
  }

  @Test func aBlockThatIsBeingWrittenIsWaitedFor() async throws {
    try await withCopy { copy in
      let whole = try JournalView(of: copy).head
      let segment = URL(fileURLWithPath: "\(copy)/journal/0000000\(whole.end.segment).journal")
      let last = try #require(whole.lastBlock).offset
      let bytes = try Data(contentsOf: segment)
      var torn = bytes
      // No more than its header is there when it is looked at first, and all of it later.
      torn.replaceSubrange(last + 64..<whole.end.offset, with: Data(count: whole.end.offset - last - 64))
      try torn.write(to: segment)
      var pauses = 0
      let view = try JournalView(of: copy) { _ in
        pauses += 1
        guard pauses == 3 else { return }
        try? bytes.write(to: segment)
        try? FileManager.default.setAttributes([.modificationDate: Date.distantPast], ofItemAtPath: segment.path)
      }
      #expect(view.head == whole && pauses == 3)
    }
  }

  @Test(arguments: [1, 99] as [UInt32])
  func aDirectoryOfAnotherFormatIsNotRead(number: UInt32) async throws {
    try await withCopy { copy in
      let format = URL(fileURLWithPath: "\(copy)/format")
      let present = try String(contentsOf: format, encoding: .utf8).split(separator: " ").last.flatMap {
        UInt32($0.dropLast())
      }
      try Data("pinvault-data \(number)\n".utf8).write(to: format)
      let error = StoreError.otherFormat(
        path: copy, name: "data format", found: number, expected: try #require(present))
      #expect(throws: error) { try JournalView(of: copy) }
    }
  }

  @Test func aReportIsNotMadeOfADamagedJournal() async throws {
    var history = try await History(seed: Seed.value, startingAt: 1_806_048_000_000, segmentByteCount: 16 << 10)
    try await history.go(120)
    let directory = history.shop.directory
    let view = try JournalView(of: directory)
    #expect(view.lastSegment > 2)
    let first = URL(fileURLWithPath: "\(directory)/journal/00000001.journal")
    var bytes = try Data(contentsOf: first)
    bytes[9000] ^= 1
    try bytes.write(to: first)
    let request = try ReportRequest(.totals, try Sample.days.get())
    #expect(throws: StoreError.self, "seed \(Seed.value)") {
      let run = ReportRun(request, of: view, to: JSONWriter(TextSink { _ in }))
      try run.run()
    }
  }

  @Test func aBackupIsRead() async throws {
    let shop = try await Sample.shared.shop
    let backup = NSTemporaryDirectory() + "pinvault-backup-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: backup) }
    _ = try shop.engine.backup(to: backup)
    let (view, live) = (try JournalView(of: backup), try await Sample.shared.view)
    #expect(view.head.sequence == live.head.sequence && view.head.chain == live.head.chain)
  }
}

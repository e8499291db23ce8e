import Foundation
import PinBytes
import PinSealing
import PinWords
import TestSupport
import Testing

@testable import PinEngine

@Suite("Every event reads the same to this program and to one written from the documentation alone")
struct JournalEventTests {
  private let store: EverythingDone

  init() async throws { store = try await EverythingDone.shared }

  private func decoded() throws -> [JournalEvent] {
    try store.events.enumerated().map { index, event in
      try JournalEvent(
        sequence: UInt64(index) + 1, timeMilliseconds: event.timeMilliseconds, bytes: event.bytes.span.bytes)
    }
  }

  @Test("The journal of a store on which everything was done has every kind of event, and each decodes")
  func everyKind() throws {
    let events = try decoded()
    #expect(Set(events.map(\.kind)) == Set(EventKind.allCases))
    #expect(events.allSatisfy { ($0.id == nil) == !$0.kind.carriesID })
  }

  @Test("The reader in Python prints every event as this program does, and finds the same chain")
  func python() throws {
    let expected = try decoded().map(\.jsonLine)
    let (status, output, errors) = try store.withJournal { try readInPython($0) }
    #expect(status == 0, "\(errors)")
    let lines = output.split(separator: "\n").map(String.init)
    #expect(lines.count == expected.count)
    for (line, expected) in zip(lines, expected) { #expect(line == expected) }
    let report = store.report
    #expect(report.sound)
    #expect(errors.contains("\(report.headSequence) events, \(report.blocks) blocks, chain \(report.chainHead)"))
    let eventByteCount = store.events.reduce(0) { $0 + $1.bytes.count }
    #expect(eventByteCount > store.segments[0].bytes.count, "a chain that goes on over segments was to be read")
  }

  @Test(
    "The reader in Python finds one changed byte wherever it is",
    arguments: [(8, "header"), (4000, "header"), (4096 + 70, "check"), (4096, "length"), (98_303, "zero")])
  func damage(offset: Int, problem: String) throws {
    let (status, _, errors) = try store.withJournal(changing: { $0[offset] ^= 0x20 }, readInPython)
    #expect(status == 1 && errors.contains(problem), "\(errors)")
  }

  @Test("The reader in Python finds a block that was forged with a right check, by the chain")
  func forgery() throws {
    func forge(_ bytes: inout [UInt8]) throws {
      let size = bytes[4096..<4100].reduce(0) { $0 << 8 | Int($1) }
      var block = Array(bytes[4096..<4096 + size])
      // The last character of the administrator's name.
      let name = try #require(block.firstRange(of: Array("root".utf8)))
      block[name.upperBound - 1] ^= 1
      block.replaceSubrange(24..<32, with: repeatElement(0, count: 8))
      block.replaceSubrange(24..<32, with: SHA256Hasher.sha256(of: block.span.bytes).bytes.prefix(8))
      bytes.replaceSubrange(4096..<4096 + size, with: block)
    }
    let (status, _, errors) = try store.withJournal(changing: forge, readInPython)
    #expect(status == 1 && errors.contains("does not follow"), "\(errors)")
  }

  @Test("An event that is cut short anywhere, or goes on, is refused")
  func truncation() throws {
    for event in store.events {
      // Every length, but of the longest events a part of the lengths.
      for count in stride(from: 0, to: event.bytes.count, by: max(1, event.bytes.count / 1024)) {
        let part = event.bytes.span.bytes.extracting(0..<count)
        let decoded = try? JournalEvent(sequence: 1, timeMilliseconds: 0, bytes: part)
        if let decoded { Issue.record("\(decoded.kind) was read from \(count) bytes of it") }
      }
      let longer = event.bytes + [0]
      #expect(throws: JournalEventError.self) {
        try JournalEvent(sequence: 1, timeMilliseconds: 0, bytes: longer.span.bytes)
      }
    }
  }

  @Test("Whatever a byte is changed to, decoding and printing do not trap")
  func changedBytes() throws {
    var generator = SeededGenerator.forTests()
    for kind in EventKind.allCases {
      let ofKind = store.events.filter { $0.bytes[0] == kind.rawValue }
      for event in ofKind.prefix(4) {
        for _ in 0..<500 {
          var bytes = event.bytes
          for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let value = [0, 1, 0x7F, 0x80, 0xFF, UInt8.random(in: 0...255, using: &generator)]
              .randomElement(using: &generator)!
            bytes[Int.random(in: 1..<min(bytes.count, 400), using: &generator)] = value
          }
          let time = UInt64.random(in: 0 ... .max, using: &generator)
          let decoded = try? JournalEvent(sequence: .max, timeMilliseconds: time, bytes: bytes.span.bytes)
          if let decoded { #expect(!decoded.jsonLine.isEmpty) }
        }
      }
    }
  }

  @Test("The line and what an encoder makes are the same object, and no key is in either, wrapped or not")
  func noKeys() throws {
    var keys = 0
    for (event, raw) in zip(try decoded(), store.events) {
      let encoded = try JSONEncoder().encode(event)
      let fromEncoder = try JSONSerialization.jsonObject(with: encoded) as? NSDictionary
      let fromLine = try JSONSerialization.jsonObject(with: Data(event.jsonLine.utf8)) as? NSDictionary
      #expect(fromEncoder != nil && fromEncoder == fromLine)
      for key in try wrappedKeys(event.kind, raw.bytes).prefix(2) {
        keys += 1
        let bytes = key.wrapped.bytes
        for text in [
          String(hexadecimal: bytes.span.bytes), Data(bytes).base64EncodedString(), "\(bytes)", "\(key.number)",
        ] { #expect(!event.jsonLine.contains(text)) }
      }
    }
    #expect(keys > 10, "there were keys to be left out")
  }

  @Test(
    "Times and days are told in UTC to the millisecond",
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"), (951_782_400_001, "2000-02-29T00:00:00.001Z"),
      (4_107_542_399_999, "2100-02-28T23:59:59.999Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
      (1_798_761_600_000, "2027-01-01T00:00:00.000Z"), (253_402_300_800_000, "10000-01-01T00:00:00.000Z"),
    ] as [(UInt64, String)])
  func times(timeMilliseconds: UInt64, text: String) throws {
    let event = store.events[0].bytes
    let decoded = try JournalEvent(sequence: 1, timeMilliseconds: timeMilliseconds, bytes: event.span.bytes)
    #expect(decoded.jsonLine.contains(#""time":"\#(text)""#))
  }

  @Test("The page on formats names every kind with its number, and the keys of its JSON")
  func documentation() throws {
    let page = try String(contentsOf: repositoryFolder.appendingPathComponent("docs/formats.md"), encoding: .utf8)
    let rows = page.split(separator: "\n").filter { $0.hasPrefix("| ") }
    for kind in EventKind.allCases {
      let title = "| \(kind.rawValue) | \(kind.name)\(kind.carriesID ? "" : " †") |"
      #expect(rows.contains { $0.hasPrefix(title) }, "\(title)")
    }
    let section = try #require(page.range(of: "### Events as JSON"))
    let keyRows = page[section.upperBound...].split(separator: "\n").filter { $0.hasPrefix("| ") }
    for event in try decoded() {
      let row = keyRows.first { row in
        row.split(separator: "|")[0].split(separator: ",").contains {
          $0.trimmingCharacters(in: .whitespaces) == event.kind.name
        }
      }
      // What stands in parentheses are the keys of the elements of a list.
      let keys = try #require(row).replacing(/\([^)]*\)/, with: "").split(separator: "|").dropFirst().joined()
      let named = Set(keys.matches(of: /`([a-z_]+)`/).map { String($0.1) })
      let object = try JSONSerialization.jsonObject(with: Data(event.jsonLine.utf8)) as? [String: Any]
      let told = Set(try #require(object).keys).subtracting(["sequence", "time", "actor", "kind", "id"])
      #expect(named == told, "\(event.kind.name)")
    }
  }

  // MARK: Help

  private func wrappedKeys(_ kind: EventKind, _ bytes: [UInt8]) throws -> [KeyRecord] {
    guard kind == .actorDefined || kind == .purchaseBegun else { return [] }
    let event = ChangeEvent(bytes.span.bytes)
    var reader = ByteReader(event.body)
    if kind == .actorDefined {
      let actor = try ActorRecord(&reader)
      return [actor.key] + (actor.oldKey.map { [$0] } ?? [])
    }
    _ = try reader.readShortString()
    let purchase = try PurchaseRecord(&reader)
    var keys: [KeyRecord] = []
    for _ in 0..<purchase.lotCount { keys.append(try LotRecord(&reader).key) }
    return keys
  }

  private func readInPython(_ directory: String) throws -> (status: Int32, output: String, errors: String) {
    try runPython("Scripts/audit", ["--events", directory])
  }
}

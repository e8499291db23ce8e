import Foundation
import LMDB
import PinBytes
import PinStore
import PinWords
import Testing

@testable import PinEngine

@Suite("Verification says what is broken, by name and place")
struct VerificationNamesTests {
  /// A stopped directory with a bit of everything; its state reflects the journal's last event.
  private func stopped() async throws -> Bench {
    let bench = try Bench()
    let clerk = try await bench.actor("clerk", .clerk)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 20)
    let (sale, hold) = (bench.id(), bench.id())
    let line = Line(product: product, count: 3)
    _ = await bench.ask(.vend(Vend(id: sale, line: line)), as: clerk)
    _ = await bench.ask(.reserve(Reserve(id: hold, holdSeconds: 60, lines: [line])), as: clerk)
    _ = await bench.ask(.closeShift(bench.id()), as: clerk)
    bench.stop()
    return bench
  }

  private func verify(_ bench: Bench) throws -> VerificationReport {
    try Engine.verify(at: bench.directory, settings: .small)
  }

  private func change(
    _ bench: Bench, _ part: String, _ specs: [Table.Spec], _ body: (inout WriteTransaction, [Table]) throws -> Void
  ) throws {
    let size = part == "state" ? StoreSettings.small.stateMapByteCount : StoreSettings.small.payloadMapByteCount
    let environment = try Environment(
      at: "\(bench.directory)/\(part)", options: Environment.Options(mapSizeBytes: size))
    let tables = try environment.openTables(specs)
    var transaction = try environment.beginWrite()
    try body(&transaction, tables)
    try transaction.commit()
  }

  /// Changes one byte of the first record of a table.
  private func flip(_ table: Table, _ state: inout WriteTransaction, byte: Int) throws {
    var key: [UInt8] = []
    var value: [UInt8] = []
    if let entry = try state.firstEntry(in: table) {
      key = [UInt8](entry.key)
      value = [UInt8](entry.value)
    }
    value[byte] ^= 1
    try state.put(value.span.bytes, for: key.span.bytes, in: table)
  }

  @Test("An untouched directory is sound")
  func sound() async throws {
    let report = try verify(try await stopped())
    #expect(report.sound, "\(report.problems)")
  }

  @Test(
    "A changed record of the state, in whichever table, is a state that the journal does not give",
    arguments: [("stock", 7), ("ids", 40), ("products", 3), ("actors", 5), ("levels", 11), ("shifts", 3), ("lots", 9)])
  func changedState(table: String, byte: Int) async throws {
    let bench = try await stopped()
    let index = try #require(Tables.specs.firstIndex { $0.name == table })
    try change(bench, "state", Tables.specs) { state, tables in try flip(tables[index], &state, byte: byte) }
    let report = try verify(bench)
    #expect(!report.sound)
    #expect(report.problems.map(\.law) == ["state digest"])
    #expect(report.stateDigest != report.replayedDigest)
  }

  @Test("A custody record that is gone or was changed is one, too")
  func changedCustody() async throws {
    for removes in [true, false] {
      let bench = try await stopped()
      try change(bench, "state", Tables.specs) { state, list in
        let tables = Tables(list)
        if removes {
          expectRemoved(try state.remove(1, in: tables.custody))
        } else {
          let value = CustodyValue(
            count: 3, holder: .void, condition: .regular, lot: LotID(1), placedBy: 1, id: .zero)
          try state.put(value.bytes.span.bytes, for: 1, in: tables.custody)
        }
      }
      #expect(try verify(bench).problems.map(\.law) == ["state digest"])
    }
  }

  @Test("A byte of the journal that was changed is named by file and place")
  func changedJournal() async throws {
    let bench = try await stopped()
    let whole = try verify(bench)
    let names = try FileManager.default.contentsOfDirectory(atPath: "\(bench.directory)/journal").sorted()
    let file = "\(bench.directory)/journal/\(try #require(names.first { $0.hasSuffix(".journal") }))"
    var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
    let place = try #require(bytes.firstRange(of: Data("Dial *123#".utf8))).lowerBound
    bytes[place] ^= 1
    try bytes.write(to: URL(fileURLWithPath: file))
    let report = try verify(bench)
    #expect(!report.sound && report.headSequence < whole.headSequence)
    let problem = try #require(report.problems.first)
    #expect(problem.law == "journal")
    #expect(problem.file.map { file.hasSuffix($0) || $0.hasSuffix(file) } ?? false)
    let offset = try #require(problem.offset)
    #expect(offset <= place && place - offset < 4096, "the block that has the byte")
  }

  @Test("A card that is missing from the payload, or from an index, is named")
  func missingCard() async throws {
    let bench = try await stopped()
    try change(bench, "payload", CardTables.specs) { payload, list in
      expectRemoved(try payload.remove(7, in: CardTables(list).cards))
    }
    let problems = try verify(bench).problems
    // The card itself, and the two entries that lead to it.
    #expect(problems.map(\.law) == ["payload", "payload", "payload"])
    #expect(problems.allSatisfy { $0.detail.contains("card 7") })

    let other = try await stopped()
    try change(other, "payload", CardTables.specs) { payload, list in
      let tables = CardTables(list)
      var key: [UInt8] = []
      if let entry = try payload.firstEntry(in: tables.fingerprints) { key = [UInt8](entry.key) }
      expectRemoved(try payload.remove(key.span.bytes, in: tables.fingerprints))
    }
    #expect(try verify(other).problems.map(\.law) == ["payload"])
  }

  /// The audit runs on what replaying gives, so a machine that breaks a law is caught although its journal is whole:
  /// here it is shown a state that no journal gives.
  @Test("The audit names the law that a state breaks", arguments: AuditCase.allCases)
  func audit(_ wrong: AuditCase) async throws {
    let bench = try await stopped()
    try change(bench, "state", Tables.specs) { state, list in try wrong.apply(&state, Tables(list)) }
    let state = try Environment(
      at: "\(bench.directory)/state",
      options: Environment.Options(mapSizeBytes: StoreSettings.small.stateMapByteCount))
    let payload = try Environment(
      at: "\(bench.directory)/payload",
      options: Environment.Options(mapSizeBytes: StoreSettings.small.payloadMapByteCount))
    let tables = Tables(try state.openTables(Tables.specs))
    let cards = CardTables(try payload.openTables(CardTables.specs))
    let reading = try state.beginRead()
    let beside = try payload.beginRead()
    let problems = try Audit().run(reading, tables, beside, cards)
    let expected = wrong.expected
    #expect(
      problems.contains { $0.name.hasPrefix(expected.law) && $0.detail.contains(expected.detail) },
      "\(wrong): \(problems)")
  }
}

/// What a test removes was there.
func expectRemoved(_ wasThere: Bool) { #expect(wasThere) }

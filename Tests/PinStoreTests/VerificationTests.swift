import LMDB
import Testing

@testable import PinStore

/// Law 8: the journal is the truth, and what differs from it is found.
@Suite(.timeLimit(.minutes(30))) struct VerificationTests {
  private func filled() throws -> (StoreRig, TallyStore) {
    let rig = try StoreRig.created()
    let tally = try rig.open()
    for index in 0..<40 {
      #expect(
        tally.store.submit((0..<20).map { .add(name: "name \(index * 7 % 30)", amount: UInt64($0), id: index) }))
      _ = tally.context.outcomes(count: (index + 1) * 20)
      if index == 11 { _ = try tally.store.checkpoint() }
    }
    return (rig, tally)
  }

  private func verify(_ rig: StoreRig, at path: String? = nil) throws -> StoreReport {
    try Store<Tally>.verify(at: path ?? rig.directory, settings: StoreRig.settings)
  }

  @Test func aLiveStoreIsSound() throws {
    let (rig, tally) = try filled()
    let report = try tally.store.verify()
    #expect(report.problems == [])
    #expect(report.events == 801 && report.headSequence == 801)
    #expect(report.blocks == 41)
    #expect(report.chainHead == tally.store.head.chain.description)
    #expect(report.stateSequence == 801)
    #expect(report.stateDigest != nil && report.stateDigest == report.replayedDigest)
    #expect(try FileTree.names(in: rig.directory).allSatisfy { !$0.hasPrefix("scratch") })
    #expect(try tally.add("a") == .value(1, sequence: 802))
  }

  @Test func ofTwoVerificationsAtOnceTheSecondIsRefused() throws {
    let (_, tally) = try filled()
    let report = try tally.store.verify { _, _, _, _ in
      #expect(throws: StoreError.alreadyRunning("a verification")) { try tally.store.verify() }
      return []
    }
    #expect(report.problems == [])
    #expect(try tally.store.verify().problems == [])
  }

  @Test func aCrashedDirectoryIsSoundAndLeftAsItIs() throws {
    let (rig, tally) = try filled()
    let crashed = try rig.copy(to: "crashed")
    let report = try verify(rig, at: crashed)
    #expect(report.problems == [])
    #expect(report.stateSequence == 241 && report.headSequence == 801)
    #expect(report.stateDigest == report.replayedDigest)
    // What a start makes of it is the same state.
    let live = try tally.store.digestedCheckpoint()
    let again = try rig.open(at: crashed)
    #expect(try again.store.digestedCheckpoint().digest == live.digest)
  }

  @Test func aTornBlockIsNoProblem() throws {
    let (rig, tally) = try filled()
    let head = tally.store.head
    let crashed = try rig.copy(to: "crashed")
    let journal = try JournalDirectory(opening: "\(crashed)/journal")
    let last = try #require(head.lastBlock)
    try File.open(journal.file(ofSegment: last.segment), .write)
      .write([UInt8](repeating: 0, count: 100).span.bytes, at: head.end.offset - 100)
    let report = try verify(rig, at: crashed)
    #expect(report.problems == [])
    #expect(report.tornByteCount > 0 && report.headSequence == 781)
  }

  @Test func aFlippedByteOfTheJournalIsFoundWithItsPlace() throws {
    let (rig, tally) = try filled()
    let end = tally.store.head.end
    let firstBlockEnd = try #require(try tally.store.index.entry(before: 1, upTo: tally.store.head))
    tally.close()
    let journal = try JournalDirectory(opening: "\(rig.directory)/journal")
    let path = journal.file(ofSegment: 1)
    let original = try FileTree.contents(of: path)
    #expect(end.segment == 1 && firstBlockEnd.sequence == 1)
    for offset in [0, 20, 60, 4095, 4096, 4096 + 30, 9000, end.offset - 1, end.offset, original.count - 1] {
      try File.open(path, .write).write([original[offset] ^ 4].span.bytes, at: offset)
      let problem = try #require(try verify(rig).problems.first, "byte \(offset)")
      let place = try #require(problem.place, "byte \(offset)")
      #expect(place.file == path && place.offset <= offset && offset - place.offset < 2000)
      try File.open(path, .write).write([original[offset]].span.bytes, at: offset)
    }
    #expect(try verify(rig).problems == [])
  }

  @Test func aStateThatIsNotTheFoldIsFound() throws {
    let (rig, tally) = try filled()
    tally.close()
    try {
      let database = try StateDatabase(
        at: "\(rig.directory)/state", tables: Tally.tables, mapByteCount: 64 << 20, readers: 8)
      var transaction = try database.environment.beginWrite()
      try transaction.put(
        [UInt8](bigEndian: 7).span.bytes, for: Array("name 3".utf8).span.bytes, in: database.tables[0])
      try transaction.commit()
    }()
    #expect(try verify(rig).problems.map(\.name) == ["state digest"])
    let again = try rig.open()
    #expect(try again.store.verify().problems.map(\.name) == ["state digest"])
  }

  @Test func theMachinesOwnChecksSeeTheReplayedStateAndThePayload() throws {
    let (_, tally) = try filled()
    try tally.store.payload.withWrite { transaction in
      try transaction.put(
        Array("note".utf8).span.bytes, for: Array("key".utf8).span.bytes, in: tally.store.payload.tables[0])
    }
    let report = try tally.store.verify { state, tables, payload, payloadTables in
      let counters = try state.count(of: tables[0])
      let notes = try payload.count(of: payloadTables[0])
      return [StoreProblem(name: "seen", detail: "\(counters) counters, \(notes) notes")]
    }
    #expect(report.problems == [StoreProblem(name: "seen", detail: "31 counters, 1 notes")])
  }

  @Test func aLiveDirectoryIsNotVerifiedBehindItsBack() throws {
    let (rig, tally) = try filled()
    #expect(throws: StoreError.directoryInUse(rig.directory)) { try verify(rig) }
    #expect(try tally.look("genesis") == 1)
  }
}

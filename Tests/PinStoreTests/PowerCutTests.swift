import Glibc
import PinSealing
import Synchronization
import TestSupport
import Testing

@testable import PinStore

/// Law 2 under a power cut: what was written since the last sync may be there, or not, sector by sector.
///
/// Writes and syncs of a real run are recorded; then disks are built that hold everything synced and any part of what
/// was written after, and recovered from.
@Suite(.timeLimit(.minutes(30))) struct PowerCutTests {
  /// What the journal asked of the disk.
  private enum Step: Sendable {
    case write(file: String, bytes: [UInt8], offset: Int)
    case sync(file: String)
  }

  private static func path(of descriptor: CInt) -> String {
    var buffer = [UInt8](repeating: 0, count: 512)
    let count = buffer.withUnsafeMutableBytes {
      readlink("/proc/self/fd/\(descriptor)", $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
    }
    return String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
  }

  /// Runs batches of random sizes and returns what was asked of the disk, and each head in order.
  private func record(_ rig: StoreRig, _ random: inout SeededGenerator) throws -> (steps: [Step], heads: [UInt64]) {
    let steps = Monitor<[Step]>([])
    var settings = StoreRig.settings
    settings.systemCalls.write = { descriptor, bytes, offset in
      steps.withLock { $0.append(.write(file: Self.path(of: descriptor), bytes: Array(bytes), offset: offset)) }
      return pwrite(descriptor, bytes.baseAddress, bytes.count, offset)
    }
    settings.systemCalls.syncData = { descriptor in
      steps.withLock { $0.append(.sync(file: Self.path(of: descriptor))) }
      return fdatasync(descriptor)
    }
    let tally = try rig.open(settings)
    // Opening writes what it reads once more.
    steps.withLock { $0 = [] }
    var heads: [UInt64] = [tally.store.head.sequence]
    for _ in 0..<60 {
      let count = Int.random(in: 1...40, using: &random)
      let asked = tally.context.state.withLock { $0.answers.count }
      let name = String(repeating: "n", count: Int.random(in: 1...80, using: &random))
      #expect(tally.store.submit((0..<count).map { .add(name: name, amount: 1, id: $0) }))
      _ = tally.context.outcomes(count: asked + count)
      heads.append(tally.store.head.sequence)
    }
    return (steps.withLock { $0 }, heads)
  }

  @Test(arguments: seeds(3))
  func everySyncedBlockSurvivesAndNoOtherIsHalfThere(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let rig = try StoreRig.created()
    let before = try rig.copy(to: "disk")
    let disk = try JournalDirectory(opening: "\(before)/journal")
    let (steps, heads) = try record(rig, &random)
    let segments = try JournalDirectory(opening: "\(rig.directory)/journal").segmentNumbers()
    for number in segments where !FileTree.exists(disk.file(ofSegment: number)) {
      try SegmentPreparer.prepare(number, in: disk)
    }

    var synced = 0
    for step in steps {
      switch step {
      case .sync: synced += 1
      case .write(let file, let bytes, let offset):
        let name = disk.path + file.dropFirst("\(rig.directory)/journal".count)
        let target = try File.open(name, .write)
        for _ in 0..<4 {
          let present = partOf(bytes, at: offset, &random)
          try target.write(present.span.bytes, at: offset)
          let end = try JournalRecovery(directory: disk).recoverEnd(after: nil).sequence
          #expect(end == heads[synced] || (present == bytes && end == heads[synced + 1]))
        }
        try target.write(bytes.span.bytes, at: offset)
      }
    }
    #expect(synced == heads.count - 1)
    #expect(try JournalRecovery(directory: disk).recoverEnd(after: nil).sequence == heads.last)
  }

  /// The bytes with some sectors missing, any of them: sectors are those of the file.
  private func partOf(_ bytes: [UInt8], at offset: Int, _ random: inout SeededGenerator) -> [UInt8] {
    var part = bytes
    var isPresent = Bool.random(using: &random)
    for index in bytes.indices {
      if (offset + index).isMultiple(of: 512) { isPresent = Bool.random(using: &random) }
      if !isPresent { part[index] = 0 }
    }
    return part
  }
}

/// New seeds for each run, shown with each case; or the one to be replayed.
private func seeds(_ count: Int) -> [UInt64] {
  SeededGenerator.replayed.map { [$0] } ?? (0..<count).map { _ in UInt64.random(in: 0 ... .max) }
}

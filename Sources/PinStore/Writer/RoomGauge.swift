/// Whether there is room for changes: measured before each batch, cheaply.
struct RoomGauge {
  /// Whether the last measurement found too little.
  private(set) var isShut = false
  /// Whether the last segment to spare that was waited for did not come.
  var isShortOfSegments = false
  private var measuredAtNanoseconds: UInt64 = 0
  private var measuredAtJournalBytes: UInt64 = 0
  /// Stays shut until then, whatever is measured.
  private var shutUntilNanoseconds: UInt64 = 0

  private static let intervalNanoseconds: UInt64 = 1_000_000_000
  private static let intervalJournalBytes: UInt64 = 1 << 20

  /// Shuts for a second: a change has just failed for want of room.
  mutating func shut() {
    isShut = true
    shutUntilNanoseconds = MonotonicTime.nowNanoseconds() + Self.intervalNanoseconds
  }

  /// Whether there is room, by `measure` when the last answer is too old to be relied on.
  mutating func hasRoom(journalBytes: UInt64, by measure: () -> Bool) -> Bool {
    let now = MonotonicTime.nowNanoseconds()
    if now < shutUntilNanoseconds { return false }
    let isFresh =
      !isShut && measuredAtNanoseconds != 0 && now - measuredAtNanoseconds < Self.intervalNanoseconds
      && journalBytes - measuredAtJournalBytes < Self.intervalJournalBytes
    if isFresh { return true }
    isShut = !measure()
    measuredAtNanoseconds = now
    measuredAtJournalBytes = journalBytes
    return !isShut
  }
}

extension Writer where Machine: ~Copyable {
  /// Whether changes may be made: a whole prepared segment beyond the current one, map and disk for the worst case of
  /// the next checkpoint.
  mutating func measureRoom() -> Bool {
    // Once for each shortage: whoever only looks must not stand still while a segment is being made.
    let patience = room.isShortOfSegments ? 0 : settings.segmentPatienceMilliseconds * 1_000_000
    room.isShortOfSegments = !journal.hasSpareSegment(waitingAtMost: patience)
    guard !room.isShortOfSegments else { return false }
    return room.hasRoom(journalBytes: counters.journalBytes) {
      let usage = database.environment.usage
      guard usage.mapSizeBytes - usage.usedBytes >= settings.stateHeadroomByteCount else { return false }
      // Where it cannot be told, the first write that fails tells.
      guard let free = settings.systemCalls.freeBytes(journal.directory.path) else { return true }
      return free >= UInt64(settings.diskHeadroomByteCount)
    }
  }
}

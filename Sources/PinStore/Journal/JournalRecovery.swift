/// Finds where the journal ends after a crash, and clears what the crash left behind that end.
///
/// At most one block is ever unsynced, and a sector is written whole or not at all. So a crash can leave at most one
/// torn block, some sectors of which are missing. Anything else behind the last right block is damage, and the store
/// refuses to serve rather than forget what was there.
struct JournalRecovery {
  let directory: JournalDirectory

  /// The end of the journal; what is torn behind it is zeroed, durably.
  ///
  /// - Parameter checkpoint: what the state reflects; nil when that is nothing and the whole journal is to be read.
  func recoverEnd(after checkpoint: JournalHead?) throws(StoreError) -> JournalHead {
    let end = try findEnd(after: checkpoint)
    if let torn = end.torn {
      let file = try directory.open(segment: torn.segment, .write)
      try file.write([UInt8](repeating: 0, count: torn.range.count).span.bytes, at: torn.range.lowerBound)
      try file.syncData()
    }
    return end.head
  }

  /// The end of the journal and what is torn behind it; changes nothing.
  func findEnd(after checkpoint: JournalHead?) throws(StoreError) -> (head: JournalHead, torn: TornBytes?) {
    var reader = JournalReader(directory, after: try confirmed(checkpoint))
    while true {
      guard case .end(let position, let fault) = try reader.next() else { continue }
      return (reader.head, try tornBytes(after: reader.head, stoppedAt: position, by: fault))
    }
  }

  /// What a torn block may have left in a segment.
  struct TornBytes: Equatable {
    let segment: UInt64
    let range: Range<Int>
  }

  /// What a torn block left behind the end, or nil when there are only zeros; throws when no crash can have left it.
  func tornBytes(
    after head: JournalHead, stoppedAt position: JournalPosition, by fault: BlockFault
  ) throws(StoreError) -> TornBytes? {
    if fault == .notZero { throw .rotten(directory.place(position), problem: fault.problem) }
    guard let start = try tornStart(after: head.end) else { return nil }
    let file = try directory.open(segment: start.segment)
    let limit = min(start.offset + directory.shape.largestBlockByteCount, directory.shape.segmentByteCount)
    if let beyond = try file.firstNonZero(in: limit..<directory.shape.segmentByteCount) {
      throw rotten(file, beyond, "there is something beyond the journal's end")
    }
    // Where there is no room for a block, none was ever written.
    guard limit - start.offset >= BlockHeader.leastBlockByteCount else {
      throw rotten(file, start.offset, "there is something where no block fits")
    }
    try confirmTorn(file, start.offset..<limit, fault)
    return TornBytes(segment: start.segment, range: start.offset..<limit)
  }

  /// Where the torn block begins, if there is one: at the end or, when it did not fit there, in the next segment.
  private func tornStart(after end: JournalPosition) throws(StoreError) -> JournalPosition? {
    var found: JournalPosition?
    for number in end.segment...(try directory.segmentNumbers().upperBound) {
      let file = try directory.open(segment: number)
      let start = number == end.segment ? end : .start(ofSegment: number)
      guard let offset = try file.firstNonZero(in: start.offset..<directory.shape.segmentByteCount) else { continue }
      guard found == nil, number <= end.segment + 1 else {
        throw rotten(file, offset, "there is something beyond the journal's end")
      }
      found = start
    }
    return found
  }

  /// Throws when the bytes in `range`, which begin with the block in question, tell that it was written whole.
  private func confirmTorn(_ file: borrowing File, _ range: Range<Int>, _ fault: BlockFault) throws(StoreError) {
    let buffer = ReadBuffer(byteCount: range.count)
    guard try file.read(into: buffer.bytes, at: range.lowerBound) == range.count else {
      throw rotten(file, range.lowerBound, "the segment was cut short")
    }
    var remains = BlockRemains(bytes: buffer.bytes, offset: range.lowerBound)
    if let problem = remains.problem(fault) { throw rotten(file, range.lowerBound, problem) }
  }

  /// Confirms that the journal holds the block that the checkpoint names, and returns where reading begins.
  private func confirmed(_ checkpoint: JournalHead?) throws(StoreError) -> JournalHead {
    guard let checkpoint else { return .origin(of: directory.shape.storeID) }
    guard try directory.holds(checkpoint) else {
      throw .rotten(
        directory.place(checkpoint.lastBlock ?? checkpoint.end),
        problem: "the journal does not hold event \(checkpoint.sequence), the last that the state reflects")
    }
    return checkpoint
  }

  private func rotten(_ file: borrowing File, _ offset: Int, _ problem: String) -> StoreError {
    .rotten(JournalPlace(file: file.path, offset: offset), problem: problem)
  }
}

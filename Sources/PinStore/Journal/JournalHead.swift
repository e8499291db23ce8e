import PinBytes
import PinSealing

/// A place in the journal.
struct JournalPosition: Sendable, Equatable {
  /// From 1.
  var segment: UInt64
  /// The byte in the segment's file.
  var offset: Int

  /// Where the first block of a segment goes.
  static func start(ofSegment number: UInt64) -> JournalPosition {
    JournalPosition(segment: number, offset: JournalFormat.pageByteCount)
  }
}

/// Everything that the next block depends on: the end of the journal as of some block.
package struct JournalHead: Sendable, Equatable {
  /// The last event's; 0 before the first.
  package internal(set) var sequence: UInt64
  /// The last block's hash.
  package internal(set) var chain: Digest256
  /// The last block's stamp.
  package internal(set) var timeMilliseconds: UInt64
  /// Where the last block begins; nil before the first.
  var lastBlock: JournalPosition?
  /// Where it ends, and the next begins if it fits.
  var end: JournalPosition

  /// The head of a journal without blocks.
  static func origin(of storeID: StoreID) -> JournalHead {
    JournalHead(
      sequence: 0, chain: JournalFormat.origin(of: storeID), timeMilliseconds: 0, lastBlock: nil,
      end: .start(ofSegment: 1))
  }

  /// The head after a block that begins at `position`.
  init(after block: BlockHeader, hash: Digest256, at position: JournalPosition) {
    self.init(
      sequence: block.lastSequence, chain: hash, timeMilliseconds: block.timeMilliseconds, lastBlock: position,
      end: JournalPosition(segment: position.segment, offset: position.offset + block.byteCount))
  }

  private init(
    sequence: UInt64, chain: Digest256, timeMilliseconds: UInt64, lastBlock: JournalPosition?, end: JournalPosition
  ) {
    self.sequence = sequence
    self.chain = chain
    self.timeMilliseconds = timeMilliseconds
    self.lastBlock = lastBlock
    self.end = end
  }

  /// The head just before a block that begins at `position`, as far as the block itself tells it.
  init(before block: BlockHeader, at position: JournalPosition) {
    self.init(
      sequence: block.firstSequence &- 1, chain: block.previous, timeMilliseconds: 0, lastBlock: nil, end: position)
  }

  // MARK: In the state's meta table

  /// Writes it as a record: sequence, chain, time, segment and offset of the last block, segment and offset of the end.
  func write(to writer: inout ByteWriter) {
    writer.write(sequence)
    chain.withBytes { writer.write($0) }
    writer.write(timeMilliseconds)
    writer.write(lastBlock?.segment ?? 0)
    writer.write(UInt64(lastBlock?.offset ?? 0))
    writer.write(end.segment)
    writer.write(UInt64(end.offset))
  }

  init(_ record: RawSpan) throws(ByteShortage) {
    var reader = ByteReader(record)
    sequence = try reader.read()
    chain = Digest256(bytes: try reader.readBytes(Digest256.byteCount))
    timeMilliseconds = try reader.read()
    let last = try JournalPosition(&reader)
    lastBlock = last.segment == 0 ? nil : last
    end = try JournalPosition(&reader)
  }
}

extension JournalPosition {
  fileprivate init(_ reader: inout ByteReader) throws(ByteShortage) {
    segment = try reader.read()
    guard let offset = Int(exactly: try reader.read(UInt64.self)) else { throw ByteShortage() }
    self.offset = offset
  }
}

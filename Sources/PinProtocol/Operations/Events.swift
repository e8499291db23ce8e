import PinBytes
import PinWords

// Request, 16 bytes:
//   0 from sequence u64 · 8 wait milliseconds u32 · 12 most bytes u32
// Answer:
//   16 head sequence u64 · 24 event count u32 · 28 reserved 4 · 32 events, each:
//      0 sequence u64 · 8 time u64 · 16 length u32 · 20 reserved 4 · 24 the event's bytes as in the journal

/// Events of the journal from a sequence on; waits for the first of them if there is none yet.
public struct EventsQuery: Hashable, Sendable {
  /// The longest wait.
  public static let longestWaitMilliseconds: UInt32 = 30_000

  /// The first one wanted; the journal's first is 1.
  public var fromSequence: UInt64
  /// 0 answers at once.
  public var waitMilliseconds: UInt32
  /// Stop before the answer's frame grows longer than this; 0 for as many as a frame holds. One event comes in any case.
  public var maximumBytes: UInt32

  public init(fromSequence: UInt64, waitMilliseconds: UInt32 = 0, maximumBytes: UInt32 = 0) {
    self.fromSequence = fromSequence
    self.waitMilliseconds = waitMilliseconds
    self.maximumBytes = maximumBytes
  }
}

extension EventsQuery: RequestBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    self.init(
      fromSequence: try reader.integer(), waitMilliseconds: try reader.integer(), maximumBytes: try reader.integer())
  }

  func write(to writer: inout ByteWriter) {
    writer.write(fromSequence)
    writer.write(waitMilliseconds)
    writer.write(maximumBytes)
  }

  func check(_ limits: Limits) throws(ProtocolFault) {
    try require(fromSequence != 0, .sequence)
    try require(waitMilliseconds <= Self.longestWaitMilliseconds, .wait)
    try require(maximumBytes <= limits.frameBytes, .count)
  }
}

/// Events as they stand in the journal.
public struct EventsAnswer: Hashable, Sendable {
  public struct Event: Hashable, Sendable {
    public var sequence: UInt64
    public var timeMilliseconds: UInt64
    public var bytes: [UInt8]

    public init(sequence: UInt64, timeMilliseconds: UInt64, bytes: [UInt8]) {
      self.sequence = sequence
      self.timeMilliseconds = timeMilliseconds
      self.bytes = bytes
    }
  }

  /// The last event of the journal.
  public var headSequence: UInt64
  public var events: [Event]

  public init(headSequence: UInt64, events: [Event]) {
    self.headSequence = headSequence
    self.events = events
  }

  /// As many of these as the query asks for and one frame holds, from the first.
  public init(
    headSequence: UInt64, fitting events: some Sequence<Event>, maximumBytes: UInt32, limits: Limits
  ) {
    self.init(headSequence: headSequence, events: [])
    let wanted = maximumBytes == 0 ? limits.frameBytes : min(maximumBytes, limits.frameBytes)
    var room = Int(wanted) - FrameHeader.byteCount - 32
    for event in events {
      room -= 24 + event.bytes.count
      guard room >= 0 || self.events.isEmpty else { return }
      self.events.append(event)
    }
  }
}

extension EventsAnswer: AnswerBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    self.init(headSequence: try reader.integer(), events: [])
    let count = try reader.integer(UInt32.self)
    try reader.reserved(4)
    for _ in 0..<count {
      let sequence = try reader.integer(UInt64.self)
      let time = try reader.integer(UInt64.self)
      let length = try reader.integer(UInt32.self)
      try reader.reserved(4)
      events.append(Event(sequence: sequence, timeMilliseconds: time, bytes: Array(try reader.bytes(Int(length)))))
    }
  }

  func write(to writer: inout ByteWriter) {
    writer.write(headSequence)
    writer.write(UInt32(events.count))
    writer.writeZeros(4)
    for event in events {
      writer.write(event.sequence)
      writer.write(event.timeMilliseconds)
      writer.write(UInt32(event.bytes.count))
      writer.writeZeros(4)
      writer.write(event.bytes)
    }
  }
}

import PinBytes
import PinWords

@testable import PinEngine
@testable import PinStore

extension FuzzTarget {
  /// An event's bytes, as whoever reads a journal decodes and prints them.
  ///
  /// Input: the event's time, u64 · the event.
  static let event = FuzzTarget(name: "event", longestInput: 4096) { bytes in
    var input = Input(bytes)
    let time = input.integer(UInt64.self)
    let bytes = input.rest
    func decoded(_ bytes: [UInt8]) -> JournalEvent? {
      try? JournalEvent(sequence: .max, timeMilliseconds: time, bytes: bytes.span.bytes)
    }
    guard let event = decoded(bytes) else { return }
    try hold(decoded(bytes + [0]) == nil, "an event goes on after its end")
    try hold(decoded(Array(bytes.dropLast())) == nil, "an event is there without its end")
    let line = event.jsonLine
    try hold(line.utf8.allSatisfy { $0 >= 0x20 }, "an event is not one line")
    try hold(line.utf8.count < 1024 + bytes.count * 64, "an event's line is out of proportion")
  }

  /// The records of the tables and of the events: what is read is written as just what it was read from.
  ///
  /// Input: which record · its bytes.
  static let records = FuzzTarget(name: "records", longestInput: 1024) { bytes in
    var input = Input(bytes)
    let kind = input.number(below: 9)
    let bytes = input.rest
    switch kind {
    case 0: try checkRecord(bytes, { r throws(ByteShortage) in try LotRecord(&r) }, { $0.write(to: &$1) })
    case 1: try checkRecord(bytes, { r throws(ByteShortage) in try PurchaseRecord(&r) }, { $0.write(to: &$1) })
    case 2: try checkRecord(bytes, { r throws(ByteShortage) in try ActorRecord(&r) }, { $0.write(to: &$1) })
    case 3: try checkRecord(bytes, { r throws(ByteShortage) in try Product(&r) }, { $0.write(to: &$1) })
    case 4: try checkRecord(bytes, { r throws(ByteShortage) in try StockLevel(&r) }, { $0.write(to: &$1) })
    case 5: try checkRecord(bytes, { r throws(ByteShortage) in try Shift(&r) }, { $0.write(to: &$1) })
    case 6: try checkRecord(bytes, { r throws(ByteShortage) in try Counters(&r) }, { $0.write(to: &$1) })
    case 7: try checkRecord(bytes, { r throws(ByteShortage) in try KeyRecord(&r) }, { $0.write(to: &$1) })
    default: try checkHead(bytes)
    }
  }
}

private func checkRecord<Record>(
  _ bytes: [UInt8], _ read: (inout ByteReader) throws(ByteShortage) -> Record,
  _ write: (Record, inout ByteWriter) -> Void
) throws {
  var reader = ByteReader(bytes.span.bytes)
  guard let record = try? read(&reader) else { return }
  let end = reader.offset
  var writer = ByteWriter()
  write(record, &writer)
  try hold(
    Array(writer.bytes) == Array(bytes.prefix(end)), "a \(Record.self) is written as other bytes than it was read from")
}

private func checkHead(_ bytes: [UInt8]) throws {
  guard let head = try? JournalHead(bytes.span.bytes) else { return }
  var writer = ByteWriter()
  head.write(to: &writer)
  let again = try JournalHead(writer.bytes)
  try hold(again == head && writer.count == 80, "a checkpoint is written as another one")
}

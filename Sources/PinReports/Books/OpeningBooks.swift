import PinBytes
import PinEngine
import PinSealing
import PinStore
import PinWords

/// The books as they stood before the first event of a segment of the journal.
///
/// A report on the days of that segment and of later ones needs nothing from before but this. It is named by the hash of the
/// block before, which stands for the whole history up to there: what the books are is a function of it.
struct OpeningBooks {
  /// The segment, how its first block says that the journal was then, and when the last event before it happened.
  var segment: UInt64
  var before: SegmentStart
  var lastMilliseconds: UInt64
  var books: Books
  var shifts = RunningShifts()
  /// The events that named things, in order: the books are these, and numbers.
  var catalogue: [CatalogueEvent]

  struct CatalogueEvent {
    var sequence: UInt64
    var timeMilliseconds: UInt64
    var bytes: [UInt8]
  }
}

// MARK: As a file: `docs/formats.md` tells its layout

extension OpeningBooks {
  private static let magic = Array("pinvault-books 3\n".utf8)

  /// The file: a SHA-256, and what it is of.
  var encoded: [UInt8] {
    var writer = ByteWriter(capacity: 1 << 16)
    writer.write(Self.magic)
    writer.write(segment)
    writer.write(before.sequence)
    before.chain.withBytes { writer.write($0) }
    writer.write(lastMilliseconds)
    writer.write(UInt32(catalogue.count))
    for event in catalogue {
      writer.write(event.sequence)
      writer.write(event.timeMilliseconds)
      writer.write(UInt32(event.bytes.count))
      writer.write(event.bytes)
    }
    books.writeNumbers(to: &writer)
    shifts.write(to: &writer)
    return SHA256Hasher.sha256(of: writer.bytes).bytes + [UInt8](writer.bytes)
  }

  /// Nil for whatever is not exactly such a file.
  init?(_ file: [UInt8]) {
    let bytes = file.span.bytes
    guard file.count > Digest256.byteCount else { return nil }
    let content = bytes.extracting(Digest256.byteCount...)
    guard SHA256Hasher.sha256(of: content) == Digest256(bytes: bytes.extracting(..<Digest256.byteCount)) else {
      return nil
    }
    var reader = ByteReader(content)
    guard let read = try? Self.read(&reader), reader.remaining == 0 else { return nil }
    self = read
  }

  private static func read(_ reader: inout ByteReader) throws -> OpeningBooks {
    guard [UInt8](try reader.readBytes(magic.count)) == magic else { throw ByteShortage() }
    let segment: UInt64 = try reader.read()
    let sequence: UInt64 = try reader.read()
    let before = SegmentStart(
      sequence: sequence, chain: Digest256(bytes: try reader.readBytes(Digest256.byteCount)), timeMilliseconds: 0)
    var opening = OpeningBooks(
      segment: segment, before: before, lastMilliseconds: try reader.read(), books: Books(), catalogue: [])
    for _ in 0..<(try reader.read(UInt32.self)) {
      let (sequence, time): (UInt64, UInt64) = (try reader.read(), try reader.read())
      let bytes = try reader.readBytes(Int(try reader.read(UInt32.self)))
      try opening.books.fold(try JournalEvent(sequence, time, bytes))
      opening.catalogue.append(CatalogueEvent(sequence: sequence, timeMilliseconds: time, bytes: [UInt8](bytes)))
    }
    try opening.books.readNumbers(&reader)
    opening.shifts = try RunningShifts(&reader)
    return opening
  }
}

extension Books {
  /// Writes where cards are, and how many of each lot are regular: all that events of cards change.
  fileprivate func writeNumbers(to writer: inout ByteWriter) {
    writer.write(UInt32(accounts.count))
    for account in accounts {
      for place in StockAccount.Place.counted { writer.write(Int64(account[place])) }
    }
    writer.write(UInt32(lots.count))
    for lot in lots { writer.write(Int64(lot.regular)) }
  }

  /// Sets them; throws unless there are as many as the catalogue has named.
  fileprivate mutating func readNumbers(_ reader: inout ByteReader) throws(ByteShortage) {
    guard try reader.read(UInt32.self) == accounts.count else { throw ByteShortage() }
    for index in accounts.indices {
      for place in StockAccount.Place.counted { accounts[index][place] = Int(try reader.read(Int64.self)) }
    }
    guard try reader.read(UInt32.self) == lots.count else { throw ByteShortage() }
    for index in lots.indices { lots[index].regular = Int(try reader.read(Int64.self)) }
  }
}

extension StockAccount.Place {
  /// Those at which cards are counted, in the order of the file.
  fileprivate static let counted: [Self] = [
    .stock(.regular), .stock(.used), .quarantined, .reserved, .delivered, .void,
  ]
}

extension EventKind {
  /// Whether its events tell the books anything but where cards went.
  var isOfCatalogue: Bool {
    switch self {
    case .actorDefined, .productDefined, .productFrozen, .productThawed, .purchaseBegun, .purchaseCommitted,
      .purchaseAbandoned, .purchaseOrderChanged:
      true
    case .storeCreated, .storeRestored, .rekeyed, .stockQuarantined, .reserved, .vended, .dispensed, .opened,
      .confirmed,
      .extended, .released, .expired, .reversed, .returned, .reinventoried, .settled, .withdrawn, .shiftClosed,
      .forgotten, .approved, .approvalRuleDefined, .proofsFailed, .customerDefined, .orderChanged, .cardShown,
      .mailTried, .customerMailed, .sheetDefined, .credentialChanged:
      false
    }
  }
}

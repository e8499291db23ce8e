import PinBytes
import PinWords

/// The parts that several kinds of events have in common, read with every number checked.
extension ByteReader {
  /// Reads bytes that must be zero.
  @_lifetime(self: copy self)
  mutating func readZeros(_ count: Int) throws(ByteShortage) {
    for _ in 0..<count where try read(UInt8.self) != 0 { throw ByteShortage() }
  }

  /// Reads ids as far as an offset.
  @_lifetime(self: copy self)
  mutating func readIDs(to end: Int) throws(ByteShortage) -> [RequestID] {
    var ids: [RequestID] = []
    while offset < end { ids.append(try readRequestID()) }
    guard offset == end, !ids.contains(.zero) else { throw ByteShortage() }
    return ids
  }

  @_lifetime(self: copy self)
  private mutating func readExtent() throws(ByteShortage) -> Extent {
    let extent = Extent(first: CardID(try read()), count: try read())
    guard extent.isSound else { throw ByteShortage() }
    return extent
  }

  /// Reads the moves that end an event.
  @_lifetime(self: copy self)
  mutating func readMoves() throws(ByteShortage) -> [JournalFacts.MovedExtent] {
    let count = Int(try read(UInt32.self))
    try readZeros(4)
    guard remaining == count * Move.byteCount else { throw ByteShortage() }
    var moves: [JournalFacts.MovedExtent] = []
    moves.reserveCapacity(count)
    for _ in 0..<count {
      let extent = try readExtent()
      let lot = LotID(try read())
      let placedBy: UInt64 = try read()
      let left = try readNeighbour()
      let right = try readNeighbour()
      if let left, left.far >= extent.first { throw ByteShortage() }
      if let right, right.far < extent.end { throw ByteShortage() }
      guard let from = Place(rawValue: try read()), let condition = Condition(rawValue: try read()) else {
        throw ByteShortage()
      }
      try readZeros(6)
      moves.append(
        JournalFacts.MovedExtent(
          extent: extent, lot: lot, placedBy: placedBy, left: left, right: right, from: JournalFacts.Origin(from),
          condition: condition))
    }
    return moves
  }

  @_lifetime(self: copy self)
  private mutating func readNeighbour() throws(ByteShortage) -> JournalFacts.NeighbourInStock? {
    let neighbour = JournalFacts.NeighbourInStock(placedBy: try read(), far: CardID(try read()))
    guard (neighbour.placedBy == 0) == (neighbour.far.rawValue == 0) else { throw ByteShortage() }
    return neighbour.placedBy == 0 ? nil : neighbour
  }

  /// Reads a grant, which ends its event.
  @_lifetime(self: copy self)
  mutating func readGrant() throws(ByteShortage) -> JournalFacts.Grant {
    let deadline: UInt64 = try read()
    let cashier: UInt32 = try read()
    let holdSeconds: UInt32 = try read()
    guard let tender = Tender(rawValue: try read()) else { throw ByteShortage() }
    try readZeros(1)
    let lineCount = Int(try read(UInt16.self))
    try readZeros(4)
    let sliceCount = Int(try read(UInt32.self))
    try readZeros(4)
    let slicesByteCount = sliceCount * (GrantReader.sliceByteCount + 8)
    guard lineCount > 0, remaining == lineCount * GrantReader.lineByteCount + slicesByteCount else {
      throw ByteShortage()
    }
    var grant = JournalFacts.Grant(
      deadlineMilliseconds: deadline, holdSeconds: holdSeconds, sale: Sale(cashier: cashier, tender: tender), lines: [],
      extents: [])
    for _ in 0..<lineCount { grant.lines.append(try readGrantedLine()) }
    for _ in 0..<sliceCount { grant.extents.append(try readSlice(lineCount: lineCount)) }
    for index in 0..<sliceCount { grant.extents[index].placedBy = try read() }
    return grant
  }

  @_lifetime(self: copy self)
  private mutating func readGrantedLine() throws(ByteShortage) -> GrantedLine {
    let product = ProductID(try read())
    let count: UInt32 = try read()
    guard let condition = Condition(rawValue: try read()) else { throw ByteShortage() }
    try readZeros(3)
    guard let currency = Currency(code: try read()) else { throw ByteShortage() }
    let unitPriceMinor: UInt64 = try read()
    let line = Line(
      product: product, count: count, condition: condition, discountMinor: try read(), taxMinor: try read())
    return GrantedLine(line: line, unitPriceMinor: unitPriceMinor, currency: currency)
  }

  /// Reads a slice but for the event that placed it, which stands after all slices.
  @_lifetime(self: copy self)
  private mutating func readSlice(lineCount: Int) throws(ByteShortage) -> JournalFacts.GrantedExtent {
    let line: UInt16 = try read()
    try readZeros(2)
    let lot = LotID(try read())
    let extent = try readExtent()
    try readZeros(4)
    guard Int(line) < lineCount else { throw ByteShortage() }
    return JournalFacts.GrantedExtent(line: line, lot: lot, extent: extent, placedBy: 0)
  }
}

extension Extent {
  /// Whether it has cards, and ends within the numbers there are: only then may its end be asked for.
  var isSound: Bool {
    first.rawValue > 0 && count > 0 && !first.rawValue.addingReportingOverflow(UInt64(count)).overflow
  }
}

extension JournalFacts.Origin {
  init(_ place: Place) {
    switch place {
    case .stock: self = .stock
    case .loading: self = .loading
    case .reserved: self = .reserved
    case .delivered: self = .delivered
    case .quarantined: self = .quarantined
    case .void: self = .void
    }
  }
}

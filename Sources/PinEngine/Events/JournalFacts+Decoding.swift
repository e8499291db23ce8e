import PinBytes
import PinWords

/// Reading the facts: each layout in the order of its fields, every number checked before it is used.
///
/// `ByteShortage` stands for whatever is wrong; where, the event's reader knows.
extension JournalFacts {
  /// Reads what follows the head and the id, if the kind has one.
  init(_ kind: EventKind, _ reader: inout ByteReader) throws(ByteShortage) {
    switch kind {
    case .storeCreated: self = .storeCreated(storeID: try reader.readRequestID())
    case .storeRestored: self = .storeRestored(storeID: try reader.readRequestID())
    case .rekeyed: self = .rekeyed(masterKeyID: try reader.read())
    case .actorDefined: self = try Self.readActorDefined(&reader)
    case .productDefined: self = try Self.readProductDefined(&reader)
    case .productFrozen, .productThawed: self = try Self.readStop(kind, &reader)
    case .purchaseBegun: self = try Self.readBegun(&reader)
    case .purchaseCommitted: self = try Self.readCommitted(&reader)
    case .purchaseAbandoned:
      let purchase = PurchaseID(try reader.read())
      try reader.readZeros(4)
      self = .purchaseAbandoned(purchase, begunBy: try reader.read())
    case .stockQuarantined: self = .stockQuarantined(try reader.readMoves())
    case .reserved: self = .reserved(try reader.readGrant())
    case .vended: self = .vended(try reader.readGrant())
    case .dispensed:
      let openedCount: UInt32 = try reader.read()
      try reader.readZeros(4)
      self = .dispensed(openedCount: openedCount, try reader.readMoves())
    case .opened: self = try Self.readOpened(&reader)
    case .confirmed: self = .confirmed
    case .extended: self = .extended(deadlineMilliseconds: try reader.read())
    case .released, .expired, .reversed: self = try Self.readEnd(kind, &reader)
    case .returned: self = .returned(try Self.readReturned(&reader))
    case .reinventoried: self = .reinventoried(try Self.readStockChange(&reader))
    case .withdrawn: self = .withdrawn(try Self.readStockChange(&reader))
    case .settled: self = try Self.readSettled(&reader)
    case .shiftClosed:
      let change = try ChangeHead(&reader)
      let shift = try Shift(&reader)
      try change.endResult(reader)
      self = .shiftClosed(shift)
    case .forgotten: self = .forgotten
    case .approved: self = .approved(try Self.readApproved(&reader))
    case .approvalRuleDefined: self = .approvalRuleDefined(try Self.readApprovalRule(&reader))
    case .proofsFailed:
      self = .proofsFailed(
        FailedProofs(
          actor: ActorID(try reader.read()), count: try reader.read(), sinceMilliseconds: try reader.read()))
    case .customerDefined: self = try Self.readCustomerDefined(&reader)
    case .orderChanged: self = .orderChanged(try Self.readOrderChanged(&reader))
    case .cardShown: self = try Self.readCardShown(&reader)
    case .customerMailed: self = try Self.readCustomerMailed(&reader)
    case .mailTried: self = try Self.readMailTried(&reader)
    case .credentialChanged: self = try Self.readCredentialChanged(&reader)
    case .sheetDefined: self = try Self.readSheetDefined(&reader)
    case .purchaseOrderChanged: self = try Self.readPurchaseOrderChanged(&reader)
    }
  }

  // MARK: Names and purchases

  private static func readActorDefined(_ reader: inout ByteReader) throws(ByteShortage) -> JournalFacts {
    let change = try ChangeHead(&reader)
    let actor = ActorID(try reader.read())
    let replaced = try change.replaced(&reader)
    let isNew = try change.number(.actor, as: UInt32.self) == 0
    let keyChange = try change.keyChange()
    let record = try ActorRecord(&reader)
    guard record.description.id == actor, record.description.roles.isSubset(of: .all) else { throw ByteShortage() }
    return .actorDefined(record.description, hasNewKey: isNew || keyChange.makesKey, replaces: replaced)
  }

  private static func readProductDefined(_ reader: inout ByteReader) throws(ByteShortage) -> JournalFacts {
    let change = try ChangeHead(&reader)
    let id = ProductID(try reader.read())
    try change.endResult(reader)
    let product = try Product(&reader)
    guard product.id == id else { throw ByteShortage() }
    return .productDefined(product)
  }

  private static func readStop(_ kind: EventKind, _ reader: inout ByteReader) throws(ByteShortage) -> JournalFacts {
    let change = try ChangeHead(&reader)
    try change.endResult(reader)
    let reason = try change.text(.reason)
    let product = ProductID(try reader.read())
    return kind == .productFrozen ? .productFrozen(product, reason: reason) : .productThawed(product, reason: reason)
  }

  private static func readBegun(_ reader: inout ByteReader) throws(ByteShortage) -> JournalFacts {
    let change = try ChangeHead(&reader)
    let id = PurchaseID(try reader.read())
    let lotBytes = change.resultByteCount - 4
    guard lotBytes.isMultiple(of: 4), lotBytes >= 0, lotBytes <= reader.remaining else { throw ByteShortage() }
    var ids: [LotID] = []
    for _ in 0..<lotBytes / 4 { ids.append(LotID(try reader.read())) }
    try change.endResult(reader)
    let vendorName = try reader.readShortString()
    let purchase = try PurchaseRecord(&reader)
    guard purchase.id == id, purchase.state == .loading, Int(purchase.lotCount) == ids.count else {
      throw ByteShortage()
    }
    var lots: [BegunLot] = []
    for id in ids {
      let lot = try LotRecord(&reader)
      guard lot.id == id, lot.extent.isSound else { throw ByteShortage() }
      lots.append(BegunLot(lot: lot.id, expiry: lot.expiry, extent: lot.extent))
    }
    return .purchaseBegun(
      BegunPurchase(
        purchase: id, product: purchase.product, vendor: purchase.vendor, vendorName: vendorName,
        unitCostMinor: purchase.unitCostMinor, invoice: purchase.invoice, lots: lots))
  }

  private static func readCommitted(_ reader: inout ByteReader) throws(ByteShortage) -> JournalFacts {
    let purchase = PurchaseID(try reader.read())
    let count = Int(try reader.read(UInt32.self))
    let begunBy: UInt64 = try reader.read()
    guard reader.remaining == count * 4 else { throw ByteShortage() }
    var loadedCounts: [UInt32] = []
    for _ in 0..<count { loadedCounts.append(try reader.read()) }
    return .purchaseCommitted(purchase, begunBy: begunBy, loadedCounts: loadedCounts)
  }

  // MARK: Reservations

  private static func readOpened(_ reader: inout ByteReader) throws(ByteShortage) -> JournalFacts {
    let firstIndex: UInt32 = try reader.read()
    let count: UInt32 = try reader.read()
    let (isPrint, isReprint) = (try reader.readFlag(), try reader.readFlag())
    try reader.readZeros(6)
    return .opened(firstIndex: firstIndex, count: count, isPrint: isPrint, isReprint: isReprint)
  }

  private static func readEnd(_ kind: EventKind, _ reader: inout ByteReader) throws(ByteShortage) -> JournalFacts {
    guard let state = ReservationState(rawValue: try reader.read()) else { throw ByteShortage() }
    try reader.readZeros(7)
    let moves = try reader.readMoves()
    switch (kind, state) {
    case (.released, .released): return .released(moves)
    case (.expired, .expired): return .expired(moves)
    case (.reversed, .reversed), (.reversed, .quarantined): return .reversed(into: state, moves)
    default: throw ByteShortage()
    }
  }

  // MARK: What comes back, and operators' acts

  private static func readReturned(_ reader: inout ByteReader) throws(ByteShortage) -> ReturnedCards {
    let change = try ChangeHead(&reader)
    guard change.resultByteCount.isMultiple(of: Credit.byteCount) else { throw ByteShortage() }
    var credits: [Credit] = []
    for _ in 0..<change.resultByteCount / Credit.byteCount {
      let amountMinor: UInt64 = try reader.read()
      guard let currency = Currency(code: try reader.read()) else { throw ByteShortage() }
      credits.append(Credit(cards: try reader.read(), amountMinor: amountMinor, currency: currency))
    }
    try change.endResult(reader)
    return ReturnedCards(
      reservation: try reader.readRequestID(), asked: try change.extents(), credits: credits,
      extents: try reader.readMoves())
  }

  private static func readStockChange(_ reader: inout ByteReader) throws(ByteShortage) -> StockChanged {
    let change = try ChangeHead(&reader)
    let cards: UInt64 = try reader.read()
    let approvedBy: UInt64 = try reader.read()
    try change.endResult(reader)
    return StockChanged(
      asked: try change.extents(), reason: try change.text(.reason), cards: cards,
      approvedBy: approvedBy == 0 ? nil : approvedBy, extents: try reader.readMoves())
  }

  // MARK: Approvals

  private static func readApproved(_ reader: inout ByteReader) throws(ByteShortage) -> Approval {
    let change = try ChangeHead(&reader)
    let validUntil: UInt64 = try reader.read()
    try change.endResult(reader)
    guard let operation = Operation(rawValue: try change.number(.operation, as: UInt8.self)) else {
      throw ByteShortage()
    }
    return Approval(
      operation: operation, request: try change.requestID(.approvedRequest), validUntilMilliseconds: validUntil)
  }

  private static func readApprovalRule(_ reader: inout ByteReader) throws(ByteShortage) -> ApprovalRule {
    let change = try ChangeHead(&reader)
    try change.endResult(reader)
    return ApprovalRule(cardsPerDay: try change.number(.cardsPerDay, as: UInt64.self))
  }

  private static func readSettled(_ reader: inout ByteReader) throws(ByteShortage) -> JournalFacts {
    let change = try ChangeHead(&reader)
    let cards: UInt64 = try reader.read()
    try change.endResult(reader)
    return .settled(
      reservation: try reader.readRequestID(), reason: try change.text(.reason), cards: cards,
      try reader.readMoves())
  }
}

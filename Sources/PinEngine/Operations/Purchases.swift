import LMDB
import PinBytes
import PinStore
import PinWords

/// An import's three events: begun (its ids and keys exist), committed (its cards are stock), abandoned (its ids are void).
///
///     begun       change, then: vendor name, purchase, lots
///     committed   8 purchase u32  12 lot count u32  16 begun by u64  24 loaded count u32 of each lot
///     abandoned   8 purchase u32  12 zero u32  16 begun by u64
extension Machine {
  mutating func decideBegin(
    _ begin: BeginPurchase, keys: [KeyRecord], _ asker: Asker, _ now: UInt64, _ block: inout Block,
    _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    if let refusal = checkRanges(begin) { return Reply(.refused(refusal)) }
    let fields = begin.fields
    if let reply = try knownChange(begin.id, .beginPurchase, fields, asker, state) { return reply }
    // After the id: what was good when it was begun is a repeat also on the day after (law 4).
    guard begin.lots.allSatisfy({ $0.expiry >= Day(atMilliseconds: now) }) else {
      return Reply(.refused(.invalid(.expiry)))
    }
    guard let product = product(begin.product) else { return Reply(.refused(.unknownProduct(begin.product))) }
    guard counters.loadingPurchase.rawValue == 0 else {
      return Reply(.refused(.importRunning(counters.loadingPurchase)))
    }
    precondition(keys.count == begin.lots.count, "each lot has a key")

    let vendorName = begin.vendor.isEmpty ? product.vendor : begin.vendor
    let vendor = vendorID(named: vendorName)
    let purchase = PurchaseRecord(
      id: counters.nextPurchase, state: .loading, product: begin.product, vendor: vendor,
      unitCostMinor: begin.unitCostMinor, firstLot: counters.nextLot, lotCount: UInt16(begin.lots.count),
      begunAtMilliseconds: now, request: begin.id, invoice: begin.invoice)
    var result = ByteWriter()
    result.write(purchase.id.rawValue)
    var body = ByteWriter()
    body.write(shortString: vendorName)
    purchase.write(to: &body)
    var next = counters.nextCard
    for (index, declared) in begin.lots.enumerated() {
      let lot = LotRecord(
        id: LotID(counters.nextLot.rawValue + UInt32(index)), product: begin.product, purchase: purchase.id,
        vendor: vendor, expiry: declared.expiry, extent: Extent(first: next, count: declared.count), key: keys[index])
      lot.write(to: &body)
      next = lot.extent.end
      result.write(lot.id.rawValue)
    }
    Self.beginChange(.purchaseBegun, begin.id, fields, result: result, by: asker.id, &block)
    block.writer.write(body.bytes)
    let reply = try endChange(.beginPurchase, result: result, now, &block, &state)
    return reply
  }

  private func checkRanges(_ begin: BeginPurchase) -> Refusal? {
    guard (1...Int(limits.lotsPerPurchase)).contains(begin.lots.count) else { return .invalid(.lots) }
    guard begin.vendor.utf8.count <= 64, begin.vendor.isPlainText else { return .invalid(.vendor) }
    guard begin.invoice.utf8.count <= 64, begin.invoice.isPlainText else { return .invalid(.invoice) }
    guard Set(begin.lots.map(\.expiry)).count == begin.lots.count else { return .invalid(.lots) }
    return begin.lots.allSatisfy { $0.count > 0 } ? nil : .invalid(.count)
  }

  mutating func applyBegun(
    _ event: RawSpan, sequence: UInt64, state: inout WriteTransaction
  ) throws(LMDBError) {
    let body = ChangeEvent(event).body
    let (vendorName, purchase, newLots) = trusting(body) { (reader) throws(ByteShortage) in
      let name = try reader.readShortString()
      let purchase = try PurchaseRecord(&reader)
      var lots: [LotRecord] = []
      for _ in 0..<purchase.lotCount { lots.append(try LotRecord(&reader)) }
      return (name, purchase, lots)
    }
    try nameVendor(purchase.vendor, vendorName, &state)
    try putPurchase(purchase, endedBy: 0, &state)
    for lot in newLots {
      lots.append(lot)
      record.removeAll()
      lot.write(to: &record)
      let key = lot.id.key
      try state.put(record.bytes, for: key.span.bytes, in: tables.lots)
      try putInCustody(
        lot.extent,
        CustodyValue(
          count: lot.extent.count, holder: .loading, condition: .regular, lot: lot.id, placedBy: sequence,
          id: RequestID(high: 0, low: UInt64(purchase.id.rawValue))), state: &state)
      changeLevel(of: lot.product) { $0.loading += UInt64(lot.extent.count) }
      counters.nextCard = lot.extent.end
      counters.nextLot = LotID(lot.id.rawValue + 1)
    }
    counters.nextPurchase = PurchaseID(purchase.id.rawValue + 1)
    counters.loadingPurchase = purchase.id
    haveCountersChanged = true
    hasCatalogueChanged = true
  }

  /// The number of the vendor of this name, or the one that a new vendor will have.
  func vendorID(named name: String) -> VendorID {
    vendors.firstIndex(of: name).map { VendorID(UInt32($0) + 1) } ?? counters.nextVendor
  }

  /// Keeps the name of a vendor that is new.
  mutating func nameVendor(
    _ vendor: VendorID, _ name: String, _ state: inout WriteTransaction
  ) throws(LMDBError) {
    guard Int(vendor.rawValue) > vendors.count else { return }
    vendors.append(name)
    counters.nextVendor = VendorID(vendor.rawValue + 1)
    haveCountersChanged = true
    hasCatalogueChanged = true
    record.removeAll()
    record.write(shortString: name)
    let key = vendor.key
    try state.put(record.bytes, for: key.span.bytes, in: tables.vendors)
  }

  // MARK: Commit and abandon

  mutating func decideCommit(
    _ id: PurchaseID, loaded: Result<[UInt32], Refusal>, _ asker: Asker, _ now: UInt64, _ block: inout Block,
    _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    guard let purchase = try purchase(id, state) else { return Reply(.refused(.unknownPurchase)) }
    switch purchase.state {
    case .loading: break
    case .committed:
      let lots = try purchasedLots(of: purchase, state)
      return Reply(.purchase(id, lots: lots), sequence: try endedBy(id, state), isRepeat: true)
    case .abandoned: return Reply(.refused(.unknownPurchase))
    }
    let counts: [UInt32]
    switch loaded {
    case .success(let found): counts = found
    case .failure(let refusal): return Reply(.refused(refusal))
    }
    precondition(counts.count == Int(purchase.lotCount), "each lot of the purchase is counted")
    block.beginEvent()
    EventHead(kind: .purchaseCommitted, actor: asker.id).write(to: &block.writer)
    block.writer.write(id.rawValue)
    block.writer.write(UInt32(counts.count))
    block.writer.write(try placedBy(lot(purchase.firstLot).extent.first, state))
    for count in counts { block.writer.write(count) }
    let sequence = block.endEvent()
    try apply(block.lastEvent, sequence: sequence, timeMilliseconds: now, state: &state)
    return Reply(.purchase(id, lots: try purchasedLots(of: purchase, state)), sequence: sequence)
  }

  mutating func applyCommitted(
    _ event: RawSpan, sequence: UInt64, state: inout WriteTransaction
  ) throws(LMDBError) {
    guard var purchase = try purchase(PurchaseID(event.bigEndian(at: 8)), state) else {
      preconditionFailure("an event commits a purchase that was never begun")
    }
    let begunBy: UInt64 = event.bigEndian(at: 16)
    for (index, id) in purchase.lots.enumerated() {
      let lot = lot(id)
      let loaded: UInt32 = event.bigEndian(at: 24 + index * 4)
      if loaded > 0 {
        let move = Move(
          extent: Extent(first: lot.extent.first, count: loaded), lot: id, placedBy: begunBy, from: .loading,
          condition: .regular)
        try carryOut(move, toStock: .regular, by: sequence, state: &state)
      }
      if loaded < lot.extent.count {
        let rest = Extent(first: CardID(lot.extent.first.rawValue + UInt64(loaded)), count: lot.extent.count - loaded)
        let move = Move(extent: rest, lot: id, placedBy: begunBy, from: .loading, condition: .regular)
        try carryOut(move, to: .void, id: .zero, by: sequence, state: &state)
      }
    }
    purchase.state = .committed
    try finish(purchase, by: sequence, &state)
  }

  mutating func decideAbandon(
    _ id: PurchaseID, _ asker: Asker, _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    guard let purchase = try purchase(id, state) else { return Reply(.refused(.unknownPurchase)) }
    switch purchase.state {
    case .loading: break
    case .committed: return Reply(.refused(.final))
    case .abandoned: return Reply(.done, sequence: try endedBy(id, state), isRepeat: true)
    }
    let sequence = try abandon(purchase, by: asker.id, now, &block, &state)
    return Reply(.done, sequence: sequence)
  }

  /// Voids the ids of a purchase that was not committed; they and its keys are never used again.
  mutating func abandon(
    _ purchase: PurchaseRecord, by actor: ActorID, _ now: UInt64, _ block: inout Block,
    _ state: inout WriteTransaction
  ) throws(LMDBError) -> UInt64 {
    block.beginEvent()
    EventHead(kind: .purchaseAbandoned, actor: actor).write(to: &block.writer)
    block.writer.write(purchase.id.rawValue)
    block.writer.write(UInt32(0))
    block.writer.write(try placedBy(lot(purchase.firstLot).extent.first, state))
    let sequence = block.endEvent()
    try apply(block.lastEvent, sequence: sequence, timeMilliseconds: now, state: &state)
    return sequence
  }

  mutating func applyAbandoned(
    _ event: RawSpan, sequence: UInt64, state: inout WriteTransaction
  ) throws(LMDBError) {
    guard var purchase = try purchase(PurchaseID(event.bigEndian(at: 8)), state) else {
      preconditionFailure("an event abandons a purchase that was never begun")
    }
    for id in purchase.lots {
      let move = Move(
        extent: lot(id).extent, lot: id, placedBy: event.bigEndian(at: 16), from: .loading, condition: .regular)
      try carryOut(move, to: .void, id: .zero, by: sequence, state: &state)
    }
    purchase.state = .abandoned
    try finish(purchase, by: sequence, &state)
  }

  // MARK: Records

  /// The event that committed or abandoned a purchase; 0 while it is being loaded.
  private func endedBy(_ id: PurchaseID, _ state: borrowing WriteTransaction) throws(LMDBError) -> UInt64 {
    let key = id.key
    guard let record = try state.value(for: key.span.bytes, in: tables.purchases) else { return 0 }
    return record.bigEndian(at: record.byteCount - 8)
  }

  func purchase(_ id: PurchaseID, _ state: borrowing WriteTransaction) throws(LMDBError) -> PurchaseRecord? {
    let key = id.key
    guard let record = try state.value(for: key.span.bytes, in: tables.purchases) else { return nil }
    return trusting(record) { (reader) throws(ByteShortage) in try PurchaseRecord(&reader) }
  }

  /// The record is the purchase as its event told it, with its state, then the event that ended its loading.
  private mutating func putPurchase(
    _ purchase: PurchaseRecord, endedBy sequence: UInt64, _ state: inout WriteTransaction
  ) throws(LMDBError) {
    record.removeAll()
    purchase.write(to: &record)
    record.write(sequence)
    let key = purchase.id.key
    try state.put(record.bytes, for: key.span.bytes, in: tables.purchases)
  }

  private mutating func finish(
    _ purchase: PurchaseRecord, by sequence: UInt64, _ state: inout WriteTransaction
  ) throws(LMDBError) {
    try putPurchase(purchase, endedBy: sequence, &state)
    counters.loadingPurchase = PurchaseID(0)
    haveCountersChanged = true
  }

  private func placedBy(_ card: CardID, _ state: borrowing WriteTransaction) throws(LMDBError) -> UInt64 {
    try custody(of: card, state: state)?.value.placedBy ?? 0
  }

  /// The lots named in the result of a begin.
  func purchasedLots(_ ids: RawSpan) -> [PurchasedLot] {
    stride(from: 0, to: ids.byteCount, by: 4).map { offset in
      let lot = lot(LotID(ids.bigEndian(at: offset)))
      return PurchasedLot(lot: lot.id, expiry: lot.expiry, extent: lot.extent, loadedCount: 0)
    }
  }

  /// The lots of a committed purchase, with how many of their ids ever held cards.
  func purchasedLots(
    of purchase: PurchaseRecord, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> [PurchasedLot] {
    var found: [PurchasedLot] = []
    for id in purchase.lots {
      let lot = lot(id)
      // What was never loaded stands void, by no withdrawal, at the end of the lot since the commit.
      var loaded = lot.extent.count
      if let (extent, value) = try custody(of: lot.extent.last, state: state), value.holder == .void,
        value.id == .zero, extent.end == lot.extent.end
      {
        loaded = UInt32(extent.first.rawValue - lot.extent.first.rawValue)
      }
      found.append(PurchasedLot(lot: id, expiry: lot.expiry, extent: lot.extent, loadedCount: loaded))
    }
    return found
  }
}

extension BeginPurchase {
  var fields: FieldList {
    var fields = FieldList()
    fields.add(.product, product.rawValue)
    fields.add(.vendor, vendor)
    fields.add(.unitCost, unitCostMinor)
    fields.add(.invoice, invoice)
    for lot in lots {
      fields.add(.expiry, lot.expiry.daysSince1970)
      fields.add(.count, lot.count)
    }
    return fields
  }
}

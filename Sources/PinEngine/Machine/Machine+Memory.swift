import LMDB
import PinBytes
import PinSealing
import PinWords

/// What the machine holds in memory: loaded at open, written back at a checkpoint, published to the serving threads.
extension Machine {
  package init(tables: [Table], state: inout WriteTransaction) throws {
    // In two steps: nothing may throw before every field is set.
    self.init(Tables(tables))
    try load(state)
  }

  private mutating func load(_ state: borrowing WriteTransaction) throws(LMDBError) {
    let key = Counters.key
    if let bytes = try state.value(for: key.span.bytes, in: tables.counters) {
      counters = trusting(bytes) { (reader) throws(ByteShortage) in try Counters(&reader) }
    }
    products = try records(in: tables.products, state) { (reader) throws(ByteShortage) in try Product(&reader) }
    vendors = try records(in: tables.vendors, state) { (reader) throws(ByteShortage) in try reader.readShortString() }
    lots = try records(in: tables.lots, state) { (reader) throws(ByteShortage) in try LotRecord(&reader) }
    actors = try records(in: tables.actors, state) { (reader) throws(ByteShortage) in try ActorRecord(&reader) }
    let kept = try records(in: tables.levels, state) { (reader) throws(ByteShortage) in
      (try StockLevel(&reader), try reader.readFlag())
    }
    levels = kept.map(\.0)
    isLow = kept.map(\.1)
    fronts = levels.map { _ in nil }
    takings = actors.map { _ in Takings() }
    var walk = try state.walk(tables.shifts)
    while let entry = try walk.next() {
      let actor = ActorID(entry.key.bigEndian(at: 0))
      trusting(entry.value) { (reader) throws(ByteShortage) in
        setShift(of: actor, try Shift(&reader))
        takings[Int(actor.rawValue) - 1] = try Takings(&reader)
      }
    }
    var approvalWalk = try state.walk(tables.approvals)
    while let entry = try approvalWalk.next() {
      let id = RequestID(high: entry.key.bigEndian(at: 0), low: entry.key.bigEndian(at: 8))
      approvals[id] = trusting(entry.value) { (reader) throws(ByteShortage) in try ApprovalRecord(&reader) }
    }
    var credentialWalk = try state.walk(tables.credentials)
    while let entry = try credentialWalk.next() {
      let credential = trusting(entry.value) { (reader) throws(ByteShortage) in try Credential(&reader) }
      credentials[credential.id] = credential
      changedCredentials.append(credential.id)
    }
    for product in products { productIDs[product.sku] = product.id }
  }

  private func records<Record>(
    in table: Table, _ state: borrowing WriteTransaction,
    _ read: (inout ByteReader) throws(ByteShortage) -> Record
  ) throws(LMDBError) -> [Record] {
    var records: [Record] = []
    var walk = try state.walk(table)
    while let entry = try walk.next() { records.append(trusting(entry.value, read)) }
    return records
  }

  package mutating func flush(into state: inout WriteTransaction) throws(LMDBError) {
    for number in changedLevels.numbers.sorted() {
      record.removeAll()
      levels[Int(number) - 1].write(to: &record)
      record.write(UInt8(isLow[Int(number) - 1] ? 1 : 0))
      let key = ProductID(number).key
      try state.put(record.bytes, for: key.span.bytes, in: tables.levels)
      try writeFront(of: ProductID(number), &state)
    }
    for actor in changedShifts.numbers.sorted().lazy.map({ ActorID($0) }) {
      record.removeAll()
      shift(of: actor).write(to: &record)
      takings[Int(actor.rawValue) - 1].write(to: &record)
      let key = actor.key
      try state.put(record.bytes, for: key.span.bytes, in: tables.shifts)
    }
    if haveCountersChanged {
      record.removeAll()
      counters.write(to: &record)
      let key = Counters.key
      try state.put(record.bytes, for: key.span.bytes, in: tables.counters)
    }
    changedLevels.removeAll()
    changedShifts.removeAll()
    haveCountersChanged = false
  }

  /// Gives the serving threads the passwords and tokens that changed.
  mutating func publishCredentials() {
    guard let context, !changedCredentials.isEmpty else { return }
    context.credentials.withLock { published in
      for id in changedCredentials { published[id] = credentials[id] }
    }
    changedCredentials.removeAll()
  }

  /// Gives the serving threads what they need of the state: products, lots and actors with their keys.
  mutating func publishCatalogue() throws(SealingError) {
    guard let context else { return }
    let before = context.catalogue
    var lotFacts = before.lots
    lotFacts.reserveCapacity(lots.count)
    for lot in lots[lotFacts.count...] {
      let key = try unwrap(lot.key.wrapped, under: context.storeKey, purpose: .lot(lot.key.number))
      lotFacts.append(
        Catalogue.Lot(
          id: lot.id, product: lot.product, purchase: lot.purchase, vendor: lot.vendor, expiry: lot.expiry,
          extent: lot.extent, key: key))
    }
    var actorFacts: [Catalogue.Actor] = []
    actorFacts.reserveCapacity(actors.count)
    for (index, actor) in actors.enumerated() {
      // Most are as they were, and unwrapping is the dear part.
      let known = before.actors.indices.contains(index) ? before.actors[index] : nil
      func opened(_ record: KeyRecord) throws(SealingError) -> Catalogue.ActorKey {
        if let known, known.key.number == record.number { return known.key }
        if let old = known?.oldKey, old.number == record.number { return old }
        return Catalogue.ActorKey(
          number: record.number,
          secret: try unwrap(record.wrapped, under: context.storeKey, purpose: .actor(record.number)))
      }
      actorFacts.append(
        Catalogue.Actor(
          description: actor.description, key: try opened(actor.key),
          oldKey: try actor.oldKey.map { (record) throws(SealingError) in try opened(record) }))
    }
    context.publish(
      Catalogue(
        storeID: counters.storeID, isQuarantining: counters.isQuarantining,
        approvalRule: counters.approvalRule, products: products, vendors: vendors, lots: lotFacts, actors: actorFacts))
  }
}

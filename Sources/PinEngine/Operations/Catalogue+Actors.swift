import LMDB
import PinBytes
import PinStore
import PinWords

/// Naming things: products and their stops, actors and their keys.
extension Machine {
  // MARK: Products

  mutating func decideDefineProduct(
    _ define: DefineProduct, _ asker: Asker, _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    if let field = define.product.invalidField { return Reply(.refused(.invalid(field))) }
    let fields = define.fields
    if let reply = try knownChange(define.id, .defineProduct, fields, asker, state) { return reply }

    var product = define.product
    if product.id.rawValue == 0 {
      guard productIDs[product.sku] == nil else { return Reply(.refused(.nameTaken)) }
      product.id = counters.nextProduct
      product.isFrozen = false
    } else {
      guard let old = self.product(product.id) else { return Reply(.refused(.unknownProduct(product.id))) }
      // Cards and books refer to these for ever.
      guard old.sku == product.sku else { return Reply(.refused(.invalid(.sku))) }
      guard old.currency == product.currency else { return Reply(.refused(.invalid(.currency))) }
      product.isFrozen = old.isFrozen
    }
    var result = ByteWriter(capacity: 16)
    result.write(product.id.rawValue)
    Self.beginChange(.productDefined, define.id, fields, result: result, by: asker.id, &block)
    product.write(to: &block.writer)
    return try endChange(.defineProduct, result: result, now, &block, &state)
  }

  mutating func applyProductDefined(_ event: RawSpan, state: inout WriteTransaction) throws(LMDBError) {
    let product = trusting(ChangeEvent(event).body) { (reader) throws(ByteShortage) in try Product(&reader) }
    let index = Int(product.id.rawValue) - 1
    if index == products.count {
      products.append(product)
      levels.append(StockLevel(product: product.id))
      isLow.append(true)
      fronts.append(nil)
      changedLevels.mark(product.id.rawValue)
      productIDs[product.sku] = product.id
      counters.nextProduct = ProductID(product.id.rawValue + 1)
      haveCountersChanged = true
    } else {
      products[index] = product
      if hasCrossed(product.id) { crossings.append(product.id) }
    }
    try putProduct(product, &state)
  }

  mutating func decideStop(
    _ stop: ProductStop, kind: EventKind, _ asker: Asker, _ now: UInt64, _ block: inout Block,
    _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    guard stop.reason.isReason else { return Reply(.refused(.invalid(.reason))) }
    let operation: Operation = kind == .productFrozen ? .freeze : .thaw
    var fields = FieldList()
    fields.add(.product, stop.product.rawValue)
    fields.add(.reason, stop.reason)
    if let reply = try knownChange(stop.id, operation, fields, asker, state) { return reply }
    guard product(stop.product) != nil else { return Reply(.refused(.unknownProduct(stop.product))) }
    let result = ByteWriter(capacity: 16)
    Self.beginChange(kind, stop.id, fields, result: result, by: asker.id, &block)
    block.writer.write(stop.product.rawValue)
    return try endChange(operation, result: result, now, &block, &state)
  }

  mutating func applyStop(
    _ event: RawSpan, isFrozen: Bool, state: inout WriteTransaction
  ) throws(LMDBError) {
    let id = ProductID(ChangeEvent(event).body.bigEndian(at: 0))
    products[Int(id.rawValue) - 1].isFrozen = isFrozen
    try putProduct(products[Int(id.rawValue) - 1], &state)
  }

  private mutating func putProduct(_ product: Product, _ state: inout WriteTransaction) throws(LMDBError) {
    record.removeAll()
    product.write(to: &record)
    let key = product.id.key
    try state.put(record.bytes, for: key.span.bytes, in: tables.products)
    hasCatalogueChanged = true
  }

  // MARK: Actors

  mutating func decideDefineActor(
    _ define: DefineActor, key: KeyRecord?, _ asker: Asker, _ now: UInt64, _ block: inout Block,
    _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    var actor = define.actor
    guard actor.name.isActorName else { return Reply(.refused(.invalid(.name))) }
    guard !actor.roles.isEmpty, actor.roles.isSubset(of: .all) else { return Reply(.refused(.invalid(.roles))) }
    if let field = actor.limits.invalidField { return Reply(.refused(.invalid(field))) }
    let fields = define.fields
    if let reply = try knownChange(define.id, .defineActor, fields, asker, state) { return reply }

    let namesake = actors.first { $0.description.name == actor.name }?.description.id
    for product in actor.limits.products where self.product(product) == nil {
      return Reply(.refused(.unknownProduct(product)))
    }
    let record: ActorRecord
    if actor.id.rawValue == 0 {
      guard define.keyChange == .keep || define.keyChange == .renew else { return Reply(.refused(.invalid(.key))) }
      guard namesake == nil else { return Reply(.refused(.nameTaken)) }
      guard let key else { preconditionFailure("a new actor is given a key") }
      actor.id = counters.nextActor
      actor.oldKey = nil
      record = ActorRecord(description: actor, key: key)
    } else {
      let index = Int(actor.id.rawValue) - 1
      guard actors.indices.contains(index) else { return Reply(.refused(.unknownActor)) }
      guard namesake == nil || namesake == actor.id else { return Reply(.refused(.nameTaken)) }
      guard keepsAnAdministrator(changing: actor) else { return Reply(.refused(.lastAdministrator)) }
      var changed = actors[index]
      actor.oldKey = changed.description.oldKey
      changed.description = actor
      if let refusal = changed.change(define.keyChange, key, at: now) { return Reply(.refused(refusal)) }
      record = changed
    }
    // Who names the second person alone has no second person.
    if counters.approvalRule.isOn, record.description.mayApprove {
      if case .failure(let refusal) = approval(of: define.id, .defineActor, fields, asker, now) {
        return Reply(.refused(refusal))
      }
    }
    var result = ByteWriter(capacity: 16)
    result.write(actor.id.rawValue)
    // Whoever left, or had its key taken, may have left a password or a token behind, and is to come in by none.
    if actor.isRevoked || define.keyChange == .renew {
      for credential in credentials.of(actor.id) { result.write(credential.document.id) }
    }
    Self.beginChange(.actorDefined, define.id, fields, result: result, by: asker.id, &block)
    record.write(to: &block.writer)
    return try endChange(.defineActor, result: result, now, &block, &state)
  }

  private func keepsAnAdministrator(changing changed: ActorDescription) -> Bool {
    actors.map { $0.description.id == changed.id ? changed : $0.description }
      .contains { $0.roles.contains(.administrator) && !$0.isRevoked }
  }

  /// All actors; an old key that has ended is none.
  func decideActors(_ now: UInt64) -> Reply {
    Reply(
      .actors(
        actors.map { actor in
          var actor = actor
          actor.forgetOldKey(at: now)
          return actor.description
        }))
  }

  mutating func applyActorDefined(_ event: RawSpan, state: inout WriteTransaction) throws(LMDBError) {
    let change = ChangeEvent(event)
    let actor = trusting(change.body) { (reader) throws(ByteShortage) in try ActorRecord(&reader) }
    if !Self.replaced(by: .defineActor, result: change.result).isEmpty {
      for credential in credentials.of(actor.description.id) { try removeCredential(credential.id, &state) }
    }
    let index = Int(actor.description.id.rawValue) - 1
    if index == actors.count {
      actors.append(actor)
      takings.append(Takings())
      counters.nextActor = ActorID(actor.description.id.rawValue + 1)
      haveCountersChanged = true
    } else {
      actors[index] = actor
    }
    record.removeAll()
    actor.write(to: &record)
    let key = actor.description.id.key
    try state.put(record.bytes, for: key.span.bytes, in: tables.actors)
    hasCatalogueChanged = true
  }
}

extension ActorRecord {
  /// Changes its keys, or says why not; `fresh` is there if the change makes one.
  fileprivate mutating func change(_ change: KeyChange, _ fresh: KeyRecord?, at now: UInt64) -> Refusal? {
    forgetOldKey(at: now)
    switch change {
    case .keep: break
    case .renew:
      guard let fresh else { preconditionFailure("an actor whose key is renewed is given one") }
      key = fresh
      oldKey = nil
      description.oldKey = nil
    case .rotate(let endsAt):
      guard let fresh else { preconditionFailure("an actor whose key is rotated is given one") }
      guard oldKey == nil else { return .oldKeyStillWorks }
      guard endsAt == 0 || endsAt > now else { return .invalid(.key) }
      oldKey = key
      description.oldKey = OldKey(endsAtMilliseconds: endsAt)
      key = fresh
    case .endOldKey(let endsAt):
      guard oldKey != nil else { break }
      description.oldKey = OldKey(endsAtMilliseconds: endsAt == 0 ? now : endsAt)
      forgetOldKey(at: now)
    }
    return nil
  }
}

extension DefineProduct {
  var fields: FieldList {
    var fields = FieldList()
    fields.add(.product, product.id.rawValue)
    fields.add(.sku, product.sku)
    fields.add(.name, product.name)
    fields.add(.vendor, product.vendor)
    fields.add(.currency, product.currency.code)
    fields.add(.faceValue, product.faceValueMinor)
    fields.add(.price, product.priceMinor)
    fields.add(.instructions, product.instructions)
    fields.add(.lowStockThreshold, product.lowStockThreshold)
    fields.add(.minimumValidity, product.minimumValidityDays)
    return fields
  }
}

extension DefineActor {
  var fields: FieldList {
    var fields = FieldList()
    fields.add(.actor, actor.id.rawValue)
    fields.add(.name, actor.name)
    fields.add(.roles, actor.roles.rawValue)
    fields.add(.operation, UInt8(actor.isRevoked ? 1 : 0))
    fields.add(.key, keyChange.bytes)
    var limits = ByteWriter(capacity: 64)
    actor.limits.write(to: &limits)
    fields.add(.limits, [UInt8](limits.bytes))
    return fields
  }
}

extension KeyChange {
  /// What is changed (u8) and a time (u64), as in a request.
  fileprivate var bytes: [UInt8] {
    var writer = ByteWriter(capacity: 16)
    writer.write(number)
    writer.write(timeMilliseconds)
    return [UInt8](writer.bytes)
  }
}

extension Product {
  /// The first field that is out of range; nil if none is.
  var invalidField: Field? {
    let isSKU =
      (1...32).contains(sku.utf8.count) && sku.utf8.allSatisfy { $0 > UInt8(ascii: " ") && $0 < 0x7F }
    if !isSKU { return .sku }
    if !(1...64).contains(name.utf8.count) || !name.isPlainText { return .name }
    if !(1...64).contains(vendor.utf8.count) || !vendor.isPlainText { return .vendor }
    // Amounts stay well inside what every client's integers and all sums of them can hold.
    if faceValueMinor > Self.largestAmountMinor { return .faceValue }
    if priceMinor > Self.largestAmountMinor { return .price }
    if instructions.utf8.count > 240 { return .instructions }
    return nil
  }

  static var largestAmountMinor: UInt64 { 1 << 40 }
}

extension String {
  /// 1 to 32 bytes: letters, digits, `-`, `_`, `.`.
  var isActorName: Bool {
    (1...32).contains(utf8.count)
      && unicodeScalars.allSatisfy {
        $0.isASCII && ($0.properties.isAlphabetic || "0123456789-_.".unicodeScalars.contains($0))
      }
  }
}

import PinWords

/// Events as JSON: one flat object, its keys always in the same order, named as `docs/formats.md` says.
///
/// Ids are UUID text, times RFC 3339 in UTC with milliseconds, days `YYYY-MM-DD`, amounts minor units, and what is not
/// there is null. No key is in it, wrapped or not.
extension JournalEvent: Encodable {
  /// The event as one line, without the line feed.
  public var jsonLine: String {
    var line = ""
    json.write(to: &line)
    return line
  }

  public func encode(to encoder: any Encoder) throws { try json.encode(to: encoder) }

  private var json: OrderedJSON {
    let head: KeyValuePairs<String, OrderedJSON> = [
      "sequence": .number(sequence), "time": .time(timeMilliseconds), "actor": .number(actor),
      "kind": .text(kind.name), "id": id.map { .id($0) } ?? .null,
    ]
    return .object(Array(head) + Array(facts.json))
  }
}

extension JournalFacts {
  var json: KeyValuePairs<String, OrderedJSON> {
    switch self {
    case .storeCreated(let storeID), .storeRestored(let storeID): ["store_id": .id(storeID)]
    case .rekeyed(let masterKeyID): ["master_key_id": .hexadecimal(masterKeyID)]
    case .actorDefined(let actor, let hasNewKey, let replaced):
      Self.json(actor, hasNewKey: hasNewKey, replaces: replaced)
    case .productDefined(let product): Self.json(product)
    case .productFrozen(let product, let reason), .productThawed(let product, let reason):
      ["product": .number(product), "reason": .text(reason)]
    case .purchaseBegun(let begun): Self.json(begun)
    case .purchaseCommitted(let purchase, let begunBy, let loadedCounts):
      ["purchase": .number(purchase), "begun_by": .number(begunBy), "loaded": .list(loadedCounts.map { .number($0) })]
    case .purchaseAbandoned(let purchase, let begunBy):
      ["purchase": .number(purchase), "begun_by": .number(begunBy)]
    case .stockQuarantined(let moves): ["extents": .list(moves.map(\.json))]
    case .reserved(let grant), .vended(let grant): Self.json(grant)
    case .dispensed(let openedCount, let moves):
      ["opened_count": .number(openedCount), "extents": .list(moves.map(\.json))]
    case .opened(let firstIndex, let count, let isPrint, let isReprint):
      [
        "first_index": .number(firstIndex), "count": .number(count), "is_print": .flag(isPrint),
        "is_reprint": .flag(isReprint),
      ]
    case .extended(let deadline): ["deadline": .time(deadline)]
    case .released(let moves): Self.json(.released, moves)
    case .expired(let moves): Self.json(.expired, moves)
    case .reversed(let state, let moves): Self.json(state, moves)
    case .returned(let returned): Self.json(returned)
    case .reinventoried(let change), .withdrawn(let change): Self.json(change)
    case .settled(let reservation, let reason, let cards, let moves):
      [
        "reservation": .id(reservation), "reason": .text(reason), "cards": .number(cards),
        "extents": .list(moves.map(\.json)),
      ]
    case .shiftClosed(let shift): Self.json(shift)
    case .approved(let approval):
      [
        "operation": .text(approval.operation.name), "request": .id(approval.request),
        "valid_until": .time(approval.validUntilMilliseconds),
      ]
    case .approvalRuleDefined(let rule):
      ["cards_per_day": rule.isOn ? .number(rule.cardsPerDay) : .null]
    case .proofsFailed(let failed):
      [
        "claimed_actor": .number(failed.actor), "count": .number(failed.count),
        "since": .time(failed.sinceMilliseconds),
      ]
    case .customerDefined(let customer, let replaced): Self.json(customer, replaces: replaced)
    case .orderChanged(let changed): Self.json(changed)
    case .cardShown(let order, let document, let reason):
      ["order": .id(order), "document": document.json, "reason": .text(reason)]
    case .customerMailed(let customer, let document): ["customer": .id(customer), "document": document.json]
    case .mailTried(let cause, let product, let outcome, let attempts, let notBefore):
      [
        "cause": .number(cause), "product": product.map { .number($0) } ?? .null, "outcome": .text(outcome.name),
        "attempts": .number(attempts),
        "not_before": .time(orNone: notBefore),
      ]
    case .sheetDefined(let sheet, let vendorName, let replaced):
      Self.json(sheet, vendorName: vendorName, replaces: replaced)
    case .purchaseOrderChanged(let act, let order, let reason): Self.json(act, order, reason: reason)
    case .credentialChanged(let credential, let replaced): Self.json(credential, replaces: replaced)
    case .confirmed, .forgotten: [:]
    }
  }

  private static func json(
    _ actor: ActorDescription, hasNewKey: Bool, replaces: [RequestID]
  ) -> KeyValuePairs<String, OrderedJSON> {
    [
      "defined_actor": .number(actor.id), "name": .text(actor.name),
      "roles": .list(actor.roles.names.map { .text($0) }), "is_revoked": .flag(actor.isRevoked),
      "limits": actor.limits.json, "has_new_key": .flag(hasNewKey),
      "old_key": actor.oldKey.map { .object(["ends": .time(orNone: $0.endsAtMilliseconds)]) } ?? .null,
      "replaces": .list(replaces.map { .id($0) }),
    ]
  }

  private static func json(_ product: Product) -> KeyValuePairs<String, OrderedJSON> {
    [
      "product": .number(product.id), "sku": .text(product.sku), "name": .text(product.name),
      "vendor_name": .text(product.vendor), "currency": .text("\(product.currency)"),
      "face_value_minor": .number(product.faceValueMinor), "price_minor": .number(product.priceMinor),
      "instructions": .text(product.instructions), "low_stock_threshold": .number(product.lowStockThreshold),
      "minimum_validity_days": .number(product.minimumValidityDays), "is_frozen": .flag(product.isFrozen),
    ]
  }

  private static func json(_ begun: BegunPurchase) -> KeyValuePairs<String, OrderedJSON> {
    [
      "purchase": .number(begun.purchase), "product": .number(begun.product), "vendor": .number(begun.vendor),
      "vendor_name": .text(begun.vendorName), "unit_cost_minor": .number(begun.unitCostMinor),
      "invoice": .text(begun.invoice), "lots": .list(begun.lots.map(\.json)),
    ]
  }

  private static func json(_ grant: Grant) -> KeyValuePairs<String, OrderedJSON> {
    [
      "deadline": .time(orNone: grant.deadlineMilliseconds), "hold_seconds": .number(grant.holdSeconds),
      "cashier": .number(grant.sale.cashier), "tender": .text("\(grant.sale.tender)"),
      "lines": .list(grant.lines.map(\.json)), "extents": .list(grant.extents.map(\.json)),
    ]
  }

  private static func json(
    _ state: ReservationState, _ moves: [MovedExtent]
  ) -> KeyValuePairs<String, OrderedJSON> {
    ["state": .text("\(state)"), "extents": .list(moves.map(\.json))]
  }

  private static func json(_ returned: ReturnedCards) -> KeyValuePairs<String, OrderedJSON> {
    [
      "reservation": .id(returned.reservation), "asked": .list(returned.asked.map(\.json)),
      "credits": .list(returned.credits.map(\.json)), "extents": .list(returned.extents.map(\.json)),
    ]
  }

  private static func json(_ change: StockChanged) -> KeyValuePairs<String, OrderedJSON> {
    [
      "asked": .list(change.asked.map(\.json)), "reason": .text(change.reason), "cards": .number(change.cards),
      "approved_by": change.approvedBy.map { .number($0) } ?? .null, "extents": .list(change.extents.map(\.json)),
    ]
  }

  private static func json(_ shift: Shift) -> KeyValuePairs<String, OrderedJSON> {
    [
      "shift": .number(shift.number), "opened": .time(orNone: shift.openedAtMilliseconds),
      "totals": .list(shift.totals.map(\.json)),
    ]
  }
}

// MARK: Parts

extension ActorLimits {
  fileprivate var json: OrderedJSON {
    .object([
      "requests_per_second": .number(orNone: requestsPerSecond),
      "currency": currency.map { .text("\($0)") } ?? .null, "minute": minute.json, "day": day.json,
      "products": .list(products.map { .number($0) }),
    ])
  }
}

extension ActorLimits.Allowance {
  fileprivate var json: OrderedJSON {
    .object([
      "cards": .number(orNone: cards), "reprints": .number(orNone: reprints),
      "value_minor": .number(orNone: valueMinor),
    ])
  }
}

extension Extent {
  fileprivate var json: OrderedJSON { .object(["first": .number(first), "count": .number(count)]) }
}

extension JournalFacts.MovedExtent {
  fileprivate var json: OrderedJSON {
    .object([
      "first": .number(extent.first), "count": .number(extent.count), "lot": .number(lot),
      "placed_by": .number(placedBy), "left": left?.json(far: "first") ?? .null,
      "right": right?.json(far: "last") ?? .null, "from": .text(from.rawValue), "condition": .text("\(condition)"),
    ])
  }
}

extension JournalFacts.NeighbourInStock {
  fileprivate func json(far name: String) -> OrderedJSON {
    .object([(name, .number(far)), ("placed_by", .number(placedBy))])
  }
}

extension JournalFacts.GrantedExtent {
  fileprivate var json: OrderedJSON {
    .object([
      "first": .number(extent.first), "count": .number(extent.count), "lot": .number(lot),
      "placed_by": .number(placedBy), "from": .text("stock"), "line": .number(line),
    ])
  }
}

extension JournalFacts.BegunLot {
  fileprivate var json: OrderedJSON {
    .object([
      "first": .number(extent.first), "count": .number(extent.count), "lot": .number(lot),
      "expiry": expiry == .never ? .null : .day(expiry),
    ])
  }
}

extension GrantedLine {
  fileprivate var json: OrderedJSON {
    .object([
      "product": .number(line.product), "count": .number(line.count), "condition": .text("\(line.condition)"),
      "unit_price_minor": .number(unitPriceMinor), "currency": .text("\(currency)"),
      "discount_minor": .number(line.discountMinor), "tax_minor": .number(line.taxMinor),
    ])
  }
}

extension Credit {
  fileprivate var json: OrderedJSON {
    .object([
      "cards": .number(cards), "amount_minor": .number(amountMinor), "currency": .text("\(currency)"),
    ])
  }
}

extension ShiftTotal {
  fileprivate var json: OrderedJSON {
    .object([
      "currency": .text("\(currency)"), "sales": .number(sales), "cards": .number(cards),
      "gross_minor": .number(grossMinor), "discount_minor": .number(discountMinor), "tax_minor": .number(taxMinor),
      "reversals": .number(reversals), "reversed_cards": .number(reversedCards),
      "reversed_minor": .number(reversedMinor), "returned_cards": .number(returnedCards),
      "returned_minor": .number(returnedMinor),
    ])
  }
}

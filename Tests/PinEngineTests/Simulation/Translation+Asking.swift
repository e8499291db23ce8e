import PinWords
import ReferenceModel

@testable import PinEngine

/// The model's requests as the engine's commands. The two share no types: this is where they meet.
extension ReferenceModel.Request {
  /// Nil for what the engine does beside its writer, or with keys of its own: imports and actors.
  var command: Command? {
    switch self {
    case .reserve(let id, let holdSeconds, let sale, let lines):
      .reserve(
        Reserve(
          id: RequestID(id), holdSeconds: UInt32(clamping: holdSeconds), sale: sale.words, lines: lines.map(\.words)))
    case .vend(let id, let sale, let line): .vend(Vend(id: RequestID(id), sale: sale.words, line: line.words))
    case .dispense(let id): .dispense(RequestID(id))
    case .confirm(let id): .confirm(RequestID(id))
    case .extend(let id, let deadline): .extend(Extend(reservation: RequestID(id), deadlineMilliseconds: deadline))
    case .release(let id): .release(RequestID(id))
    case .reverse(let id): .reverse(RequestID(id))
    case .giveBack(let id, let of, let runs):
      .return(Return(id: RequestID(id), reservation: RequestID(of), extents: runs.map(\.words)))
    case .reprint(let id, let first, let count):
      .reprint(Reprint(reservation: RequestID(id), firstIndex: UInt32(first), count: UInt16(count)))
    case .reinventory(let id, let runs, let reason):
      .reinventory(StockChange(id: RequestID(id), extents: runs.map(\.words), reason: reason))
    case .withdraw(let id, let runs, let reason):
      .withdraw(StockChange(id: RequestID(id), extents: runs.map(\.words), reason: reason))
    case .settle(let id, let of, let reason):
      .settle(Settle(id: RequestID(id), reservation: RequestID(of), reason: reason))
    case .freeze(let id, let product, let reason):
      .freeze(ProductStop(id: RequestID(id), product: ProductID(UInt32(product)), reason: reason))
    case .thaw(let id, let product, let reason):
      .thaw(ProductStop(id: RequestID(id), product: ProductID(UInt32(product)), reason: reason))
    case .defineProduct(let id, let product):
      .defineProduct(DefineProduct(id: RequestID(id), product: product.words))
    case .closeShift(let id): .closeShift(RequestID(id))
    case .lookUp(let id): .lookUp(RequestID(id))
    case .stock(let product): .stock(product == 0 ? nil : ProductID(UInt32(product)))
    case .shiftTotals: .shiftTotals
    case .actors: .actors
    case .locate(let card): .internalCommand(InternalCommand(.locate(CardID(UInt64(card)))))
    case .defineActor, .beginPurchase, .loadCards, .commitPurchase, .abandonPurchase: nil
    }
  }
}

extension ReferenceModel.Sale {
  var words: PinWords.Sale { PinWords.Sale(cashier: cashier, tender: Tender(rawValue: tender) ?? .other) }
}

extension ReferenceModel.Condition {
  var words: PinWords.Condition {
    switch self {
    case .regular: .regular
    case .used: .used
    case .quarantined: .quarantined
    }
  }
}

extension ReferenceModel.Line {
  var words: PinWords.Line {
    PinWords.Line(
      product: ProductID(UInt32(product)), count: UInt32(count), condition: condition.words, discountMinor: discount,
      taxMinor: tax)
  }
}

extension Run {
  var words: Extent { Extent(first: CardID(UInt64(first)), count: UInt32(count)) }
}

extension ReferenceModel.Product {
  var words: PinWords.Product {
    PinWords.Product(
      id: ProductID(UInt32(number)), sku: sku, name: name, vendor: vendor, currency: Currency(currency)!,
      faceValueMinor: faceValue, priceMinor: price, minimumValidityDays: UInt16(minimumValidityDays))
  }
}

extension ReferenceModel.Purchase {
  func words(id: ID) -> BeginPurchase {
    BeginPurchase(
      id: RequestID(id), product: ProductID(UInt32(product)), vendor: vendor, unitCostMinor: unitCost, invoice: invoice,
      lots: lots.map { PinWords.DeclaredLot(expiry: Day(daysSince1970: $0.expiry), count: UInt32($0.count)) })
  }
}

extension ReferenceModel.Actor {
  var words: ActorDescription {
    var words = ActorDescription(
      id: ActorID(UInt32(number)), name: name, roles: roles.reduce(into: []) { $0.formUnion($1.words) },
      isRevoked: isRevoked)
    words.limits.minute = limits.minute.words
    words.limits.day = limits.day.words
    words.limits.currency = limits.currency.map { Currency($0)! }
    words.limits.products = limits.products.map { ProductID(UInt32($0)) }
    return words
  }
}

extension ReferenceModel.Allowance {
  var words: ActorLimits.Allowance {
    ActorLimits.Allowance(cards: UInt32(cards), reprints: UInt32(reprints), valueMinor: value)
  }
}

extension Role {
  var words: Roles {
    switch self {
    case .terminal: .terminal
    case .storefront: .storefront
    case .clerk: .clerk
    case .reviewer: .reviewer
    case .stockKeeper: .stockKeeper
    case .accountant: .accountant
    case .keyCustodian: .keyCustodian
    case .auditor: .auditor
    case .administrator: .administrator
    }
  }
}

import PinStore
import PinWords
import Testing

@testable import PinEngine

/// Runs a table of requests, one a line with the outcome it must have, against an engine.
///
///     == a title             a section: its ids and products are its own, and its seconds count from here
///     stock P 10 +30         a product P (made at first mention) gets 10 cards that expire in 30 days
///     pass 10                ten seconds go by
///     swept h                the sweeper comes to the hold h, which is due
///     unswept h              time goes by until the hold h is due, and the sweeper is kept busy with another
///     till vend a P 1 => delivered 1/1
///
/// Who asks is the name of a role, or `other` for a second till. Ids and products are named by words; extents, such as
/// `2-3,5`, count from the section's first card; deadlines are seconds since the section began. An answer that is
/// marked as a repeat begins with `again`.
struct StatusTable {
  let bench: Bench
  private let actors: [String: ActorID]
  private var ids: [String: RequestID] = [:]
  private var products: [String: ProductID] = [:]
  private var purchases: [String: PurchaseID] = [:]
  private var section = ""
  private var firstCard: UInt64 = 1
  private var startMilliseconds: UInt64 = 0

  init(bench: Bench) async throws {
    self.bench = bench
    var actors = ["administrator": bench.administrator]
    for (name, role) in Roles.named where role != .administrator { actors[name] = try await bench.actor(name, role) }
    actors["till"] = actors["terminal"]
    actors["other"] = try await bench.actor("other", .terminal)
    actors["gone"] = try await bench.actor("gone", .clerk)
    _ = await bench.engine.define(
      DefineActor(
        id: bench.id(),
        actor: ActorDescription(id: actors["gone"]!, name: "gone", roles: .clerk, isRevoked: true), keyChange: .keep),
      as: bench.administrator)
    self.actors = actors
  }

  /// Runs all lines; each that has another outcome than the one it must have is an issue of its own.
  mutating func run(_ text: String, _ sourceLocation: SourceLocation = #_sourceLocation) async throws {
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
      let halves = line.prefix { $0 != "#" }.split(separator: "=>").map { $0.split(separator: " ").map(String.init) }
      guard let words = halves.first, !words.isEmpty else { continue }
      guard halves.count == 2 else {
        try await direct(words)
        continue
      }
      let outcome = try await ask(words)
      let expected = halves[1].joined(separator: " ")
      if outcome != expected {
        Issue.record(
          "[\(section)] \(words.joined(separator: " ")) => \(outcome), not \(expected)",
          sourceLocation: sourceLocation)
      }
    }
  }

  // MARK: Directives

  private mutating func direct(_ words: [String]) async throws {
    switch words[0] {
    case "==":
      section = words.dropFirst().joined(separator: " ")
      ids = [:]
      products = [:]
      purchases = [:]
      startMilliseconds = bench.clock.nowMilliseconds()
      firstCard = 0
    case "stock":
      let days = words.count > 3 ? UInt32(words[3].dropFirst())! : nil
      let expiry = days.map { Day(atMilliseconds: bench.clock.nowMilliseconds()).adding(days: $0) } ?? .never
      let lot = try await bench.stock(
        try await product(words[1]), Int(words[2])!, expiry: expiry, prefix: "\(bench.id().low)-")
      if firstCard == 0 { firstCard = lot.extent.first.rawValue }
    case "pass": bench.clock.advance(milliseconds: UInt64(words[1])! * 1000)
    case "swept":
      let hold = id(words[1])
      try await sweep(hold)
    case "unswept":
      let hold = id(words[1])
      try await leaveUnswept(hold)
    default: throw Unexpected(what: "a line that means nothing: \(words)")
    }
  }

  /// Asks until the sweeper has come to a hold that is due.
  private func sweep(_ id: RequestID) async throws {
    for _ in 0..<1000 {
      guard case .found(.reservation(let hold)) = await bench.ask(.lookUp(id), as: bench.administrator) else { break }
      if hold.state != .held { return }
    }
    throw Unexpected(what: "the hold is never swept")
  }

  /// Makes a hold due whose turn to be swept has not come: one a batch is swept, and another was due earlier.
  private func leaveUnswept(_ id: RequestID) async throws {
    guard case .found(.reservation(let hold)) = await bench.ask(.lookUp(id), as: bench.administrator) else {
      throw Unexpected(what: "no such hold")
    }
    let decoy = try await bench.product("DECOY-\(bench.id().low)")
    try await bench.stock(decoy, 1, prefix: "\(bench.id().low)-")
    let left = hold.deadlineMilliseconds - bench.clock.nowMilliseconds()
    let reserve = Reserve(
      id: bench.id(), holdSeconds: UInt32(left / 1000) - 1, lines: [Line(product: decoy, count: 1)])
    guard await bench.ask(.reserve(reserve), as: actors["till"]!).state == .held else {
      throw Unexpected(what: "no decoy")
    }
    bench.clock.advance(milliseconds: left)
  }

  // MARK: Requests

  /// Asks what a line asks, and spells the outcome.
  mutating func ask(_ words: [String]) async throws -> String {
    guard let actor = actors[words[0]] else { throw Unexpected(what: "nobody is called \(words[0])") }
    let options = Options(words.dropFirst(2))
    switch words[1] {
    case "begin":
      let begin = BeginPurchase(
        id: id(options[0]), product: try await product(options[1]), invoice: options.text("invoice"),
        lots: options.from(2).map { DeclaredLot(expiry: day($0), count: 3) })
      let answered = await bench.engine.begin(begin, as: actor)
      if case .purchase(let purchase, _) = answered.outcome { purchases[options[0]] = purchase }
      return spell(answered)
    case "commit": return spell(await bench.engine.commit(purchase(options[0]), as: actor))
    case "abandon": return spell(await bench.engine.abandon(purchase(options[0]), as: actor))
    case "define":
      return spell(await bench.engine.define(defineActor(options), as: actor).answered)
    default:
      return spell(await bench.engine.perform(try await command(words[1], options), as: actor))
    }
  }

  /// What a line approves: the words of its request, after the approval's own id.
  private mutating func approvable(_ options: Options) throws -> ApprovableRequest {
    let rest = options.dropping(2)
    switch options[1] {
    case "re-inventory": return .reinventory(change(rest))
    case "define": return .defineActor(defineActor(rest))
    case "rule": return .defineApprovalRule(rule(rest))
    default: throw Unexpected(what: "nobody approves \(options[1])")
    }
  }

  private mutating func rule(_ options: Options) -> DefineApprovalRule {
    let rule = UInt64(options[1]).map { ApprovalRule(cardsPerDay: $0) } ?? .off
    return DefineApprovalRule(id: id(options[0]), rule: rule)
  }

  private mutating func defineActor(_ options: Options) -> DefineActor {
    let description = ActorDescription(
      id: actors[options[1]] ?? ActorID(UInt32(options[1]) ?? 0), name: options.text("name"),
      roles: options.text("roles").split(separator: ",").reduce(into: []) { $0.formUnion(Roles(name: String($1))!) },
      isRevoked: options.text("revoked") == "yes")
    return DefineActor(id: id(options[0]), actor: description, keyChange: options.text("key") == "new" ? .renew : .keep)
  }

  private mutating func command(_ verb: String, _ options: Options) async throws -> Command {
    switch verb {
    case "vend": return .vend(Vend(id: id(options[0]), sale: options.sale, line: try await lines(options, from: 1)[0]))
    case "reserve":
      return .reserve(
        Reserve(
          id: id(options[0]), holdSeconds: UInt32(options[1])!, sale: options.sale,
          lines: try await lines(options, from: 2)))
    case "dispense": return .dispense(id(options[0]))
    case "confirm": return .confirm(id(options[0]))
    case "release": return .release(id(options[0]))
    case "reverse": return .reverse(id(options[0]))
    case "look-up": return .lookUp(id(options[0]))
    case "extend":
      let deadline = startMilliseconds + UInt64(options[1])! * 1000
      return .extend(Extend(reservation: id(options[0]), deadlineMilliseconds: deadline))
    case "return": return .return(Return(id: id(options[0]), reservation: id(options[1]), extents: extents(options, 2)))
    case "reprint":
      return .reprint(
        Reprint(reservation: id(options[0]), firstIndex: UInt32(options[1])!, count: UInt16(options[2])!))
    case "settle":
      return .settle(Settle(id: id(options[0]), reservation: id(options[1]), reason: options.text("reason", "found")))
    case "re-inventory": return .reinventory(change(options))
    case "withdraw": return .withdraw(change(options))
    case "freeze": return .freeze(try await stop(options))
    case "thaw": return .thaw(try await stop(options))
    case "product": return .defineProduct(try await define(options))
    case "stock-of": return .stock(options.count == 0 ? nil : try await product(options[0]))
    case "shift": return .shiftTotals
    case "close": return .closeShift(id(options[0]))
    case "actors": return .actors
    case "approve": return .approve(Approve(id: id(options[0]), request: try approvable(options)))
    case "rule": return .defineApprovalRule(rule(options))
    default: throw Unexpected(what: "no such verb: \(verb)")
    }
  }

  private mutating func change(_ options: Options) -> StockChange {
    StockChange(id: id(options[0]), extents: extents(options, 1), reason: options.text("reason", "recall"))
  }

  private mutating func stop(_ options: Options) async throws -> ProductStop {
    ProductStop(id: id(options[0]), product: try await product(options[1]), reason: options.text("reason", "recall"))
  }

  private mutating func define(_ options: Options) async throws -> DefineProduct {
    let number = options[1] == "new" ? ProductID(0) : try await product(options[1])
    let sku = bench.engine.catalogue.product(number)?.sku ?? ""
    return DefineProduct(
      id: id(options[0]),
      product: Product(
        id: number, sku: options.text("sku", sku), name: options.text("name", "a card"), vendor: "ACME",
        currency: Currency(options.text("currency", "USD"))!, faceValueMinor: 1000,
        priceMinor: UInt64(options.text("price", "1000"))!))
  }

  /// Lines are a product and a count each; the options are of every one of them.
  private mutating func lines(_ options: Options, from start: Int) async throws -> [Line] {
    var lines: [Line] = []
    let words = options.from(start)
    for index in stride(from: 0, to: words.count - 1, by: 2) {
      let condition: Condition =
        switch options.text("condition") {
        case "used": .used
        case "quarantined": .quarantined
        default: .regular
        }
      lines.append(
        Line(
          product: try await product(words[index]), count: UInt32(words[index + 1])!, condition: condition,
          discountMinor: UInt64(options.text("discount", "0"))!, taxMinor: UInt64(options.text("tax", "0"))!))
    }
    return lines
  }

  // MARK: Names

  private mutating func product(_ name: String) async throws -> ProductID {
    if name == "nothing" { return ProductID(99_999) }
    if let known = products[name] { return known }
    let made = try await bench.product("\(name)-\(bench.id().low)")
    products[name] = made
    return made
  }

  private mutating func id(_ name: String) -> RequestID {
    if name == "zero" { return .zero }
    if let known = ids[name] { return known }
    let made = bench.id()
    ids[name] = made
    return made
  }

  private func purchase(_ name: String) -> PurchaseID { purchases[name] ?? PurchaseID(99_999) }

  private func day(_ word: String) -> Day {
    if word == "never" { return .never }
    let today = Day(atMilliseconds: bench.clock.nowMilliseconds())
    return word.hasPrefix("-")
      ? Day(daysSince1970: today.daysSince1970 - UInt32(word.dropFirst())!)
      : today.adding(days: UInt32(word.dropFirst())!)
  }

  private func extents(_ options: Options, _ index: Int) -> [Extent] {
    guard index < options.count else { return [] }
    return options[index].split(separator: ",").map { range in
      let ends = range.split(separator: "-").map { UInt64($0)! }
      return Extent(first: CardID(firstCard + ends[0] - 1), count: UInt32(ends.last! + 1 - ends[0]))
    }
  }

  // MARK: Outcomes

  private func spell(_ answered: Answered) -> String { (answered.isRepeat ? "again " : "") + spell(answered.outcome) }

  private func spell(_ outcome: Outcome) -> String {
    switch outcome {
    case .refused(let refusal): spell(refusal)
    case .done: "done"
    case .delivery(let delivery): "\(delivery.state) \(delivery.openedCount)/\(delivery.totalCount)"
    case .granted(let reservation): "\(reservation.state) \(reservation.cardCount)"
    case .state(let state, _): "\(state)"
    case .found(.reservation(let reservation)): "found \(reservation.state) \(reservation.cardCount)"
    case .found(.change(let operation, _)): "found \(operation.name)"
    case .moved(let cards): "moved \(cards)"
    case .returned(let credits):
      "returned " + credits.map { "\($0.cards) for \($0.amountMinor)" }.joined(separator: " and ")
    case .stock(let levels): levels.count == 1 ? spell(levels[0]) : "stock of all"
    case .purchase(_, let lots): "purchase " + lots.map { "\($0.loadedCount)" }.joined(separator: "+")
    case .product: "product"
    case .actor: "actor"
    case .actors: "actors"
    case .shift(let shift): spell(shift)
    case .approved: "approved"
    case .located: "located"
    case .orderRefused, .orderChanged, .order, .orders, .customer, .cardShown, .dueMails, .deadMails, .sheet,
      .purchaseOrder, .purchaseOrders, .credential, .customers:
      "of the shop"
    }
  }

  private func spell(_ level: StockLevel) -> String {
    let counts = [
      (level.regular, "regular"), (level.used, "used"), (level.reserved, "reserved"), (level.delivered, "delivered"),
      (level.quarantined, "quarantined"), (level.void, "void"), (level.loading, "loading"),
    ]
    return counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
  }

  private func spell(_ shift: Shift) -> String {
    let totals = shift.totals.map { total in
      [
        "\(total.sales) sold \(total.cards)/\(total.grossMinor)-\(total.discountMinor) tax \(total.taxMinor)",
        total.reversals == 0 ? "" : " \(total.reversals) reversed \(total.reversedCards)/\(total.reversedMinor)",
        total.returnedCards == 0 ? "" : " returned \(total.returnedCards)/\(total.returnedMinor)",
      ].joined()
    }
    return (["shift \(shift.number)"] + totals).joined(separator: ": ")
  }

  private func spell(_ refusal: Refusal) -> String {
    func name(_ product: ProductID) -> String { products.first { $0.value == product }?.key ?? "nothing" }
    func name(_ lack: ApprovalLack) -> String {
      switch lack {
      case .missing: "missing"
      case .expired: "expired"
      case .own: "own"
      case .lapsed: "lapsed"
      }
    }
    return switch refusal {
    case .invalid(let field): "invalid \(field)"
    case .idReused(let field): "idReused \(field)"
    case .unknownProduct(let product): "unknownProduct \(name(product))"
    case .productFrozen(let product): "productFrozen \(name(product))"
    case .insufficientStock(let product, let available): "insufficientStock \(name(product)) \(available)"
    case .tooManyExtents(let limit): "tooManyExtents \(limit)"
    case .wrongState(let state): "wrongState \(state)"
    case .notInCustody(let card): "notInCustody \(card.rawValue + 1 - firstCard)"
    case .approvalRequired(let lack): "approvalRequired \(name(lack))"
    case .busy: "busy"
    default: "\(refusal.parts.status)"
    }
  }
}

/// The words behind a verb: those in order, and those that are `name=value`.
private struct Options {
  private let words: [String]
  private let named: [String: String]

  init(_ all: ArraySlice<String>) {
    words = all.filter { !$0.contains("=") }
    named = all.filter { $0.contains("=") }.reduce(into: [:]) { named, word in
      let halves = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      named[String(halves[0])] = String(halves[1])
    }
  }

  var count: Int { words.count }
  subscript(index: Int) -> String { index < words.count ? words[index] : "" }
  func from(_ index: Int) -> [String] { index < words.count ? Array(words[index...]) : [] }
  func dropping(_ count: Int) -> Options { Options(ArraySlice(words.dropFirst(count) + named.map { "\($0)=\($1)" })) }
  func text(_ name: String, _ otherwise: String = "") -> String { named[name] ?? otherwise }

  var sale: Sale {
    let tender: Tender = text("tender") == "cash" ? .cash : .unspecified
    return Sale(cashier: UInt32(text("cashier", "0"))!, tender: tender)
  }
}

extension StoreSettings {
  /// Sweeps one due hold a batch, and never because it is idle, so that a test can ask while holds are due.
  static var sweepingOneABatch: StoreSettings {
    var settings = StoreSettings.small
    settings.sweepLimit = 1
    settings.checkpointIdleMilliseconds = 3_600_000
    return settings
  }
}

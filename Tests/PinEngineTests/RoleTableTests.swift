import PinWords
import TestSupport
import Testing

@testable import PinEngine

@Suite("Who may ask for what")
struct RoleTableTests {
  /// What a role allows besides operations.
  static let rights = """
                     terminal storefront clerk reviewer stock-keeper accountant key-custodian auditor administrator
    hold-for-ever       .        x        .       .        .            .          .            .        .
    sell-used           .        .        x       .        .            .          .            .        .
    another's-id        .        .        x       .        .            .          .            .        .
    look-up-another's   .        .        x       x        x            x          x            x        x
    """

  /// One actor of each role, and what they ask about.
  private struct World {
    let bench: Bench
    var actors: [String: ActorID] = [:]
    let product: ProductID
    let sale: RequestID

    init() async throws {
      bench = try Bench()
      for (name, role) in Roles.named { actors[name] = try await bench.actor(name, role) }
      product = try await bench.product("ONE")
      try await bench.stock(product, 100)
      sale = bench.id()
      let seller = try await bench.actor("seller", .terminal)
      let line = Line(product: product, count: 1)
      guard await bench.ask(.vend(Vend(id: sale, line: line)), as: seller).delivery != nil else {
        throw Unexpected(what: "no sale")
      }
    }

    /// What comes of an operation asked by an actor, about ids that nobody has unless said otherwise.
    func refusal(_ operation: String, as actor: ActorID) async throws -> Refusal? {
      if let command = command(operation) { return await bench.ask(command, as: actor).refusal }
      let begin = BeginPurchase(id: bench.id(), product: product, lots: [])
      let description = ActorDescription(id: ActorID(0), name: "/", roles: .terminal)
      switch operation {
      case "begin-purchase": return await bench.engine.begin(begin, as: actor).outcome.refusal
      case "commit-purchase": return await bench.engine.commit(PurchaseID(99), as: actor).outcome.refusal
      case "abandon-purchase": return await bench.engine.abandon(PurchaseID(99), as: actor).outcome.refusal
      case "define-actor":
        let define = DefineActor(id: bench.id(), actor: description, keyChange: .keep)
        return await bench.engine.define(define, as: actor).answered.outcome.refusal
      case "card":
        for serial in ["no such", "A0"] {
          if case .failure(let refusal) = try await bench.engine.cards(serial: serial, as: actor) { return refusal }
        }
        return nil
      default: throw Unexpected(what: operation)
      }
    }

    private func command(_ operation: String) -> Command? {
      let line = Line(product: product, count: 1)
      let id = bench.id()
      let change = StockChange(id: id, extents: [Extent(first: CardID(1), count: 1)], reason: "test")
      let stop = ProductStop(id: id, product: ProductID(99), reason: "test")
      switch operation {
      case "reserve": return .reserve(Reserve(id: id, holdSeconds: 1, lines: [line]))
      case "hold-for-ever": return .reserve(Reserve(id: id, holdSeconds: 0, lines: [line]))
      case "vend": return .vend(Vend(id: id, line: line))
      case "sell-used": return .vend(Vend(id: id, line: Line(product: product, count: 1, condition: .used)))
      case "dispense": return .dispense(id)
      case "another's-id": return .dispense(sale)
      case "confirm": return .confirm(id)
      case "extend": return .extend(Extend(reservation: id, deadlineMilliseconds: 1))
      case "release": return .release(id)
      case "reverse": return .reverse(id)
      case "return": return .return(Return(id: id, reservation: bench.id()))
      case "reprint": return .reprint(Reprint(reservation: id))
      case "re-inventory": return .reinventory(change)
      case "withdraw": return .withdraw(change)
      case "settle": return .settle(Settle(id: id, reservation: bench.id(), reason: "test"))
      case "freeze": return .freeze(stop)
      case "thaw": return .thaw(stop)
      case "define-product":
        let product = Product(
          id: ProductID(0), sku: "", name: "", vendor: "", currency: Currency("USD")!, faceValueMinor: 0, priceMinor: 0)
        return .defineProduct(DefineProduct(id: id, product: product))
      case "look-up": return .lookUp(id)
      case "look-up-another's": return .lookUp(sale)
      case "stock": return .stock(nil)
      case "shift-totals": return .shiftTotals
      case "close-shift": return .closeShift(id)
      case "actors": return .actors
      case "approve":
        return .approve(
          Approve(
            id: id,
            request: .reinventory(
              StockChange(
                id: bench.id(), extents: change.extents, reason: "test"))))
      case "define-approval-rule": return .defineApprovalRule(DefineApprovalRule(id: id, rule: .off))
      default: return nil
      }
    }
  }

  @Test("Every operation against every role; and nobody who is revoked or unknown may ask for anything")
  func everyOperationAgainstEveryRole() async throws {
    let world = try await World()
    let gone = try await world.bench.actor("gone", .all)
    let revoked = ActorDescription(id: gone, name: "gone", roles: .all, isRevoked: true)
    _ = await world.bench.engine.define(
      DefineActor(id: world.bench.id(), actor: revoked, keyChange: .keep), as: world.bench.administrator)
    for line in RoleTable.linesOfTheEngine + RoleTable.lines(Self.rights) {
      for (role, mayAsk) in zip(RoleTable.roles, line.marks) {
        let refusal = try await world.refusal(line.name, as: try #require(world.actors[role]))
        let isAllowed = ![.notPermitted, .notYours, .invalid(.holdTime)].contains(refusal)
        #expect(isAllowed == mayAsk, "\(line.name) as \(role): \(String(describing: refusal))")
      }
      for actor in [gone, ActorID(99_999)] {
        #expect(try await world.refusal(line.name, as: actor) == .notPermitted, "\(line.name)")
      }
    }
  }

  @Test("A revoked actor is refused from its next request on, in the same batch; an allowed one is admitted again")
  func revokedAtOnce() async throws {
    let bench = try Bench()
    let till = try await bench.actor("till", .terminal)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 5)
    func define(_ isRevoked: Bool, _ roles: Roles) -> Command {
      let actor = ActorDescription(id: till, name: "till", roles: roles, isRevoked: isRevoked)
      let define = DefineActor(id: bench.id(), actor: actor, keyChange: .keep)
      return .internalCommand(InternalCommand(.defineActor(define, key: nil)))
    }
    func vend() -> Command { .vend(Vend(id: bench.id(), line: Line(product: product, count: 1))) }
    let answers = await bench.ask(all: [
      (vend(), till), (define(true, .terminal), bench.administrator), (vend(), till),
      (define(false, .auditor), bench.administrator), (vend(), till),
      (define(false, .terminal), bench.administrator), (vend(), till),
    ])
    #expect(answers.map(\.outcome.refusal) == [nil, nil, .notPermitted, nil, .notPermitted, nil, nil])
    #expect(bench.engine.catalogue.actor(till)?.description.isRevoked == false)
  }

  @Test("There is always an administrator, whoever is changed")
  func lastAdministrator() async throws {
    let bench = try Bench()
    func define(_ actor: ActorID, _ roles: Roles, revoked: Bool = false, name: String, by: ActorID) async -> Refusal? {
      let actor = ActorDescription(id: actor, name: name, roles: roles, isRevoked: revoked)
      return await bench.engine.define(
        DefineActor(id: bench.id(), actor: actor, keyChange: .keep), as: by
      ).answered.outcome.refusal
    }
    let root = bench.administrator
    #expect(await define(root, .auditor, name: "root", by: root) == .lastAdministrator)
    #expect(await define(root, .administrator, revoked: true, name: "root", by: root) == .lastAdministrator)
    let second = try await bench.actor("second", .administrator)
    #expect(await define(root, .administrator, revoked: true, name: "root", by: second) == nil)
    #expect(await define(second, .auditor, name: "second", by: second) == .lastAdministrator)
    #expect(await define(second, .administrator, name: "second", by: root) == .notPermitted)
  }
}

import PinProtocol
import PinWords
import TestSupport
import Testing

@testable import PinServer

/// The same question as the engine's `RoleTableTests`, asked of a server: it decides some of it by itself.
@Suite("Who may ask for what, over the wire", .timeLimit(.minutes(30)))
struct RoleWireTests {
  @Test("The table has a line for every operation and a column for every role")
  func isComplete() {
    let asked = Set(Operation.allCases).subtracting([.hello, .authenticate])
    #expect(Set(RoleTable.lines.map(\.name)) == Set(asked.map(\.tableName)))
    #expect(RoleTable.lines.count == asked.count)
    #expect(RoleTable.roles == Roles.named.map(\.name))
    #expect(RoleTable.lines.allSatisfy { $0.marks.count == RoleTable.roles.count })
  }

  @Test("Every operation against every role", arguments: Roles.named.map(\.name))
  func everyOperation(roleName: String) async throws {
    let column = try #require(RoleTable.roles.firstIndex(of: roleName))
    let role = try #require(Roles(name: roleName))
    try await ServerRig.with { rig in
      let client = try await rig.connect(as: try await rig.actor(roleName, role))
      for line in RoleTable.lines {
        let operation = try #require(Operation.allCases.first { $0.tableName == line.name })
        let reply = try await client.ask(Self.request(operation))
        // What is allowed comes to nothing for another reason, or is done.
        #expect((reply.status != .notPermitted) == line.marks[column], "\(operation): \(reply.status)")
        #expect(reply.fault == nil, "\(operation): \(reply.status)")
      }
    }
  }

  /// A request that is well formed and asks about what is not there.
  private static func request(_ operation: Operation) -> RequestMessage {
    let product = ProductID(99)
    let line = Line(product: product, count: 1)
    let change = StockChange(id: newID(), extents: [Extent(first: CardID(1 << 40), count: 1)], reason: "test")
    let stop = ProductStop(id: newID(), product: product, reason: "test")
    switch operation {
    case .ping, .hello, .authenticate: return .ping
    case .reserve: return .reserve(Reserve(id: newID(), holdSeconds: 1, lines: [line]))
    case .vend: return .vend(Vend(id: newID(), line: line))
    case .dispense: return .dispense(newID())
    case .confirm: return .confirm(newID())
    case .extend: return .extend(Extend(reservation: newID(), deadlineMilliseconds: 1))
    case .release: return .release(newID())
    case .reverse: return .reverse(newID())
    case .return: return .return(Return(id: newID(), reservation: newID()))
    case .reprint: return .reprint(Reprint(reservation: newID()))
    case .beginPurchase:
      return .beginPurchase(
        BeginPurchase(id: newID(), product: product, lots: [DeclaredLot(expiry: .never, count: 1)]))
    case .loadCards:
      let card = LoadCards.Card(expiry: .never, serial: "S", pin: PIN("P"))
      return .loadCards(LoadCards(purchase: PurchaseID(99), chunk: 0, cards: [card]))
    case .commitPurchase: return .commitPurchase(PurchaseID(99))
    case .abandonPurchase: return .abandonPurchase(PurchaseID(99))
    case .reinventory: return .reinventory(change)
    case .withdraw: return .withdraw(change)
    case .settle: return .settle(Settle(id: newID(), reservation: newID(), reason: "test"))
    case .freeze: return .freeze(stop)
    case .thaw: return .thaw(stop)
    case .defineProduct:
      let unknown = Product(
        id: product, sku: "NEW", name: "New", vendor: "V", currency: Currency("USD")!, faceValueMinor: 1,
        priceMinor: 1)
      return .defineProduct(DefineProduct(id: newID(), product: unknown))
    case .lookUp: return .lookUp(newID())
    case .stock: return .stock(StockQuery(product: ProductID(0)))
    case .card: return .card(CardQuery(serial: "none", vendor: ""))
    case .catalogue: return .catalogue(CatalogueQuery())
    case .events: return .events(EventsQuery(fromSequence: 1, waitMilliseconds: 0, maximumBytes: 0))
    case .shiftTotals: return .shiftTotals
    case .closeShift: return .closeShift(newID())
    case .defineActor:
      let unknown = ActorDescription(id: ActorID(9999), name: "nobody", roles: .terminal)
      return .defineActor(DefineActor(id: newID(), actor: unknown))
    case .actors: return .actors(ActorsQuery())
    case .verify: return .verify
    case .backup: return .backup(Backup(path: "nowhere/that/is/absolute"))
    case .statistics: return .statistics
    case .approve: return .approve(Approve(id: newID(), request: .reinventory(change)))
    case .defineApprovalRule: return .defineApprovalRule(DefineApprovalRule(id: newID(), rule: .off))
    case .changeOrder, .defineCustomer, .showCard, .findOrder, .mail, .sendMail, .changeCredential, .defineSheet,
      .changePurchaseOrder,
      .findPurchaseOrder, .findCustomers:
      preconditionFailure("\(operation) is not asked on the wire")
    }
  }
}

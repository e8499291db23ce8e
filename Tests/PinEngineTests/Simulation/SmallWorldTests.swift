import Foundation
import ReferenceModel
import Testing

@testable import PinEngine

/// `PINVAULT_SMALL_WORLD_DEPTH` says how many steps the histories have.
@Suite("In a small world, every history there is agrees with the model")
struct SmallWorldTests {
  private static let depth =
    ProcessInfo.processInfo.environment["PINVAULT_SMALL_WORLD_DEPTH"].flatMap { Int($0) } ?? 3

  // By the order in which they are defined.
  private static let root = 1
  private static let till = 2
  private static let clerk = 3
  private static let keeper = 4

  @Test("Two or three cards, two ids, every operation", arguments: [[2], [1, 2]])
  func everyHistory(_ lots: [Int]) async throws {
    let simulation = try Simulation(settings: .small)
    let start = simulation.nowMilliseconds
    for request in Self.foundation(lots, today: UInt32(start / 86_400_000)) {
      try await simulation.run(.ask(afterMilliseconds: 0, [Asked(actor: Self.root, request: request)]))
    }
    simulation.bench.stop()
    do {
      let world = try SmallWorld(simulation, steps: Self.steps(start), keeper: Self.root)
      try world.explore(simulation.model, atMilliseconds: start, depth: Self.depth)
      print("\(world.historyCount) histories of up to \(Self.depth) steps, \(world.stepCount) steps")
    } catch let fault as Disagreement {
      Issue.record("\(fault.text)")
    }
  }

  /// Actors, a product, and its cards: the last lot expires never, one before it today.
  private static func foundation(_ lots: [Int], today: UInt32) -> [Request] {
    var declared: [DeclaredLot] = []
    var cards: [LoadedCard] = []
    for (index, count) in lots.enumerated() {
      let expiry = index == lots.count - 1 ? UInt32.max : today
      declared.append(DeclaredLot(expiry: expiry, count: count))
      for _ in 0..<count {
        cards.append(LoadedCard(expiry: expiry, serial: "S\(cards.count)", pin: "PIN-\(cards.count)"))
      }
    }
    return [
      .defineActor(11, Actor(name: "till", roles: [.terminal, .storefront]), renewsKey: false),
      .defineActor(12, Actor(name: "clerk", roles: [.clerk]), renewsKey: false),
      .defineActor(13, Actor(name: "keeper", roles: [.stockKeeper]), renewsKey: false),
      .defineProduct(14, product(price: 1000)),
      .beginPurchase(15, Purchase(product: 1, lots: declared)),
      .loadCards(purchase: 1, chunk: 0, cards),
      .commitPurchase(1),
    ]
  }

  private static func product(number: Int = 0, price: UInt64) -> Product {
    Product(number: number, sku: "P", name: "P", vendor: "ACME", currency: "USD", faceValue: 1000, price: price)
  }

  /// Every operation, on ids 1001 and 1002; each change has an id of its own.
  private static func steps(_ start: UInt64) -> [SmallWorld.Step] {
    var steps: [SmallWorld.Step] = []
    func add(_ actor: Int, _ request: Request) {
      steps.append(SmallWorld.Step(name: "\(actor) asks \(request)", asked: Asked(actor: actor, request: request)))
    }
    let one = Line(product: 1, count: 1, discount: 100, tax: 7)
    for id in [1001, 1002] as [ID] {
      add(till, .reserve(id, holdSeconds: 60, Sale(), [one]))
      add(till, .vend(id, Sale(), one))
      add(till, .dispense(id))
      add(till, .confirm(id))
      add(till, .extend(id, deadline: start + 90_000))
      add(till, .release(id))
      add(till, .reverse(id))
      add(clerk, .reprint(id, first: 0, count: 0))
      add(clerk, .giveBack(id + 1000, of: id, []))
      add(keeper, .settle(id + 2000, of: id, reason: "printed"))
    }
    add(till, .reserve(1002, holdSeconds: 0, Sale(), [one]))
    add(clerk, .vend(1002, Sale(), Line(product: 1, count: 1, condition: .used)))
    add(clerk, .reserve(1001, holdSeconds: 60, Sale(), [Line(product: 1, count: 1), Line(product: 1, count: 1)]))
    add(clerk, .giveBack(2003, of: 1001, [Run(1, 1)]))
    add(keeper, .reinventory(5001, [Run(1, 2)], reason: "found"))
    add(keeper, .withdraw(5002, [Run(1, 1)], reason: "recall"))
    add(keeper, .freeze(5003, product: 1, reason: "recall"))
    add(keeper, .thaw(5004, product: 1, reason: "over"))
    add(keeper, .defineProduct(5005, product(number: 1, price: 2000)))
    add(till, .closeShift(5006))
    add(till, .shiftTotals)
    steps.append(SmallWorld.Step(name: "a minute passes", afterMilliseconds: 60_000))
    steps.append(SmallWorld.Step(name: "a day passes", afterMilliseconds: 86_400_000))
    return steps
  }
}

import Foundation
import LMDB
import PinBytes
import PinSealing
import PinWords
import Testing

@testable import PinEngine

@Suite("Law 1: every card is in one place, and in no other")
struct Law01OneCustodianTests {
  @Test("Cut up in every way, the extents still tile all ids, and each card is where its level counts it")
  func tiles() async throws {
    let bench = try Bench()
    let clerk = try await bench.actor("clerk", .clerk)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 40)
    func vend(_ count: UInt32) async -> RequestID {
      let id = bench.id()
      #expect(await bench.ask(.vend(Vend(id: id, line: Line(product: product, count: count))), as: clerk).state != nil)
      return id
    }
    func change(_ extents: [(UInt64, UInt32)]) -> StockChange {
      StockChange(id: bench.id(), extents: extents.map { Extent(first: CardID($0.0), count: $0.1) }, reason: "test")
    }
    let first = await vend(10)
    let held = bench.id()
    let reserve = Reserve(id: held, holdSeconds: 60, lines: [Line(product: product, count: 10)])
    _ = await bench.ask(.reserve(reserve), as: clerk)
    let doubtful = await vend(10)
    _ = await bench.ask(.reverse(doubtful), as: clerk)
    let some = [Extent(first: CardID(2), count: 3), Extent(first: CardID(7), count: 2)]
    _ = await bench.ask(.return(Return(id: bench.id(), reservation: first, extents: some)), as: clerk)
    for change in [change([(3, 1), (12, 1), (14, 2), (25, 2), (33, 1), (38, 1)])] {
      guard case .moved(8) = await bench.ask(.withdraw(change), as: bench.administrator) else {
        Issue.record("not withdrawn")
        return
      }
    }
    _ = await bench.ask(.reinventory(change([(4, 1), (23, 1), (29, 2)])), as: bench.administrator)
    _ = await bench.ask(.release(held), as: clerk)

    let report = try bench.engine.verify()
    #expect(report.sound, "\(report.problems)")
    var counted = StockLevel(product: product)
    for card in 1...40 as ClosedRange<UInt64> {
      let located = await bench.ask(.internalCommand(InternalCommand(.locate(CardID(card)))), as: bench.administrator)
      guard case .located(let custody, _) = located else {
        Issue.record("card \(card) is nowhere")
        continue
      }
      switch custody {
      case .stock(.used): counted.used += 1
      case .stock: counted.regular += 1
      case .delivered: counted.delivered += 1
      case .quarantined: counted.quarantined += 1
      case .reserved: counted.reserved += 1
      case .void: counted.void += 1
      case .loading: counted.loading += 1
      }
    }
    #expect(try await bench.level(product) == counted)
    #expect(counted.void == 8)
  }

  @Test("Cards that are not in stock are never taken from it, whatever an event says")
  func takenTwice() async {
    await #expect(processExitsWith: .failure) {
      try TinyState().run { machine, state in
        try machine.takeFromStock(TinyState.extent(3, 3), lot: LotID(1), condition: .regular, state: &state)
        try machine.takeFromStock(TinyState.extent(5, 2), lot: LotID(1), condition: .regular, state: &state)
      }
    }
  }

  @Test("Cards that are not in a custody are never taken from it, whatever an event says")
  func takenFromAnother() async throws {
    // From where they are, it goes well: what ends the process is that they are elsewhere.
    try TinyState().takeReserved(from: .reserved)
    await #expect(processExitsWith: .failure) { try TinyState().takeReserved(from: .delivered) }
  }

  @Test("What is taken in part leaves the rest on both sides; what comes back grows together again")
  func takenInPart() throws {
    try TinyState().run { machine, state in
      try machine.takeFromStock(TinyState.extent(3, 3), lot: LotID(1), condition: .regular, state: &state)
      try machine.takeFromStock(TinyState.extent(1, 2), lot: LotID(1), condition: .regular, state: &state)
      #expect(try state.count(of: machine.tables.stock) == 1)
      try machine.putInStock(
        TinyState.extent(1, 2), lot: LotID(1), condition: .regular, placedBy: 5, state: &state)
      #expect(try state.count(of: machine.tables.stock) == 2)
      try machine.putInStock(
        TinyState.extent(3, 3), lot: LotID(1), condition: .regular, placedBy: 6, state: &state)
      #expect(try state.count(of: machine.tables.stock) == 1)
      try machine.takeFromStock(TinyState.extent(1, 10), lot: LotID(1), condition: .regular, state: &state)
      #expect(try state.count(of: machine.tables.stock) == 0)
    }
  }
}

/// A machine that knows one product and one lot of ten cards, all in regular stock.
private struct TinyState {
  static func extent(_ first: UInt64, _ count: UInt32) -> Extent { Extent(first: CardID(first), count: count) }

  /// Reserves three cards, and takes them from a holder's custody.
  func takeReserved(from place: Place) throws {
    try run { machine, state in
      let move = Move(extent: Self.extent(3, 3), lot: LotID(1), placedBy: 1, from: .stock, condition: .regular)
      try machine.carryOut(move, to: .reserved, id: RequestID(high: 0, low: 9), by: 2, state: &state)
      try machine.takeFromCustody(move.extent, from: place, state: &state)
    }
  }

  func run(_ body: (inout Machine, inout WriteTransaction) throws -> Void) throws {
    let path = NSTemporaryDirectory() + "pinvault-tiny-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let environment = try Environment(at: path, options: Environment.Options(mapSizeBytes: 16 << 20))
    let tables = Tables(try environment.openTables(Tables.specs))
    var state = try environment.beginWrite()
    var machine = Machine(tables)
    machine.levels = [StockLevel(product: ProductID(1))]
    machine.levels[0].regular = 10
    machine.products = [
      Product(
        id: ProductID(1), sku: "ONE", name: "One", vendor: "V", currency: Currency("USD")!, faceValueMinor: 1,
        priceMinor: 1)
    ]
    machine.isLow = [false]
    machine.fronts = [nil]
    let key = KeyRecord.new(.lot, under: .random()).record
    machine.lots = [
      LotRecord(
        id: LotID(1), product: ProductID(1), purchase: PurchaseID(1), vendor: VendorID(1), expiry: .never,
        extent: Self.extent(1, 10), key: key)
    ]
    try machine.putInStock(Self.extent(1, 10), lot: LotID(1), condition: .regular, placedBy: 1, state: &state)
    try body(&machine, &state)
    state.abort()
  }
}

import PinWords
import Testing

@testable import PinEngine

@Suite("Low stock warns once, and again only after stock rose above the threshold and fell again")
struct LowStockTests {
  /// Sales, returns to stock and restarts, with how many regular cards are left and how many warnings wait by then.
  static let story: [(step: String, regular: UInt64, warnings: Int)] = [
    ("threshold 5", 8, 0), ("hold 3", 5, 0), ("hold 1", 4, 1), ("hold 2", 2, 1), ("release 3", 5, 1),
    ("hold 1", 4, 1), ("restart", 4, 1), ("release 2", 6, 1), ("restart", 6, 1), ("hold 2", 4, 2), ("hold 4", 0, 2),
    ("import 9", 9, 2), ("threshold 9", 9, 2), ("threshold 10", 9, 3), ("threshold 0", 9, 3), ("hold 9", 0, 3),
    ("threshold 1", 0, 4),
  ]

  @Test("One warning at each fall below the threshold, over restarts and changed thresholds")
  func hysteresis() async throws {
    let shop = try await Shop(count: 8)
    var holds: [Int: [RequestID]] = [:]
    for (step, regular, warnings) in Self.story {
      let number = step.split(separator: " ").last.flatMap { Int($0) } ?? 0
      switch step.split(separator: " ")[0] {
      case "threshold": try await shop.setThreshold(UInt32(number))
      case "hold":
        let id = shop.bench.id()
        let lines = [Line(product: shop.product, count: UInt32(number))]
        _ = await shop.bench.ask(.reserve(Reserve(id: id, holdSeconds: 0, lines: lines)), as: shop.storefront)
        holds[number, default: []].append(id)
      case "release":
        guard let id = holds[number]?.popLast() else { throw Unexpected(what: step) }
        _ = await shop.bench.ask(.release(id), as: shop.storefront)
      case "import": try await shop.bench.stock(shop.product, number, prefix: "L\(regular)")
      default: try shop.bench.restart()
      }
      #expect(try await shop.bench.level(shop.product).regular == regular, "\(step)")
      let mails = try await shop.mails()
      #expect(mails.count == warnings, "\(step)")
      #expect(mails.allSatisfy { $0.kind == .lowStock && $0.product == shop.product && $0.order == .zero })
    }
    #expect(try await shop.soundAfterRestart())
  }

  @Test("An order that makes two products low causes its own mail and a warning for each, each sent by itself")
  func beside() async throws {
    let shop = try await Shop(count: 8)
    let other = try await shop.bench.product("OTHER")
    try await shop.bench.stock(other, 8, prefix: "O")
    for product in [shop.product, other] { try await shop.setThreshold(8, of: product) }
    let submit = OrderChange.Submit(
      customer: try await shop.customer(),
      lines: [Line(product: shop.product, count: 1), Line(product: other, count: 1)])
    guard case .orderChanged = await shop.ask(shop.bench.id(), .submit(submit), version: 0, as: shop.storefront) else {
      throw Unexpected(what: "submit")
    }
    let mails = try await shop.mails()
    #expect(mails.map(\.kind) == [.received, .lowStock, .lowStock] && Set(mails.map(\.cause)).count == 1)
    #expect(mails.map(\.product) == [ProductID(0), shop.product, other])
    _ = await shop.note(mails[1], .sent)
    #expect(try await shop.mails().map(\.product) == [ProductID(0), other])
    #expect(try await shop.soundAfterRestart())
  }
}

extension Shop {
  func setThreshold(_ threshold: UInt32, of product: ProductID? = nil) async throws {
    var changed = bench.engine.catalogue.product(product ?? self.product)!
    changed.lowStockThreshold = threshold
    let define = DefineProduct(id: bench.id(), product: changed)
    guard case .product = await bench.ask(.defineProduct(define), as: bench.administrator) else {
      throw Unexpected(what: "threshold")
    }
  }

  /// Leaves a warning of low stock, after which stock rose and fell once more.
  func warn() async throws {
    let product = try await bench.product("LOW")
    try await bench.stock(product, 4, prefix: "W")
    try await setThreshold(3, of: product)
    let lines = [Line(product: product, count: 2)]
    for _ in 1...2 {
      let id = bench.id()
      _ = await bench.ask(.reserve(Reserve(id: id, holdSeconds: 0, lines: lines)), as: storefront)
      _ = await bench.ask(.release(id), as: storefront)
    }
    _ = await bench.ask(.reserve(Reserve(id: bench.id(), holdSeconds: 0, lines: lines)), as: storefront)
  }
}

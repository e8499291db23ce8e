import Foundation
import PinEngine
import PinWords
import Testing

@testable import PinOrders

@Suite("Whoever reads what is replaced meanwhile reads the old or the new, and never that it was purged")
struct ReplacedSheetTests {
  @Test(
    "What was replaced and purged since its name was asked for is asked for again; what is still named was purged for good",
    arguments: [
      (named: [1], purged: [], found: 1), ([1, 2], [1], 2), ([1, 2, 3], [1, 2], 3), ([1, 1], [1], nil),
      ([1, 2, 2], [1, 2], nil),
    ] as [(named: [UInt8], purged: [UInt8], found: UInt8?)])
  func asked(named: [UInt8], purged: [UInt8], found: UInt8?) async throws {
    var questions = named[...]
    func document(_ number: UInt8) -> DocumentName {
      DocumentName(id: RequestID(high: 0, low: 1), digest: [UInt8](repeating: number, count: 32))
    }
    let (last, content) = try await readAsPresent(document) {
      guard let next = questions.popFirst() else { throw OwnEngine.NotDone() }
      return next
    } read: {
      purged.contains($0) ? nil : $0
    }
    #expect(content == found && last == named.last && questions.isEmpty)
  }

  @Test("A picture that is replaced while it is read")
  func picture() async throws {
    try await OwnEngine.with { own in
      let (desk, asker, product) = (own.desk, own.asker, own.product)
      @Sendable func picture(_ number: UInt32) throws -> Picture {
        try #require(Picture([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, UInt8(truncatingIfNeeded: number)]))
      }
      @Sendable func replace(_ version: UInt32) async throws {
        _ = try await desk.define(
          picture: try picture(version), of: product, version: version, id: .new(), asker)
      }
      try await replace(0)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { for version in 1...300 as ClosedRange<UInt32> { try await replace(version) } }
        for _ in 0..<2 {
          group.addTask {
            for _ in 0..<1500 { _ = try await desk.picture(of: product, asker) }
          }
        }
        try await group.waitForAll()
      }
      #expect(try await desk.picture(of: product, asker) == (try picture(300)))
    }
  }

  @Test("A customer who is described anew while somebody reads who it is")
  func customer() async throws {
    try await OwnEngine.with { own in
      let (desk, asker) = (own.desk, own.asker)
      let customer = RequestID.new()
      @Sendable func details(_ number: UInt32) -> CustomerDetails {
        CustomerDetails(name: "Ada \(number)", email: "ada@example.com")
      }
      @Sendable func describe(_ version: UInt32) async throws {
        _ = try await desk.define(
          details(version), customer: customer, version: version, consents: false, id: .new(), asker)
      }
      try await describe(0)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { for version in 1...300 as ClosedRange<UInt32> { try await describe(version) } }
        for _ in 0..<2 {
          group.addTask {
            for _ in 0..<1500 {
              let (_, found) = try await desk.customer(customer, asker)
              #expect(found != nil)
            }
          }
        }
        try await group.waitForAll()
      }
      #expect(try await desk.customer(customer, asker).1 == details(300))
    }
  }
}

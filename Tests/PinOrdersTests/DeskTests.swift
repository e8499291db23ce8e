import PinEngine
import PinWords
import Testing

@testable import PinOrders

@Suite("Whoever may not ask for a change has nothing kept, and learns nothing of what is")
struct DeskTests {
  @Test("Who may not describe customers is told so, under an id that is free and under one that is taken")
  func notPermitted() async throws {
    try await OwnEngine.with { own in
      let (desk, asker) = (own.desk, own.asker)
      let till = try await own.actor("till", .terminal)
      func describe(_ name: String, id: RequestID, as asker: OrderDesk.Asker) async throws {
        _ = try await desk.define(
          CustomerDetails(name: name, email: "ada@example.com"), customer: .new(), version: 0, consents: false, id: id,
          asker)
      }
      let taken = RequestID.new()
      try await describe("Ada", id: taken, as: asker)
      // Under the id that is taken another answer would tell that it is.
      for id in [taken, .new()] {
        let fault = await #expect(throws: OrderFault.self) { try await describe("Eve", id: id, as: till) }
        #expect(fault?.refusal == .notPermitted)
      }
    }
  }
}

extension OrderFault {
  fileprivate var refusal: Refusal? { if case .refused(let refusal) = self { refusal } else { nil } }
}

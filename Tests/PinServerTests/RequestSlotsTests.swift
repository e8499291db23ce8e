import Testing

@testable import PinServer

@Suite("The requests of a connection wait in order")
struct RequestSlotsTests {
  @Test("Slots come out as they went in, with numbers one by one, however the ring grows and turns")
  func order() {
    var slots = RequestSlots()
    var expected: [UInt32] = []
    var next: UInt32 = 0
    for round in 1...40 {
      for _ in 0..<round {
        #expect(slots.append(RequestSlot(operationNumber: 3, requestNumber: next &* 7)) == next)
        expected.append(next)
        next += 1
      }
      for _ in 0..<round * 2 / 3 {
        let number = expected.removeFirst()
        #expect(slots.firstNumber == number && slots.first.requestNumber == number &* 7)
        slots.removeFirst()
      }
      #expect(slots.count == expected.count)
    }
  }
}

import Testing

@testable import PinClient

/// A queue agrees with an array, whatever is done to it.
@Suite struct QueueTests {
  @Test("random moves", arguments: 1...20 as ClosedRange<UInt64>)
  func random(seed: UInt64) {
    var generator = Seeded(state: seed)
    var queue = Queue<Int>()
    var model: [Int] = []
    for number in 0..<500 {
      switch UInt.random(in: 0..<8, using: &generator) {
      case 0...3:
        queue.append(number)
        model.append(number)
      case 4, 5:
        #expect(queue.popFirst() == (model.isEmpty ? nil : model.removeFirst()))
      case 6:
        let behind = Int.random(in: 0...3, using: &generator)
        let front = model.prefix(behind)
        queue.insert(-number) { front.contains($0) }
        model.insert(-number, at: front.count)
      default:
        queue.update { $0 += 1000 }
        model = model.map { $0 + 1000 }
      }
      #expect(queue.count == model.count)
      #expect(queue.first == model.first)
    }
    var seen: [Int] = []
    queue.visitAll { seen.append($0) }
    #expect(seen == model)
    #expect(queue.removeAll() == model)
    #expect(queue.isEmpty)
  }
}

/// SplitMix64.
private struct Seeded: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

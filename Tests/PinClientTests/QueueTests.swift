import TestSupport
import Testing

@testable import PinClient

/// A queue agrees with an array, whatever is done to it.
@Suite struct QueueTests {
  @Test("random moves", arguments: 1...20 as ClosedRange<UInt64>)
  func random(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
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

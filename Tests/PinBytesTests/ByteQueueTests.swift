import PinBytes
import Testing

/// Numbers that are the same for the same seed.
private struct Numbers: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ (state >> 29)
  }
}

@Suite("A queue of bytes gives back what was put in, and leaves nothing of it behind")
struct ByteQueueTests {
  @Test("In any order of putting in and taking out it is an array", arguments: 1...8)
  func likeAnArray(seed: UInt64) {
    var random = Numbers(state: seed)
    var queue = ByteQueue()
    var model: [UInt8] = []
    for _ in 0..<2000 {
      switch Int.random(in: 0..<8, using: &random) {
      case 0...3:
        let bytes = (0..<Int.random(in: 0...300, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        queue.append(bytes.span.bytes)
        model += bytes
      case 4...6:
        let count = Int.random(in: 0...model.count, using: &random)
        queue.removeFirst(count)
        model.removeFirst(count)
      default:
        queue.removeAll(keepingCapacityUpTo: 1024)
        model = []
        #expect(queue.capacity <= 1024)
      }
      #expect(queue.count == model.count && queue.isEmpty == model.isEmpty)
      #expect(Array(queue.bytes) == model)
    }
  }

  @Test("Room is lent as long as was asked for, and only what was written counts")
  func filling() {
    var queue = ByteQueue()
    let start: [UInt8] = [1, 2]
    queue.append(start.span.bytes)
    queue.append(upTo: 100) { room in
      #expect(room.count == 100)
      room[0] = 3
      return 1
    }
    queue.append(upTo: 5) { _ in 0 }
    #expect(Array(queue.bytes) == [1, 2, 3])
  }

  @Test("What was taken out, moved or outgrown is zeros")
  func wiped() {
    let secret: [UInt8] = Array("0123456789".utf8)
    var queue = ByteQueue()
    for _ in 0..<20 { queue.append(secret.span.bytes) }
    let capacity = queue.capacity
    while queue.count < capacity { queue.append(secret.span.bytes.extracting(first: 1)) }
    // From here on its memory is the same, so that all of it can be seen.
    queue.removeFirst(capacity - 20)
    queue.append(upTo: 100) { _ in 0 }
    queue.removeFirst(10)
    queue.append(secret.span.bytes)
    queue.removeAll()
    queue.append(upTo: capacity) { room in
      #expect(room.allSatisfy { $0 == 0 })
      return 0
    }
    #expect(queue.capacity == capacity)
  }
}

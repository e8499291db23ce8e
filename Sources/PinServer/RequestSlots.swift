/// What must be remembered of a request until it is answered.
struct RequestSlot {
  /// As it was sent, also where no operation has this number.
  var operationNumber: UInt8
  var requestNumber: UInt32
  /// What the answer's encoding needs of the request: where a page goes on.
  var parameter: UInt32 = 0
}

/// The requests of one connection that are not answered yet, oldest first: answers go out in this order.
///
/// Slots are numbered one by one, wrapping around; the number finds a slot's connection-wide place again.
struct RequestSlots {
  private var ring: [RequestSlot] = []
  private var start = 0
  private(set) var count = 0
  /// The number of the oldest slot.
  private(set) var firstNumber: UInt32 = 0

  var isEmpty: Bool { count == 0 }

  var first: RequestSlot {
    precondition(count > 0, "there is a request to be answered")
    return ring[start]
  }

  /// Adds a slot and gives its number.
  mutating func append(_ slot: RequestSlot) -> UInt32 {
    if count == ring.count { grow() }
    ring[(start + count) & (ring.count - 1)] = slot
    count += 1
    return firstNumber &+ UInt32(count - 1)
  }

  mutating func removeFirst() {
    precondition(count > 0, "there is a request to be answered")
    start = (start + 1) & (ring.count - 1)
    count -= 1
    firstNumber &+= 1
  }

  /// Doubles the ring, whose size is a power of two, and lays it out from its start.
  private mutating func grow() {
    let unused = RequestSlot(operationNumber: 0, requestNumber: 0)
    var larger: [RequestSlot] = []
    larger.reserveCapacity(max(8, ring.count * 2))
    for index in 0..<count { larger.append(ring[(start + index) & (ring.count - 1)]) }
    while larger.count < max(8, ring.count * 2) { larger.append(unused) }
    ring = larger
    start = 0
  }
}

/// First in, first out, in a ring that grows; what was taken out is not kept alive.
struct Queue<Element> {
  /// A power of two of places, of which `count` from `head` on are taken.
  private var ring: [Element?] = Array(repeating: nil, count: 16)
  private var head = 0
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }
  var first: Element? { isEmpty ? nil : ring[head] }

  mutating func append(_ element: Element) {
    makeRoom()
    ring[place(count)] = element
    count += 1
  }

  mutating func popFirst() -> Element? {
    guard !isEmpty else { return nil }
    let element = ring[head].take()
    head = place(1)
    count -= 1
    return element
  }

  /// Puts the element behind those at the front that come before it: quick if these are few.
  mutating func insert(_ element: Element, behind comesBefore: (Element) -> Bool) {
    makeRoom()
    head = place(ring.count - 1)
    count += 1
    var offset = 0
    while offset + 1 < count, let next = ring[place(offset + 1)], comesBefore(next) {
      ring[place(offset)] = next
      offset += 1
    }
    ring[place(offset)] = element
  }

  /// Takes everything out, in order.
  mutating func removeAll() -> [Element] {
    var all: [Element] = []
    all.reserveCapacity(count)
    while let element = popFirst() { all.append(element) }
    return all
  }

  /// Lets `change` alter each element in place, in order.
  mutating func update(_ change: (inout Element) -> Void) {
    for offset in 0..<count {
      guard var element = ring[place(offset)].take() else { continue }
      change(&element)
      ring[place(offset)] = element
    }
  }

  func visitAll(_ body: (Element) -> Void) {
    for offset in 0..<count {
      if let element = ring[place(offset)] { body(element) }
    }
  }

  private func place(_ offset: Int) -> Int { (head + offset) & (ring.count - 1) }

  private mutating func makeRoom() {
    guard count == ring.count else { return }
    let elements = removeAll()
    ring = elements + Array(repeating: nil, count: elements.count)
    head = 0
    count = elements.count
  }
}

/// Numbers that were marked, each once: marking one again costs a look, and no hash.
struct Marks {
  private var isMarked: [Bool] = []
  private(set) var numbers: [UInt32] = []

  mutating func mark(_ number: UInt32) {
    let index = Int(number)
    if index >= isMarked.count {
      isMarked.append(contentsOf: repeatElement(false, count: index + 1 - isMarked.count))
    }
    guard !isMarked[index] else { return }
    isMarked[index] = true
    numbers.append(number)
  }

  /// Forgets all marks and keeps the memory.
  mutating func removeAll() {
    for number in numbers { isMarked[Int(number)] = false }
    numbers.removeAll(keepingCapacity: true)
  }
}

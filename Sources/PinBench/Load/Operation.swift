import PinWords

/// One place in a connection's window: the operation that runs there, one request after another.
struct OperationSlot {
  /// What is under way.
  var step = Step.vend
  var id = RequestID.zero
  /// The place of its product in the plan's.
  var product = 0
  /// When it was begun, or due: what its latency is counted from.
  var startNanoseconds: UInt64 = 0
  /// The card it sold, if it sold one.
  var card: Int?
  /// How many operations ran here before.
  var round = 0
}

/// What each shape asks, as a table: the first request of an operation, and what follows an answer.
struct Script {
  let shape: Shape
  let productCount: Int
  /// Cumulated shares of the products, for Zipf's law.
  private let shares: [Double]

  init(_ shape: Shape, productCount: Int) {
    self.shape = shape
    self.productCount = productCount
    var sum = 0.0
    shares = (1...productCount).map { rank in
      sum += 1 / Double(rank)
      return sum
    }
  }

  var first: Step {
    switch shape {
    case .vend, .zipf, .sellOut, .mix, .retries: .vend
    case .reserveDispense: .reserve
    case .carts, .hold: .cart
    }
  }

  /// The request after one that was granted; nil when the operation is done.
  func next(after step: Step, round: Int) -> Step? {
    switch (shape, step) {
    case (.reserveDispense, .reserve): .dispense
    case (.carts, .cart): round.isMultiple(of: 5) ? .dispense : nil
    case (.hold, .cart): .release
    case (.retries, .vend): .vendAgain
    case (.mix, .vend): round.isMultiple(of: 8) ? .lookUp : nil
    case (.mix, .lookUp): .reprint
    default: nil
    }
  }

  func product(using generator: inout some RandomNumberGenerator) -> Int {
    guard productCount > 1 else { return 0 }
    guard shape == .zipf else { return Int.random(in: 0..<productCount, using: &generator) }
    let point = Double.random(in: 0..<shares[productCount - 1], using: &generator)
    return shares.partitioningIndex { $0 > point }
  }
}

extension Array where Element == Double {
  /// The first index whose element, and all after it, satisfy the test.
  fileprivate func partitioningIndex(where isBehind: (Double) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return Swift.min(low, count - 1)
  }
}

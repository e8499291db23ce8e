import LMDB
import PinWords

/// The fraud list: the marks of those who were denied, each with the order that put it there.
///
///     key   0 mark: kind, digest (16)  17 the denied order (16)
///
/// A mark is on the list while any denial's entry is. A denied customer orders no more until each denial is pardoned. An
/// order of another one that has such a mark goes to review, and says which.
extension Machine {
  /// What of an order the list knows.
  func suspicions(
    of order: Order, by customer: Customer, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> Suspicions {
    var suspicions: Suspicions = []
    for mark in order.marks(with: customer) where try isOnFraudList(mark, state) {
      suspicions.insert(Suspicions(mark.kind))
    }
    return suspicions
  }

  private func isOnFraudList(_ mark: Mark, _ state: borrowing WriteTransaction) throws(LMDBError) -> Bool {
    let key = mark.bytes
    guard let entry = try state.entry(atOrAfter: key.span.bytes, in: tables.fraud) else { return false }
    return [UInt8](entry.key.extracting(0..<Mark.byteCount)) == key
  }

  /// Puts the marks of a denied order on the list; the order's event is the cause.
  mutating func putFraud(of order: Order, _ state: inout WriteTransaction) throws(LMDBError) {
    let nothing: [UInt8] = []
    for mark in order.denied {
      let key = mark.bytes + order.id.bytes
      try state.put(nothing.span.bytes, for: key.span.bytes, in: tables.fraud)
    }
  }

  /// Takes the marks that a denied order put on the list off it, and no other's; the order's pardon is the cause.
  mutating func removeFraud(of order: Order, _ state: inout WriteTransaction) throws(LMDBError) {
    for mark in order.denied {
      let key = mark.bytes + order.id.bytes
      _ = try state.remove(key.span.bytes, in: tables.fraud)
    }
  }
}

extension Order {
  /// What the list knows an order by.
  func marks(with customer: Customer) -> [Mark] {
    customer.marks + [device, instrument == Customer.noCard ? nil : Mark(.card, instrument)].compactMap { $0 }
  }
}

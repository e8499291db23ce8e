import LMDB
import PinWords

/// The fraud list: the marks of those who were denied, and which order put each there.
///
/// A denied customer orders no more. An order of another one that has such a mark goes to review, and says which.
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
    return try state.value(for: key.span.bytes, in: tables.fraud) != nil
  }

  /// Puts the marks of a denied order on the list; the order's event is the cause.
  mutating func putFraud(of order: Order, _ state: inout WriteTransaction) throws(LMDBError) {
    guard let customer = try customer(order.customer, state) else {
      preconditionFailure("an order is of a customer that does not exist")
    }
    for mark in order.marks(with: customer) {
      let (key, value) = (mark.bytes, order.id.key)
      try state.put(value.span.bytes, for: key.span.bytes, in: tables.fraud)
    }
  }
}

extension Machine {
  /// Takes the marks that a denied order put on the list off it; the order's pardon is the cause.
  mutating func removeFraud(of order: Order, _ state: inout WriteTransaction) throws(LMDBError) {
    guard let customer = try customer(order.customer, state) else {
      preconditionFailure("an order is of a customer that does not exist")
    }
    for mark in order.marks(with: customer) {
      let key = mark.bytes
      var isItsOwn = false
      if let putBy = try state.value(for: key.span.bytes, in: tables.fraud) {
        isItsOwn = RequestID(high: putBy.bigEndian(at: 0), low: putBy.bigEndian(at: 8)) == order.id
      }
      if isItsOwn { _ = try state.remove(key.span.bytes, in: tables.fraud) }
    }
  }
}

extension Order {
  fileprivate func marks(with customer: Customer) -> [Mark] {
    customer.marks + [device, instrument == Customer.noCard ? nil : Mark(.card, instrument)].compactMap { $0 }
  }
}

import PinSealing
import PinWords

/// What is told by a hash under one of the store's keys, and by nobody else.
extension Engine {
  /// Tells one payment card from another, and nothing of its number without the store's key: 16 bytes.
  package func fingerprint(ofPaymentCard digits: String) -> [UInt8] {
    Array(hmacSHA256(under: context.paymentCardKey, Array(digits.utf8)).bytes.prefix(16))
  }

  /// The mark that the fraud list knows something by.
  package func mark(_ kind: Mark.Kind, _ text: String) -> Mark {
    Mark(kind, Array(hmacSHA256(under: context.markKey, [kind.rawValue] + Array(text.utf8)).bytes.prefix(16)))
  }

  /// What proves that somebody was told of an order: 16 bytes that nobody guesses.
  package func trackingProof(of order: RequestID) -> [UInt8] {
    Array(hmacSHA256(under: context.trackingKey, order.bytes).bytes.prefix(16))
  }

  /// What proves that somebody was sent a customer's marketing mail: 16 bytes that nobody guesses.
  package func unsubscribingProof(of customer: RequestID) -> [UInt8] {
    Array(hmacSHA256(under: context.trackingKey, Array("consent".utf8) + customer.bytes).bytes.prefix(16))
  }
}

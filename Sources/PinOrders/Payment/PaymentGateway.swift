/// Whoever takes the customers' money at once. The shop never sees a card: a payment method has a name of the gateway's.
///
/// A payment is opened first, and moves no money; it is taken by the name that the gateway gave it, which is on disk by then.
/// So whatever answer is lost, the gateway can be asked what became of the payment, and it is never taken twice.
package protocol PaymentGateway: Sendable {
  /// Opens a payment; the same key opens the same one for as long as the gateway knows it. No money moves.
  func open(_ payment: GatewayCharge, key: String) async throws -> String

  /// Asks how a payment stands, has it taken if it was not tried yet, and says what came of it.
  func take(_ payment: String, key: String) async throws -> GatewayOutcome

  /// Gives back what is missing to this total, after asking what was given back before.
  func refund(_ payment: String, totalMinor: UInt64, key: String) async throws

  /// What it has given back of a payment by now. One that failed later is not among it.
  func refundedMinor(of payment: String) async throws -> UInt64
}

package struct GatewayCharge: Sendable {
  package var method: String
  package var amountMinor: UInt64
  /// Of ISO 4217.
  package var currency: String
  /// Tells the payment to the shop's people, who look it up at the gateway.
  package var order: String
}

package enum GatewayOutcome: Sendable, Equatable {
  case taken(authorisation: String)
  /// The gateway's word for why.
  case declined(reason: String)
  /// It does not know yet.
  case pending
}

/// The gateway did not do what it was asked.
package struct GatewayFault: Error, CustomStringConvertible {
  /// Of HTTP.
  package let status: Int
  /// The gateway's word for why.
  package let code: String?
  package var description: String { "the gateway answered \(status)\(code.map { ", \($0)" } ?? "")" }

  /// It will not, however often it is asked. A key that it does not take is the shop's affair, not the customer's.
  var isRefusal: Bool { (400...499).contains(status) && ![401, 403, 409, 429].contains(status) }

  /// As an event keeps it.
  var reason: String { code.flatMap { (1...64).contains($0.utf8.count) ? $0 : nil } ?? "refused" }
}

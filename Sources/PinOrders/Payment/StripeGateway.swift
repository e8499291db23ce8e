import Curl
import Foundation

/// Stripe's payment intents (https://docs.stripe.com/api/payment_intents), over HTTP.
package struct StripeGateway: PaymentGateway {
  package var url: String
  private let secretKey: String
  package var rootsFile: String?
  /// How many refunds are told at once: Stripe tells no more than a hundred.
  var refundsPerPage = 100

  /// The secret key has no place in any description or error.
  package init(secretKey: String, url: String = "https://api.stripe.com") {
    self.secretKey = secretKey
    self.url = url
  }

  private struct Intent: Decodable {
    struct Failure: Decodable { var code: String? }
    var id: String
    var status: String
    var lastPaymentError: Failure?
  }

  private struct Refund: Decodable {
    var id: String
    var amount: UInt64
    var status: String
    /// Whether the customer has it, or will.
    var stands: Bool { !["failed", "canceled"].contains(status) }
  }

  private struct Refunds: Decodable {
    var data: [Refund]
    var hasMore: Bool
  }

  private struct Problem: Decodable {
    struct Fault: Decodable { var code: String? }
    var error: Fault?
  }

  /// Currencies whose minor units Stripe counts otherwise than ISO 4217
  /// (https://docs.stripe.com/currencies#special-cases): it is not asked for these.
  private static let countedOtherwise: Set = ["ISK", "MGA", "UGX"]

  /// A method is `pm_…`, or `cus_…/pm_…` if it belongs to one of the account's customers, and can be used again.
  package func open(_ charge: GatewayCharge, key: String) async throws -> String {
    if Self.countedOtherwise.contains(charge.currency) { throw GatewayFault(status: 400, code: "currency_not_taken") }
    let method = charge.method.split(separator: "/", maxSplits: 1).map(String.init)
    var fields = [
      ("amount", "\(charge.amountMinor)"), ("currency", charge.currency.lowercased()),
      ("payment_method", method.last ?? ""), ("payment_method_types[]", "card"), ("metadata[order]", charge.order),
    ]
    if method.count == 2 { fields.append(("customer", method[0])) }
    let payment = try await ask(Intent.self, "POST", "/v1/payment_intents", fields, key: key).id
    // It becomes a part of paths.
    guard payment.utf8.allSatisfy(Self.isPlain) else { throw GatewayFault(status: 200, code: nil) }
    return payment
  }

  package func take(_ payment: String, key: String) async throws -> GatewayOutcome {
    let path = "/v1/payment_intents/\(payment)"
    var intent = try await ask(Intent.self, "GET", path)
    if intent.status == "requires_confirmation" {
      do {
        intent = try await ask(Intent.self, "POST", "\(path)/confirm", key: key)
      } catch let fault as GatewayFault where fault.isRefusal {
        intent = try await ask(Intent.self, "GET", path)
        if intent.status == "requires_confirmation" { return try await giveUp(path, key, fault.reason) }
      }
    }
    switch intent.status {
    case "succeeded": return .taken(authorisation: intent.id)
    case "processing": return .pending
    case "requires_payment_method":
      let fault = GatewayFault(status: 402, code: intent.lastPaymentError?.code)
      return .declined(reason: fault.reason)
    case "canceled": return .declined(reason: "canceled")
    // Nobody is there to prove who pays.
    case "requires_action": return try await giveUp(path, key, "authentication_required")
    default: throw GatewayFault(status: 200, code: nil)
    }
  }

  /// Once it is given up, nobody can have it taken any more.
  private func giveUp(_ path: String, _ key: String, _ reason: String) async throws -> GatewayOutcome {
    let ended = try await ask(Intent.self, "POST", "\(path)/cancel", key: "\(key)-cancel")
    return ended.status == "canceled" ? .declined(reason: reason) : .pending
  }

  package func refund(_ payment: String, totalMinor: UInt64, key: String) async throws {
    let before = try await refundedMinor(of: payment)
    guard before < totalMinor else { return }
    let fields = [("payment_intent", payment), ("amount", "\(totalMinor - before)")]
    // The amount is in the key: Stripe answers the same key only to the same request.
    _ = try await ask(Refund.self, "POST", "/v1/refunds", fields, key: "\(key)-after-\(before)")
  }

  /// A refund may fail days after Stripe said that it succeeded (https://docs.stripe.com/refunds#failed-refunds).
  package func refundedMinor(of payment: String) async throws -> UInt64 {
    var refundedMinor: UInt64 = 0
    var rest = ""
    while true {
      let page = try await ask(
        Refunds.self, "GET", "/v1/refunds?payment_intent=\(payment)&limit=\(refundsPerPage)\(rest)")
      for refund in page.data where refund.stands { refundedMinor += refund.amount }
      guard page.hasMore, let last = page.data.last else { return refundedMinor }
      guard last.id.utf8.allSatisfy(Self.isPlain) else { throw GatewayFault(status: 200, code: nil) }
      rest = "&starting_after=\(last.id)"
    }
  }

  private func ask<Answer: Decodable>(
    _ type: Answer.Type, _ method: String, _ path: String, _ fields: [(String, String)] = [], key: String? = nil
  ) async throws -> Answer {
    var request = WebRequest(method, url + path)
    // What is read of its answers is as of this version, whatever the account's is.
    request.headers = ["Authorization: Bearer \(secretKey)", "Stripe-Version: 2024-06-20"]
    request.rootsFile = rootsFile
    request.timeLimitSeconds = 30
    if let key { request.headers.append("Idempotency-Key: \(key)") }
    if method == "POST" {
      request.headers.append("Content-Type: application/x-www-form-urlencoded")
      request.body = Array(fields.map { "\($0.0)=\(Self.escaped($0.1))" }.joined(separator: "&").utf8)
    }
    let (status, body) = try await request.perform()
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    guard status == 200 else {
      throw GatewayFault(status: status, code: (try? decoder.decode(Problem.self, from: Data(body)))?.error?.code)
    }
    guard let answer = try? decoder.decode(type, from: Data(body)) else { throw GatewayFault(status: 200, code: nil) }
    return answer
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    let isLetter = (65...90).contains(byte) || (97...122).contains(byte)
    return isLetter || (48...57).contains(byte) || [45, 46, 95].contains(byte)
  }

  private static func escaped(_ text: String) -> String {
    text.utf8.map { isPlain($0) ? String(UnicodeScalar($0)) : String(format: "%%%02X", $0) }.joined()
  }
}

import Curl
import Foundation

/// Stripe's payment intents (https://docs.stripe.com/api/payment_intents), over HTTP.
package struct StripeGateway: PaymentGateway {
  package var url: String
  private let secretKey: String
  package var rootsFile: String?

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

  private struct Refunds: Decodable {
    struct Refund: Decodable {
      var amount: UInt64
      var status: String?
    }
    var data: [Refund]
  }

  private struct Problem: Decodable {
    struct Fault: Decodable { var code: String? }
    var error: Fault?
  }

  package func open(_ charge: GatewayCharge, key: String) async throws -> String {
    let fields = [
      ("amount", "\(charge.amountMinor)"), ("currency", charge.currency.lowercased()),
      ("payment_method", charge.method), ("payment_method_types[]", "card"), ("metadata[order]", charge.order),
    ]
    return try await ask(Intent.self, "POST", "/v1/payment_intents", fields, key: key).id
  }

  package func take(_ payment: String, key: String) async throws -> GatewayOutcome {
    let path = "/v1/payment_intents/\(payment)"
    var intent = try await ask(Intent.self, "GET", path)
    if intent.status == "requires_confirmation" {
      do {
        intent = try await ask(Intent.self, "POST", "\(path)/confirm", key: key)
      } catch let fault as GatewayFault where fault.status == 402 {
        intent = try await ask(Intent.self, "GET", path)
      }
    }
    switch intent.status {
    case "succeeded": return .taken(authorisation: intent.id)
    case "processing": return .pending
    case "requires_payment_method": return .declined(reason: intent.lastPaymentError?.code ?? "declined")
    case "canceled": return .declined(reason: "canceled")
    case "requires_action":
      // Nobody is there to prove who pays. Once it is given up it cannot be taken any more.
      let ended = try await ask(Intent.self, "POST", "\(path)/cancel", key: "\(key)-cancel")
      guard ended.status == "canceled" else { return .pending }
      return .declined(reason: "authentication_required")
    default: throw GatewayFault(status: 200, code: nil)
    }
  }

  package func refund(_ payment: String, totalMinor: UInt64, key: String) async throws {
    let before = try await ask(Refunds.self, "GET", "/v1/refunds?payment_intent=\(payment)&limit=100")
    let refunded = before.data.filter { $0.status != "failed" && $0.status != "canceled" }.reduce(0) { $0 + $1.amount }
    guard refunded < totalMinor else { return }
    let fields = [("payment_intent", payment), ("amount", "\(totalMinor - refunded)")]
    _ = try await ask(Refunds.Refund.self, "POST", "/v1/refunds", fields, key: key)
  }

  private func ask<Answer: Decodable>(
    _ type: Answer.Type, _ method: String, _ path: String, _ fields: [(String, String)] = [], key: String? = nil
  ) async throws -> Answer {
    var request = WebRequest(method, url + path)
    request.headers = ["Authorization: Bearer \(secretKey)"]
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

  private static func escaped(_ text: String) -> String {
    text.utf8.map { byte in
      let isPlain = (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
      return isPlain || [45, 46, 95].contains(byte)
        ? String(UnicodeScalar(byte)) : String(format: "%%%02X", byte)
    }.joined()
  }
}

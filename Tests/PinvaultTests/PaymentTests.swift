import ChildProcess
import Curl
import Foundation
import Testing

@testable import PinOrders

/// Payments at once, by somebody else's fake of Stripe's API (`Tests/Shop/gateway`).
@Suite("The gateway takes each payment once, whatever breaks", .timeLimit(.minutes(30)))
struct PaymentTests {
  @Test("Approving takes the payment and delivers; a decline keeps order and cards; a return is refunded")
  func life() async throws {
    try await withGateway { vault, gateway in
      let customer = try await vault.newCustomer()
      let order = try await vault.submit(customer, by: "pm_card_visa")
      try await vault.ask(as: "reviewer", ["order", "approve", order, "--version", "1"])
      let paid = try await vault.settled(order) { $0["payment"] as? String == "paid" }
      #expect(paid["fulfilment"] as? String == "delivered" && paid["paid_minor"] as? Int == 1900)
      #expect(try await gateway.intents() == ["succeeded"])

      let version = try #require(paid["version"] as? Int)
      try await vault.ask(
        as: "clerk", ["order", "return", order, "--version", "\(version)", "--serial", "SN00000001"])
      _ = try await vault.settled(order) { $0["refunded_minor"] as? Int == 950 }
      #expect(try await gateway.refunds() == [950])

      let poor = try await vault.submit(customer, by: "pm_card_chargeCustomerFail")
      try await vault.ask(as: "reviewer", ["order", "approve", poor, "--version", "1"])
      let declined = try await vault.settled(poor) { $0["payment"] as? String == "declined" }
      #expect(declined["fulfilment"] as? String == "held")
      let again = try #require(declined["version"] as? Int)
      try await vault.ask(
        as: "web", ["order", "method", poor, "--version", "\(again)", "--payment-method", "pm_card_visa"])
      try await vault.ask(as: "reviewer", ["order", "approve", poor, "--version", "\(again + 1)"])
      _ = try await vault.settled(poor) { $0["fulfilment"] as? String == "delivered" }
    }
  }

  @Test(
    "Killed with -9 before or after the gateway has done it, and started again, it asks; the money moves once each way",
    arguments: ["/payment_intents", "/confirm", "/refunds"], ["lose", "hold"])
  func killed(step: String, breakage: String) async throws {
    try await withGateway { vault, gateway in
      let order = try await vault.submit(try await vault.newCustomer(), by: "pm_card_visa")
      func breakLine() async throws {
        _ = try await waitUntil("the request that is kept back") { gateway.isKeepingBack ? 1 : nil }
        try await vault.kill()
        gateway.goOn()
        try await vault.servePaid(gateway)
      }
      if step != "/refunds" { try gateway.keepBack(breakage, step) }
      try await vault.ask(as: "reviewer", ["order", "approve", order, "--version", "1"])
      if step != "/refunds" { try await breakLine() }
      let paid = try await vault.settled(order) { $0["fulfilment"] as? String == "delivered" }
      if step == "/refunds" { try gateway.keepBack(breakage, step) }
      let version = try #require(paid["version"] as? Int)
      try await vault.ask(as: "clerk", ["order", "return", order, "--version", "\(version)"])
      if step == "/refunds" { try await breakLine() }
      let back = try await vault.settled(order) { $0["refunded_minor"] as? Int == 1900 }
      #expect(back["payment"] as? String == "refunded" && back["fulfilment"] as? String == "returned")

      #expect(try await gateway.intents().filter { $0 == "succeeded" }.count == 1)
      #expect(try await gateway.refunds() == [1900])
      // What is asked a second time carries the key of the first; what was done is not asked again, where asking tells.
      let asked = try gateway.requests().filter { $0.hasPrefix("POST ") && $0.contains("\(step) ") }
      #expect(Set(asked).count == 1 && asked.allSatisfy { !$0.hasSuffix(" -") }, "\(asked)")
      #expect(asked.count == (breakage == "hold" && step != "/payment_intents" ? 1 : 2), "\(asked)")
      _ = try await vault.stop()
      let verify = try await vault.tool.start(["verify"] + Vault.master.prefix(2)).finish()
      #expect(verify.status == 0, "\(verify.output)\(verify.errors)")
    }
  }

  @Test("A refund that fails after it succeeded is noticed by asking: the shop is told, and nobody asks again")
  func failedRefund() async throws {
    try await withGateway { vault, gateway in
      let order = try await vault.submit(try await vault.newCustomer(), by: "pm_card_visa")
      try await vault.ask(as: "reviewer", ["order", "approve", order, "--version", "1"])
      let paid = try await vault.settled(order) { $0["fulfilment"] as? String == "delivered" }
      let version = try #require(paid["version"] as? Int)
      try await vault.ask(as: "clerk", ["order", "return", order, "--version", "\(version)"])
      _ = try await vault.settled(order) { $0["refunded_minor"] as? Int == 1900 }
      try gateway.failRefunds()
      _ = try await vault.stop()
      let box = try await MailBox(in: vault.tool.directory)
      do {
        try await vault.servePaid(gateway, box)
        let lost = try await vault.settled(order) { $0["refunded_minor"] as? Int == 0 }
        #expect(lost["payment"] as? String == "refunded" && lost["credited_minor"] as? Int == 1900)
        let told = try await waitUntil("the mail to the shop") {
          try box.mails().first { $0.text.contains("did not reach its customer") }
        }
        #expect(told.headers["x-recipient"] == "shop@example.com" && told.text.contains("19.00 USD"))
        _ = try await vault.stop()
        try await vault.servePaid(gateway, box)
        let again = try await vault.settled(order) { _ in true }
        #expect(again["version"] as? Int == lost["version"] as? Int)
        #expect(try await gateway.refunds() == [1900])
      } catch {
        await box.end()
        throw error
      }
      await box.end()
    }
  }

  @Test("What was given back is added up over all pages of it, and what failed is not")
  func pages() async throws {
    let parent = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: parent) }
    let gateway = try await Gateway(in: parent)
    var stripe = StripeGateway(secretKey: "sk_test_1", url: gateway.url)
    stripe.refundsPerPage = 2
    let charge = GatewayCharge(method: "pm_card_visa", amountMinor: 1000, currency: "USD", order: "1")
    let payment = try await stripe.open(charge, key: "open")
    #expect(try await stripe.take(payment, key: "take") == .taken(authorisation: payment))
    for total in stride(from: 100 as UInt64, through: 500, by: 100) {
      try await stripe.refund(payment, totalMinor: total, key: "refund-\(total)")
    }
    #expect(try await stripe.refundedMinor(of: payment) == 500)
    #expect(try await gateway.refunds() == [100, 100, 100, 100, 100])
    try gateway.failRefunds()
    #expect(try await stripe.refundedMinor(of: payment) == 0)
    await gateway.end()
  }

  @Test("Without a gateway no payment method is taken: nobody would ever be asked for the money")
  func noGateway() async throws {
    try await withShop { vault, _, _ in
      let customer = try await vault.newCustomer()
      vault.become("web")
      let run = try await vault.tool.start([
        "order", "submit", "--customer", customer, "--line", "ACME=1", "--payment-method", "pm_card_visa",
      ]).finish()
      #expect(run.status != 0 && run.errors.contains("payment_method"), "\(run.errors)")
    }
  }
}

/// The gateway's process and what it was asked.
struct Gateway {
  let directory: String
  let url: String
  private let process: ChildProcess

  init(in parent: URL) async throws {
    let directory = parent.appendingPathComponent("gateway")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    let program = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Shop/gateway").path
    let log = directory.path + ".log"
    try #require(FileManager.default.createFile(atPath: log, contents: nil))
    let errors = try #require(FileHandle(forWritingAtPath: log))
    process = try ChildProcess(
      "/usr/bin/env", ["python3", program, directory.path], environment: ProcessInfo.processInfo.environment,
      directory: parent.path, input: nil, output: errors.fileDescriptor, errors: errors.fileDescriptor)
    self.directory = directory.path
    let port = try await waitUntil("the gateway: \(log)", seconds: 300) {
      (try? String(contentsOfFile: directory.path + "/port", encoding: .utf8)).flatMap { Int($0) }
    }
    url = "http://127.0.0.1:\(port)"
  }

  func end() async {
    process.signal(SIGTERM)
    _ = await process.ended()
  }

  /// Keeps back the requests (`lose`) or the answers (`hold`) of POSTs whose path ends so.
  func keepBack(_ breakage: String, _ path: String) throws {
    try path.write(toFile: "\(directory)/\(breakage)", atomically: true, encoding: .utf8)
  }

  /// From now on it says of each refund that it failed.
  func failRefunds() throws { try Data().write(to: URL(fileURLWithPath: "\(directory)/fail-refunds")) }

  var isKeepingBack: Bool { FileManager.default.fileExists(atPath: "\(directory)/held") }

  func goOn() {
    for name in ["hold", "lose", "held"] { try? FileManager.default.removeItem(atPath: "\(directory)/\(name)") }
  }

  func requests() throws -> [String] {
    try String(contentsOfFile: "\(directory)/requests", encoding: .utf8).split(separator: "\n").map(String.init)
  }

  private func list(_ path: String) async throws -> [[String: Any]] {
    var request = WebRequest("GET", url + path)
    request.headers = ["Authorization: Bearer sk_test_1"]
    let (status, body) = try await request.perform()
    try #require(status == 200, "\(String(decoding: body, as: UTF8.self))")
    let answer = try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
    return try #require(answer?["data"] as? [[String: Any]])
  }

  /// How each payment stands.
  func intents() async throws -> [String] {
    try await list("/v1/payment_intents").map { $0["status"] as? String ?? "" }
  }

  func refunds() async throws -> [Int] { try await list("/v1/refunds").compactMap { $0["amount"] as? Int } }
}

private func withGateway(_ body: (inout Vault, Gateway) async throws -> Void) async throws {
  try await withShop { vault, _, _ in
    let gateway = try await Gateway(in: vault.tool.directory)
    do {
      _ = try await vault.stop()
      try await vault.servePaid(gateway)
      try await body(&vault, gateway)
    } catch {
      await gateway.end()
      throw error
    }
    await gateway.end()
  }
}

extension Vault {
  fileprivate mutating func servePaid(_ gateway: Gateway, _ box: MailBox? = nil) async throws {
    let file = tool.path("stripe.key")
    try "sk_test_1\n".write(toFile: file, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
    try await serveShop(box, more: ["--stripe-key-file", file, "--stripe-url", gateway.url])
  }

  fileprivate mutating func submit(_ customer: String, by method: String) async throws -> String {
    let order = try await ask(
      as: "web", ["order", "submit", "--customer", customer, "--line", "ACME=2", "--payment-method", method])
    return try #require(order["id"] as? String)
  }

  /// Waits until an order stands as it is to.
  fileprivate mutating func settled(_ order: String, _ isSo: ([String: Any]) -> Bool) async throws -> [String: Any] {
    for _ in 0..<600 {
      let found = try await ask(as: "clerk", ["order", "show", order])
      if isSo(found) { return found }
      try await Task.sleep(for: .milliseconds(50))
    }
    throw Failed(what: "\(try await ask(as: "clerk", ["order", "show", order])) \(server?.errors ?? "")")
  }
}

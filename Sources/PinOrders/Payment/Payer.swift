import Foundation
import Logging
import PinEngine
import PinWords
import ServiceLifecycle

/// Asks the gateway for the money of orders that wait for it, and has credits refunded, one after another.
///
///     paying (an event)  → open  → its name (an event)  → take  → paid or declined (an event)
///     credited (an event)                               → refund → refunded (an event)
///
/// Each step is on disk before the next, so that a start goes on where the last end was: with a question, never with a second
/// payment. Nobody else does anything to an order meanwhile.
package struct Payer: Service {
  /// After a failure, doubled from one to the next up to a minute.
  package var firstRetryMilliseconds: UInt64 = 1000

  private let desk: OrderDesk
  private let gateway: any PaymentGateway
  private let logger: Logger
  private var engine: Engine { desk.engine }

  package init(desk: OrderDesk, gateway: any PaymentGateway, logger: Logger) {
    self.desk = desk
    self.gateway = gateway
    self.logger = logger
  }

  package func run() async throws {
    await cancelWhenGracefulShutdown {
      var failures: UInt64 = 0
      while !Task.isCancelled, engine.failure == nil {
        let head = engine.headSequence
        let isDone = await settleWaiting()
        failures = isDone ? 0 : min(failures + 1, 6)
        let wait = isDone ? 1000 : firstRetryMilliseconds << (failures - 1)
        if isDone {
          await engine.waitForEvent(head + 1, milliseconds: UInt32(wait))
        } else {
          try? await Task.sleep(for: .milliseconds(min(wait, 60_000)))
        }
        try? await Task.sleep(for: .milliseconds(20))
      }
    }
  }

  /// Whether the gateway answered whatever was asked.
  private func settleWaiting() async -> Bool {
    var (after, isDone) = (RequestID.zero, true)
    while !Task.isCancelled {
      let answered = await engine.perform(.orders(.waitingPayments(after: after)), as: .store)
      guard case .orders(let orders, let next) = answered.outcome else { return false }
      for order in orders where !Task.isCancelled {
        do { isDone = try await settle(order) && isDone } catch {
          logger.warning("the gateway is asked again", metadata: ["order": "\(order.id)", "reason": "\(error)"])
          isDone = false
        }
      }
      guard let next else { return isDone }
      after = next
    }
    return isDone
  }

  /// Takes the next step for an order; false when the gateway does not know yet.
  private func settle(_ order: Order) async throws -> Bool {
    let key = "pinvault-\(engine.catalogue.storeID)-\(order.id)"
    guard order.axes.payment == .paying else {
      let total = min(order.creditedMinor, order.paidMinor)
      try await gateway.refund(order.gatewayPayment, totalMinor: total, key: "\(key)-refund-\(total)")
      return try await note(order, .refund(totalMinor: total))
    }
    guard !order.gatewayPayment.isEmpty else {
      let charge = GatewayCharge(
        method: order.method?.token ?? "", amountMinor: order.totalMinor, currency: "\(order.currency)",
        order: "\(order.id)")
      do {
        let payment = try await gateway.open(charge, key: "\(key)-open-\(order.version)")
        return try await note(order, .openPayment(payment))
      } catch let fault as GatewayFault where (400...499).contains(fault.status) && ![409, 429].contains(fault.status) {
        // No such method, or none that pays this: no payment was opened, and none will be.
        return try await note(order, .declinePayment(reason: fault.code ?? "refused by the gateway"))
      }
    }
    switch try await gateway.take(order.gatewayPayment, key: "\(key)-take-\(order.gatewayPayment)") {
    case .taken(let authorisation): return try await note(order, .takePayment(authorisation: authorisation))
    case .declined(let reason): return try await note(order, .declinePayment(reason: reason))
    case .pending: return false
    }
  }

  private func note(_ order: Order, _ act: OrderChange.Act) async throws -> Bool {
    let change = OrderChange(id: .new(), order: order.id, version: order.version, act: act)
    _ = try await desk.change(change, OrderDesk.Asker(actor: .store, keyNumber: 0))
    return true
  }
}

extension RequestID {
  fileprivate static func new() -> RequestID {
    var generator = SystemRandomNumberGenerator()
    return .generate(atMilliseconds: UInt64(Date().timeIntervalSince1970 * 1000), using: &generator)
  }
}

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
/// payment. Nobody else does anything to an order while it is paying.
package struct Payer: Service {
  /// How often it asks whether what was given back is still so, and for how long after an order came.
  private static let confirmsEvery = Duration.seconds(86_400)
  private static let confirmsForMilliseconds: UInt64 = 365 * 86_400_000

  /// After a failure, doubled from one to the next of the same order up to a minute.
  private static let firstRetry = Duration.seconds(1)

  private struct Retry {
    var failures = 0
    var notBefore = ContinuousClock.now
  }

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
      var retries: [RequestID: Retry] = [:]
      var confirmation = ContinuousClock.now
      while !Task.isCancelled, engine.failure == nil {
        let head = engine.headSequence
        await settleWaiting(&retries)
        if confirmation <= .now {
          await confirmRefunds()
          confirmation = .now + Self.confirmsEvery
        }
        await engine.waitForEvent(head + 1, milliseconds: 1000)
        // While others change much, it is enough to look now and then.
        try? await Task.sleep(for: .milliseconds(50))
      }
    }
  }

  /// Takes a step for each order that waits, but for those that failed a moment ago.
  private func settleWaiting(_ retries: inout [RequestID: Retry]) async {
    var after: RequestID? = .zero
    var waiting: [RequestID: Retry] = [:]
    while let start = after, !Task.isCancelled {
      let answered = await engine.perform(.orders(.waitingPayments(after: start)), as: .store)
      guard case .orders(let orders, let next) = answered.outcome else { return }
      for order in orders where !Task.isCancelled {
        var retry = retries[order.id] ?? Retry()
        if retry.notBefore <= .now, !(await isSettled(order)) {
          retry.failures += 1
          retry.notBefore = .now + min(Self.firstRetry * (1 << min(retry.failures - 1, 6)), .seconds(60))
        }
        if retry.failures > 0 { waiting[order.id] = retry }
      }
      after = next
    }
    retries = waiting
  }

  /// Asks whether what the gateway gave back is still so: a refund may fail days later.
  private func confirmRefunds() async {
    do {
      try await desk.forEachOrder { order in
        let isOver = order.submittedAtMilliseconds + Self.confirmsForMilliseconds < desk.nowMilliseconds
        guard order.refundedMinor > 0, !order.gatewayPayment.isEmpty, !isOver else { return }
        let refunded = try await gateway.refundedMinor(of: order.gatewayPayment)
        guard refunded < order.refundedMinor else { return }
        logger.error("a refund did not reach its customer", metadata: ["order": "\(order.id)"])
        _ = try await note(order, .loseRefund(totalMinor: refunded))
      }
    } catch {
      logger.warning("refunds are asked about again tomorrow", metadata: ["reason": "\(error)"])
    }
  }

  /// Whether an order's next step was taken.
  private func isSettled(_ order: Order) async -> Bool {
    do { return try await settle(order) } catch {
      logger.warning("the gateway is asked again", metadata: ["order": "\(order.id)", "reason": "\(error)"])
      return false
    }
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
      } catch let fault as GatewayFault where fault.isRefusal {
        // No such method, or none that pays this: no payment was opened, and none will be.
        return try await note(order, .declinePayment(reason: fault.reason))
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

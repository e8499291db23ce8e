import Foundation
import Logging
import PinEngine
import PinWords
import ServiceLifecycle

/// Destroys the keys that payment cards' numbers were sealed under, a set time after their month is over.
///
/// A number that somebody may still have to charge is sealed anew first, under the present month's key. What is left of the
/// others, in the directory, its free pages and its backups, opens no more; the last four digits stay.
package struct CardPurge: Service {
  private static let looksEvery = Duration.seconds(86_400)

  private let desk: OrderDesk
  private let keptDays: Int
  private let logger: Logger

  package init(desk: OrderDesk, keptDays: Int, logger: Logger) {
    self.desk = desk
    self.keptDays = keptDays
    self.logger = logger
  }

  package func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled, desk.engine.failure == nil {
        do {
          for month in try await desk.purgeCards(keptDays: keptDays, at: Date()) {
            logger.notice("the payment cards of a month are purged", metadata: ["month": "\(month)"])
          }
        } catch {
          logger.error("payment cards that are due are not purged", metadata: ["reason": "\(error)"])
        }
        try? await Task.sleep(for: Self.looksEvery)
      }
    }
  }
}

extension OrderDesk {
  /// Destroys the keys of the months that were over so many days before; gives these months.
  package func purgeCards(keptDays: Int, at now: Date) async throws -> [String] {
    let due = try vault.periods(overBefore: now - Double(keptDays) * 86_400)
    guard !due.isEmpty else { return [] }
    // Somebody may change an order just then: it is looked at again.
    while try await sealAnew(due, at: now) {}
    for period in due { try vault.destroyKey(of: period) }
    return due
  }

  /// Seals anew what is still to be charged of these months. True if not all of it could be yet.
  private func sealAnew(_ periods: [String], at now: Date) async throws -> Bool {
    let store = Asker(actor: .store, keyNumber: 0)
    var isMissing = false
    try await forEachOrder { order in
      guard order.waitsForCharge, let name = order.card?.document, let document = try read(CardDocument.self, name),
        periods.contains(document.period)
      else { return }
      let card = try vault.open(document, id: name.id)
      let id = RequestID.new()
      do {
        _ = try await keeping(card, of: order.id, version: order.version, id: id, store, at: now) { card in
          try await change(OrderChange(id: id, order: order.id, version: order.version, act: .resealCard(card)), store)
        }
      } catch OrderFault.orderRefused(.staleVersion) {
        isMissing = true
      }
    }
    return isMissing
  }
}

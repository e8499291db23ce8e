import PinClient
import PinProtocol
import PinWords

/// Prints what was handed over, fetching the rest of it page by page.
struct Handover {
  let client: PinClient
  let output: OutputOptions

  /// Prints a delivery from its first page on, to its end.
  func print(_ first: Answered<Delivery>) async throws {
    try await print(first) { $0 < $1 }
  }

  /// Prints so many cards of a delivery, from its first page on.
  func print(_ first: Answered<Delivery>, cardCount: UInt64) async throws {
    let end = UInt64(first.value.head.firstIndex) + cardCount
    try await print(first) { next, total in UInt64(next) < min(UInt64(total), end) }
  }

  private func print(_ first: Answered<Delivery>, while goesOn: (UInt32, UInt32) -> Bool) async throws {
    do {
      try await printPages(first, while: goesOn)
    } catch let fault as SystemFault {
      // The cards are sold whether or not the receipt came out.
      let id = first.value.head.reservation
      throw Fault(
        .inputOutput, "\(fault); the sale \(id) stands: 'pinvault reprint \(id)', or 'pinvault reverse \(id)'")
    }
  }

  private func printPages(_ first: Answered<Delivery>, while goesOn: (UInt32, UInt32) -> Bool) async throws {
    var record = DeliveryRecord(first)
    var page = first.value
    while true {
      if output.json { record.add(page) } else { try StandardOutput.write(Receipt(page).text) }
      guard goesOn(page.head.nextIndex, page.head.total), page.head.state.isOpen else { break }
      let reprint = Reprint(reservation: page.head.reservation, firstIndex: page.head.nextIndex)
      do {
        page = try await client.reprint(reprint).value
      } catch {
        // What was told so far must not be lost: it would come again as a duplicate.
        if output.json { try StandardOutput.write(line: JSON.text(record)) }
        StandardError.write(
          line: "pinvault: cards \(reprint.firstIndex) on are still to be fetched: "
            + "pinvault reprint \(reprint.reservation) --from \(reprint.firstIndex)")
        throw error
      }
    }
    if output.json { try StandardOutput.write(line: JSON.text(record)) }
    guard page.head.state.isOpen else {
      throw Fault(.refused, "no PINs: the sale \(page.head.reservation) is \(page.head.state.name)")
    }
  }
}

extension ReservationState {
  /// Whether its PINs can be told.
  var isOpen: Bool { self == .delivered || self == .confirmed }
}

/// A delivery for machines.
struct DeliveryRecord: Encodable {
  struct Card: Encodable {
    var card: CardID
    var product: ProductID
    var name: String
    var currency: String
    var faceValueMinor: UInt64
    var priceMinor: UInt64
    var serial: String
    var pin: String
    var expires: String?
    var instructions: String
  }

  var id: RequestID
  var state: String
  var sequence: UInt64
  var isRepeat: Bool
  var dispensedAt: String?
  /// How often the PINs were opened before: more than 0 is a duplicate.
  var printCount: UInt16
  var total: UInt32
  /// Where to go on with reprint; `total` when all is here.
  var nextIndex: UInt32
  var cards: [Card] = []

  init(_ answered: Answered<Delivery>) {
    let head = answered.value.head
    id = head.reservation
    state = head.state.name
    sequence = answered.sequence
    isRepeat = answered.isRepeat
    dispensedAt = head.dispensedAtMilliseconds == 0 ? nil : Times.stamp(head.dispensedAtMilliseconds)
    printCount = head.printCount
    total = head.total
    nextIndex = head.nextIndex
  }

  mutating func add(_ page: Delivery) {
    state = page.head.state.name
    nextIndex = page.head.nextIndex
    for card in page.cards {
      guard page.lines.indices.contains(Int(card.line)) else { continue }
      let line = page.lines[Int(card.line)]
      cards.append(
        Card(
          card: card.id, product: line.granted.line.product, name: line.name,
          currency: line.granted.currency.description, faceValueMinor: line.faceValueMinor,
          priceMinor: line.granted.unitPriceMinor, serial: card.serial, pin: card.pin.text,
          expires: card.expiry.text, instructions: line.instructions))
    }
  }
}

import PinProtocol
import PinWords

/// What a terminal prints for the cards of a delivery, one slip a card.
struct Receipt {
  private let delivery: Delivery

  init(_ delivery: Delivery) { self.delivery = delivery }

  /// Empty if the delivery can no longer be opened.
  var text: String { delivery.cards.map(slip).joined() }

  private static let rule = String(repeating: "-", count: 48)

  private func slip(_ card: Delivery.Card) -> String {
    let line = delivery.lines.indices.contains(Int(card.line)) ? delivery.lines[Int(card.line)] : nil
    let head = delivery.head
    let fields = fieldList([
      ("Time", Times.text(head.dispensedAtMilliseconds)),
      ("Reference", head.reservation.description),
      ("Product", line?.name),
      ("Face value", line.map { Money.textWithCurrency($0.faceValueMinor, in: $0.granted.currency) }),
      ("Price", line.map { Money.textWithCurrency($0.granted.unitPriceMinor, in: $0.granted.currency) }),
      ("Serial", card.serial),
      ("PIN", Receipt.grouped(card.pin.text)),
      ("Expires", card.expiry.textOrNever),
    ])
    var lines = [Receipt.rule]
    if head.printCount > 0 { lines.append("DUPLICATE \(head.printCount)") }
    lines.append(fields)
    if let line, !line.instructions.isEmpty { lines.append(line.instructions) }
    lines.append(Receipt.rule)
    return lines.joined(separator: "\n") + "\n"
  }

  /// Digits in fours for reading, `1234 5678 9012`; what holds anything but digits is left as it is.
  static func grouped(_ pin: String) -> String {
    let bytes = Array(pin.utf8)
    guard bytes.count > 4, bytes.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
      return pin
    }
    let groups = stride(from: 0, to: bytes.count, by: 4).map { start in
      String(decoding: bytes[start..<min(start + 4, bytes.count)], as: UTF8.self)
    }
    return groups.joined(separator: " ")
  }
}

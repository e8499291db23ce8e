import PinWords

/// A figure of a shift that two sides tell differently: what was counted stands in one pair of columns, amounts in another.
struct FigureDifference {
  private let figure: String
  private let left: UInt64
  private let right: UInt64

  /// - Parameter figure: as `ShiftTotal.figures` names it.
  init(_ figure: String, _ left: UInt64, _ right: UInt64) {
    (self.figure, self.left, self.right) = (figure, left, right)
  }

  /// - Parameter left: the side's key and title.
  static func columns(_ left: (key: String, title: String), _ right: (key: String, title: String)) -> [Column] {
    [
      Column("actor", "Actor"), Column("shift", "Shift", .number), Column("currency", "Currency"),
      Column("figure", "Figure"), Column(left.key, left.title, .number), Column(right.key, right.title, .number),
      Column(left.key + "_amount", left.title + " amount", .money),
      Column(right.key + "_amount", right.title + " amount", .money),
    ]
  }

  func cells(of actor: String, shift: UInt32, in currency: Currency) -> [Cell] {
    let head: [Cell] = [.text(actor), .number(Int(shift)), .text(currency.description)]
    let ofAmounts = "_minor"
    guard figure.hasSuffix(ofAmounts) else {
      return head + [.text(figure), .number(Int(clamping: left)), .number(Int(clamping: right)), .none, .none]
    }
    let name = String(figure.dropLast(ofAmounts.count))
    return head + [.text(name), .none, .none, .money(Int128(left), currency), .money(Int128(right), currency)]
  }
}

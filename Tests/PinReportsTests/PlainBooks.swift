import Foundation

/// The books of a history, kept in the plainest way from what was asked and answered: no journal, no event, nothing of the
/// room it judges.
struct PlainBooks {
  /// A line of a sale, or the part of one that came back or was settled.
  struct Entry {
    var kind: String
    var time: UInt64
    var reservation: String
    /// When the cards were sold; nil for a sale.
    var soldAt: UInt64?
    var line: Int
    var actor: String
    var cashier: UInt32
    var tender: String
    var sku: String
    var currency: String
    var price: Int
    /// Of the whole line.
    var lineCount: Int
    var lineDiscount: Int
    var lineTax: Int
    var cards: [UInt64]
  }

  struct Movement {
    var time: UInt64
    var sku: String
    var what: String
    var cards: Int
  }

  var costs: [UInt64: Int] = [:]
  var entries: [Entry] = []
  var movements: [Movement] = []

  // MARK: Days

  struct Days {
    var zone: TimeZone
    var dayStartMinutes: Int

    /// The date that the wall clock shows, or the one before while it is earlier than the start of the day.
    func day(_ milliseconds: UInt64) -> String {
      var calendar = Calendar(identifier: .gregorian)
      calendar.timeZone = zone
      let date = Date(timeIntervalSince1970: TimeInterval(milliseconds) / 1000)
      let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute], from: date)
      let isEarly = parts.hour! * 60 + parts.minute! < dayStartMinutes
      let noon = calendar.date(
        from: DateComponents(year: parts.year, month: parts.month, day: parts.day, hour: 12))!
      let shown = isEarly ? calendar.date(byAdding: .day, value: -1, to: noon)! : noon
      let day = calendar.dateComponents([.year, .month, .day], from: shown)
      return String(format: "%04d-%02d-%02d", day.year!, day.month!, day.day!)
    }

    /// The hour that the wall clock shows.
    func hour(_ milliseconds: UInt64) -> String {
      var calendar = Calendar(identifier: .gregorian)
      calendar.timeZone = zone
      let date = Date(timeIntervalSince1970: TimeInterval(milliseconds) / 1000)
      return String(format: "%02d:00", calendar.component(.hour, from: date))
    }
  }

  // MARK: Totals

  /// The rows of totals, as texts: amounts in minor units.
  func totals(
    _ days: Days, from: String, to: String, isDaily: Bool, by group: (Entry) -> [String]
  ) -> Set<[String]> {
    var sums: [[String]: [String: Int]] = [:]
    var counted: Set<String> = []
    for entry in entries {
      let day = days.day(entry.time)
      guard day >= from, day < to else { continue }
      let key = (isDaily ? [day] : []) + group(entry) + [entry.currency]
      let count = entry.cards.count
      let gross = entry.price * count
      let whole = Double(entry.lineCount)
      let discount = Int((Double(entry.lineDiscount * count) / whole).rounded(.up))
      let tax = Int((Double(entry.lineTax * count) / whole).rounded(.down))
      let cost = entry.cards.reduce(0) { $0 + costs[$1]! }
      func add(_ name: String, _ amount: Int) { sums[key, default: [:]][name, default: 0] += amount }
      let isSale = entry.kind == "sale" || entry.kind == "settlement"
      if isSale {
        // A sale counts where its first line of a currency does.
        if counted.insert("\(entry.kind) \(entry.reservation) \(entry.time) \(entry.currency)").inserted {
          add("sales", 1)
        }
        add("cards", count)
        add("gross", gross)
        add("discounts", discount)
      } else {
        add("back", count)
        add(entry.kind == "return" ? "returns" : "cancellations", gross - discount)
      }
      add("tax", isSale ? tax : -tax)
      add("cost", isSale ? cost : -cost)
    }
    return Set(
      sums.map { key, sum in
        func of(_ name: String) -> Int { sum[name] ?? 0 }
        let net = of("gross") - of("discounts") - of("returns") - of("cancellations") - of("tax")
        let margin = net - of("cost")
        let amounts = [
          of("sales"), of("cards"), of("back"), of("gross"), of("discounts"), of("returns"), of("cancellations"),
          of("tax"), net, of("cost"), margin,
        ]
        let percent = net > 0 ? String(Int((Double(margin) * 10_000 / Double(net)).rounded())) : ""
        return key + amounts.map(String.init) + [percent]
      })
  }

  // MARK: Details

  /// Each row's date, order, line, state, actor, product, cards, quantity, net and cost, and the date of its sale.
  func details(_ days: Days, from: String, to: String) -> [[String]] {
    entries.compactMap { entry in
      let day = days.day(entry.time)
      guard day >= from, day < to else { return nil }
      let sign = entry.kind == "sale" || entry.kind == "settlement" ? 1 : -1
      let count = entry.cards.count
      let whole = Double(entry.lineCount)
      let discount = Int((Double(entry.lineDiscount * count) / whole).rounded(.up))
      let tax = Int((Double(entry.lineTax * count) / whole).rounded(.down))
      let cost = entry.cards.reduce(0) { $0 + costs[$1]! }
      return [
        day, entry.reservation, String(entry.line + 1), entry.kind, entry.actor, entry.sku,
        entry.cards.sorted().map(String.init).joined(separator: " "), String(sign * count),
        String(sign * (entry.price * count - discount - tax)), String(sign * cost), entry.soldAt.map(days.day) ?? "",
      ]
    }
  }

  // MARK: Control

  /// Of each product: opening, received, sold, returned, adjusted, closing.
  func control(_ days: Days, from: String, to: String) -> [String: [Int]] {
    var rows: [String: [Int]] = [:]
    let places = ["received": 1, "sold": 2, "returned": 3, "withdrawn": 4]
    let signs = ["received": 1, "sold": -1, "returned": 1, "withdrawn": -1]
    for movement in movements {
      let day = days.day(movement.time)
      guard day < to else { continue }
      let change = signs[movement.what]! * movement.cards
      var row = rows[movement.sku] ?? [0, 0, 0, 0, 0, 0]
      if day < from { row[0] += change } else { row[places[movement.what]!] += movement.cards }
      row[5] += change
      rows[movement.sku] = row
    }
    return rows.mapValues { [$0[0], $0[1], $0[2], $0[3], -$0[4], $0[5]] }
  }
}

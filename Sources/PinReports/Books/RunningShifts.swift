import PinBytes
import PinEngine
import PinWords

/// The shift that each actor is in, and what the postings since it began add up to.
///
/// A shift begins with the actor's first event, or with the close before. It holds what grows with the actors, never what
/// grows with sales.
struct RunningShifts: Hashable, Sendable {
  struct Shift: Hashable, Sendable {
    var number: UInt32 = 1
    /// 0 for the first.
    var openedMilliseconds: UInt64 = 0
    var totals: [ShiftTotal] = []
  }

  private var shifts: [ActorID: Shift] = [:]

  /// In the order of their actors' numbers.
  var sorted: [(actor: ActorID, shift: Shift)] { shifts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }

  mutating func add(_ posting: Posting) { shifts[posting.user.actor, default: Shift()].add(posting) }

  /// Ends an actor's shift, begins its next, and returns what the one that ended came to.
  mutating func close(of actor: ActorID, atMilliseconds time: UInt64) -> Shift {
    let closed = shifts[actor] ?? Shift()
    shifts[actor] = Shift(number: closed.number + 1, openedMilliseconds: time)
    return closed
  }
}

extension RunningShifts.Shift {
  /// Counts as `docs/formats.md` says of shifts: a settlement without its tax.
  fileprivate mutating func add(_ posting: Posting) {
    if !totals.contains(where: { $0.currency == posting.currency }) {
      totals.append(ShiftTotal(currency: posting.currency))
    }
    let index = totals.firstIndex { $0.currency == posting.currency }!
    let (one, cards) = (posting.countsSale ? UInt32(1) : 0, UInt32(clamping: posting.cards.magnitude))
    switch posting.kind {
    case .sale, .settlement:
      totals[index].sales += one
      totals[index].cards += cards
      totals[index].grossMinor += UInt64(clamping: posting.grossMinor)
      totals[index].discountMinor += UInt64(clamping: posting.discountMinor)
      if posting.kind == .sale { totals[index].taxMinor += UInt64(clamping: posting.taxMinor) }
    case .cancellation:
      totals[index].reversals += one
      totals[index].reversedCards += cards
      totals[index].reversedMinor += UInt64(clamping: -posting.amountMinor)
    case .returned:
      totals[index].returnedCards += cards
      totals[index].returnedMinor += UInt64(clamping: -posting.amountMinor)
    }
  }
}

// MARK: In a file of kept books: `docs/formats.md` tells its layout

extension RunningShifts {
  func write(to writer: inout ByteWriter) {
    writer.write(UInt32(shifts.count))
    for (actor, shift) in sorted {
      writer.write(actor.rawValue)
      writer.write(shift.number)
      writer.write(shift.openedMilliseconds)
      writer.write(UInt32(shift.totals.count))
      for total in shift.totals {
        writer.write(total.currency.code)
        for count in [total.sales, total.cards, total.reversals, total.reversedCards, total.returnedCards] {
          writer.write(count)
        }
        for minor in [
          total.grossMinor, total.discountMinor, total.taxMinor, total.reversedMinor, total.returnedMinor,
        ] {
          writer.write(minor)
        }
      }
    }
  }

  init(_ reader: inout ByteReader) throws(ByteShortage) {
    for _ in 0..<(try reader.read(UInt32.self)) {
      let actor = ActorID(try reader.read(UInt32.self))
      var shift = Shift(number: try reader.read(), openedMilliseconds: try reader.read())
      for _ in 0..<(try reader.read(UInt32.self)) {
        guard let currency = Currency(code: try reader.read()) else { throw ByteShortage() }
        var total = ShiftTotal(currency: currency)
        total.sales = try reader.read()
        total.cards = try reader.read()
        total.reversals = try reader.read()
        total.reversedCards = try reader.read()
        total.returnedCards = try reader.read()
        total.grossMinor = try reader.read()
        total.discountMinor = try reader.read()
        total.taxMinor = try reader.read()
        total.reversedMinor = try reader.read()
        total.returnedMinor = try reader.read()
        shift.totals.append(total)
      }
      shifts[actor] = shift
    }
  }
}

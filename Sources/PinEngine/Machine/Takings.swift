import PinBytes
import PinWords

/// What an actor took in the present minute and day, which is what its limits are compared with.
///
/// It is counted for every actor, whether it has limits or not, so that a limit counts from midnight whenever it is set. Like
/// the shift, with which it is kept, it is a fold over the journal, held in memory and written at a checkpoint.
struct Takings {
  var minute = Window(.minute)
  var day = Window(.day)

  /// Counts cards that are taken at a time.
  mutating func take(_ grant: borrowing GrantReader, at timeMilliseconds: UInt64) {
    minute.begin(at: timeMilliseconds)
    day.begin(at: timeMilliseconds)
    for index in 0..<grant.lineCount {
      let granted = grant.line(index)
      minute.add(granted)
      day.add(granted)
    }
  }

  /// Counts no longer what was taken at a time and went back unsold.
  mutating func giveBack(_ grant: borrowing GrantReader, takenAt timeMilliseconds: UInt64) {
    for index in 0..<grant.lineCount {
      let granted = grant.line(index)
      if minute.includes(timeMilliseconds) { minute.subtract(granted) }
      if day.includes(timeMilliseconds) { day.subtract(granted) }
    }
  }

  /// Counts cards whose PINs are told again, or of which another took them.
  mutating func reprint(cards: UInt64, at timeMilliseconds: UInt64) {
    minute.begin(at: timeMilliseconds)
    day.begin(at: timeMilliseconds)
    minute.reprints &+= cards
    day.reprints &+= cards
  }
}

extension Takings {
  /// How long counts are gathered before they begin anew.
  enum Span: UInt64 {
    case minute = 60_000
    case day = 86_400_000
  }

  /// The counts of one minute or day.
  struct Window {
    let span: Span
    /// Which one since 1970.
    var number: UInt64 = 0
    var cards: UInt64 = 0
    var reprints: UInt64 = 0
    /// Wraps around rather than traps: only an actor without a limit comes that far.
    var values: [Value] = []

    /// The price of the cards taken, in one currency.
    struct Value {
      var currency: Currency
      var minor: UInt64
    }

    init(_ span: Span) { self.span = span }

    func includes(_ timeMilliseconds: UInt64) -> Bool { timeMilliseconds / span.rawValue == number }

    /// When the window that includes a time is over, from then, in milliseconds.
    func remainingMilliseconds(at timeMilliseconds: UInt64) -> UInt32 {
      UInt32(span.rawValue - timeMilliseconds % span.rawValue)
    }

    mutating func begin(at timeMilliseconds: UInt64) {
      guard !includes(timeMilliseconds) else { return }
      number = timeMilliseconds / span.rawValue
      cards = 0
      reprints = 0
      values.removeAll(keepingCapacity: true)
    }

    func valueMinor(in currency: Currency) -> UInt64 {
      values.first { $0.currency == currency }?.minor ?? 0
    }

    mutating func add(_ granted: GrantedLine) {
      cards += UInt64(granted.line.count)
      let minor = granted.unitPriceMinor &* UInt64(granted.line.count)
      if let index = values.firstIndex(where: { $0.currency == granted.currency }) {
        values[index].minor &+= minor
      } else {
        values.append(Value(currency: granted.currency, minor: minor))
      }
    }

    mutating func subtract(_ granted: GrantedLine) {
      precondition(cards >= UInt64(granted.line.count), "more goes back unsold than was taken")
      cards -= UInt64(granted.line.count)
      guard let index = values.firstIndex(where: { $0.currency == granted.currency }) else {
        preconditionFailure("cards go back in a currency in which none were taken")
      }
      values[index].minor &-= granted.unitPriceMinor &* UInt64(granted.line.count)
    }

    func write(to writer: inout ByteWriter) {
      writer.write(number)
      writer.write(cards)
      writer.write(reprints)
      writer.write(UInt16(values.count))
      for value in values {
        writer.write(value.currency.code)
        writer.write(value.minor)
      }
    }

    init(_ span: Span, _ reader: inout ByteReader) throws(ByteShortage) {
      self.span = span
      number = try reader.read()
      cards = try reader.read()
      reprints = try reader.read()
      for _ in 0..<(try reader.read(UInt16.self)) {
        guard let currency = Currency(code: try reader.read()) else { throw ByteShortage() }
        values.append(Value(currency: currency, minor: try reader.read()))
      }
    }
  }

  func write(to writer: inout ByteWriter) {
    minute.write(to: &writer)
    day.write(to: &writer)
  }
}

extension Takings {
  init(_ reader: inout ByteReader) throws(ByteShortage) {
    minute = try Window(.minute, &reader)
    day = try Window(.day, &reader)
  }
}

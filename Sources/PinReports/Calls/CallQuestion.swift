import PinWords

/// The calls that country rates are compared for.
package struct CallQuestion: Hashable, Sendable {
  /// How long one call is: 1 second to a day.
  package var callSeconds: UInt32 = 300
  /// What is spent on calls, in minor units; nil for what each card is worth.
  package var amountMinor: UInt64?
  /// Only calls from this country.
  package var from: String?
  /// Only calls to this country; nil for the countries that most customers call.
  package var to: String?
  /// Only customers who have consented to marketing mail: whom a mailing may reach.
  package var isOfConsenting = false
  /// Only calls to mobile telephones, or only to fixed ones.
  package var isMobile: Bool?
  /// How many cards are told for a country at most, of each origin, line and currency.
  package static let mostCards = 5
  /// How many countries are told at most.
  package static let mostCountries = 50

  package init() {}

  package func confirmSound(_ currency: Currency?) throws(ReportError) {
    guard (1...86_400).contains(callSeconds) else { throw .notACall("length") }
    if let from, !from.isCountryCode { throw .notACall("origin") }
    if let to, !to.isCountryCode { throw .notACall("country") }
    // An amount is of one currency.
    if let amountMinor, currency == nil || !(1...(1 << 40)).contains(amountMinor) { throw .notACall("amount") }
  }
}

/// What a call costs with a card, and what an amount buys.
struct CallCost: Hashable {
  /// One call, with its connection fee, in thousandths of a minor unit.
  let callThousandths: UInt64
  /// How many such calls the amount buys, once its maintenance fee is taken; nil if calls are free.
  let calls: UInt64?
  /// What a minute comes to when all of them are made, fees and all, in thousandths of a minor unit; nil if the amount buys
  /// none.
  let minuteThousandths: UInt64?
  private let callSeconds: UInt64

  /// Every part of a thousandth counts as a whole one.
  init(_ rate: CountryRate, callSeconds: UInt32, amountMinor: UInt64) {
    let (seconds, step) = (UInt64(callSeconds), UInt64(rate.roundingSeconds))
    let charged = (seconds + step - 1) / step * step
    let call = (rate.perMinuteThousandths * charged + 59) / 60 + rate.connectionMinor * 1000
    self.callSeconds = seconds
    callThousandths = call
    guard amountMinor >= rate.maintenanceMinor else {
      (calls, minuteThousandths) = (0, nil)
      return
    }
    guard call > 0 else {
      (calls, minuteThousandths) = (nil, 0)
      return
    }
    let calls = (amountMinor - rate.maintenanceMinor) * 1000 / call
    self.calls = calls
    let spent = UInt128(calls) * UInt128(call) + UInt128(rate.maintenanceMinor) * 1000
    let talked = UInt128(calls) * UInt128(seconds)
    minuteThousandths = calls == 0 ? nil : UInt64((spent * 60 + talked - 1) / talked)
  }

  /// In hundredths of a minute, what is less being left out; nil if calls are free.
  var minutesHundredths: UInt64? { calls.map { $0 * callSeconds * 100 / 60 } }

  /// Whether it is the better one: a lower rate first; what buys no call comes last.
  static func < (left: CallCost, right: CallCost) -> Bool {
    (left.minuteThousandths ?? .max, left.callThousandths) < (right.minuteThousandths ?? .max, right.callThousandths)
  }
}

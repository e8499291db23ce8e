/// What stands in one row of a vendor file.
package enum VendorRow: Equatable, Sendable {
  /// A card that is fit to load; `VendorFileReader.withCard` lends its serial and PIN until the next row is read.
  ///
  /// The line is where the row starts, counted from 1 with the header as line 1. No expiry if the column is missing or
  /// empty.
  case card(line: Int, expires: CalendarDay?)
  case refused(RefusedRow)
}

/// A row that cannot be loaded, and why.
package struct RefusedRow: Equatable, Sendable {
  /// The line where the row starts.
  package let line: Int
  /// The line where it ends: a later one if quotes hold line breaks.
  package let lastLine: Int
  package let fault: RowFault

  package init(line: Int, lastLine: Int, fault: RowFault) {
    self.line = line
    self.lastLine = lastLine
    self.fault = fault
  }
}

extension RefusedRow: CustomStringConvertible {
  package var description: String {
    let place = line == lastLine ? "line \(line)" : "lines \(line) to \(lastLine)"
    return "\(place): \(fault.name): \(fault)"
  }
}

/// Why a row cannot be loaded: by the reader of the file, or later by the store, which alone knows of other cards.
package enum RowFault: Equatable, Sendable {
  case tooFewColumns
  case tooManyColumns
  case strayQuote
  case emptySerial
  case emptyPIN
  case serialTooLong
  case pinTooLong
  case controlCharacter
  case invalidUTF8
  case badDate
  case noSuchDay
  case expired(CalendarDay)
  case duplicateInFile
  case duplicateOfEarlierLot(purchase: UInt64)
  case serialDuplicateInFile
  case serialDuplicateOfEarlierLot(purchase: UInt64)
}

extension RowFault {
  /// The name for machines; it never changes.
  package var name: String {
    switch self {
    case .tooFewColumns: "too-few-columns"
    case .tooManyColumns: "too-many-columns"
    case .strayQuote: "stray-quote"
    case .emptySerial: "empty-serial"
    case .emptyPIN: "empty-pin"
    case .serialTooLong: "serial-too-long"
    case .pinTooLong: "pin-too-long"
    case .controlCharacter: "control-character"
    case .invalidUTF8: "invalid-utf8"
    case .badDate: "bad-date"
    case .noSuchDay: "no-such-day"
    case .expired: "expired"
    case .duplicateInFile: "duplicate-in-file"
    case .duplicateOfEarlierLot: "duplicate-of-earlier-lot"
    case .serialDuplicateInFile: "serial-duplicate-in-file"
    case .serialDuplicateOfEarlierLot: "serial-duplicate-of-earlier-lot"
    }
  }
}

extension RowFault: CustomStringConvertible {
  /// What is wrong and what to do about it; never any text of the row but its expiry.
  package var description: String {
    switch self {
    case .tooFewColumns: "the row has fewer columns than the header; complete it, or ask the vendor for it"
    case .tooManyColumns: "the row has more columns than the header; put quotes around a field that holds the delimiter"
    case .strayQuote: "a quote stands in the middle of a field; quote the whole field and double the quotes inside it"
    case .emptySerial: "the serial is empty; ask the vendor for it, or take the row out"
    case .emptyPIN: "the PIN is empty; ask the vendor for it, or take the row out"
    case .serialTooLong: "the serial is longer than \(longestFieldBytes) bytes; check that its column is the right one"
    case .pinTooLong: "the PIN is longer than \(longestFieldBytes) bytes; check that its column is the right one"
    case .controlCharacter: "the serial or the PIN holds a control character; ask the vendor for the row again"
    case .invalidUTF8: "the serial or the PIN is not valid UTF-8; save the file as UTF-8, or ask for the row again"
    case .badDate: "the expiry is not a date; write it as YYYY-MM-DD"
    case .noSuchDay: "the expiry is a day that the calendar does not have; ask the vendor which day is meant"
    case .expired(let day): "the card expired on \(day); ask the vendor to replace it"
    case .duplicateInFile: "an earlier row of this file has the same PIN; take one of the two out"
    case .duplicateOfEarlierLot(let purchase): "purchase \(purchase) has brought this PIN already; take the row out"
    case .serialDuplicateInFile: "an earlier row of this file has the same serial; ask the vendor which one is right"
    case .serialDuplicateOfEarlierLot(let purchase):
      "purchase \(purchase) has brought this serial already; ask the vendor which one is right"
    }
  }
}

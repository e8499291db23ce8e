/// Where a field's text lies in the window, without its quotes and without the spaces around it.
struct FieldRange {
  var text: Range<Int>
  var isQuoted = false
  /// Its text still has each of its quotes twice.
  var hasDoubledQuotes = false
}

/// What was found where a record should be.
struct RecordScan {
  enum Outcome {
    /// The whole record is there.
    case record
    /// The bytes end outside quotes, before the record does.
    case incomplete
    /// The bytes end inside quotes that opened this many line breaks after the record's start.
    case insideQuotes(lineBreaksBefore: Int)
  }

  var outcome = Outcome.record
  /// Where the next record starts.
  var end = 0
  var fieldCount = 0
  /// How many line breaks the record holds inside quotes.
  var lineBreaks = 0
  /// A line break ended it, not the end of the text.
  var isTerminated = false
  /// A quote stands inside an unquoted field, or text follows a closing quote.
  var hasStrayQuote = false
  /// The line is empty or has only spaces.
  var isBlank = false

  /// By how much the next record's line is greater than this one's.
  var lines: Int { lineBreaks + (isTerminated ? 1 : 0) }
}

private let space = UInt8(ascii: " ")
private let quote = UInt8(ascii: "\"")
private let lineFeed = UInt8(ascii: "\n")
private let carriageReturn = UInt8(ascii: "\r")

/// Finds the fields of one record of RFC 4180 text, reading each byte once and copying none.
///
/// A line ends in LF, CRLF or CR, or with the last byte when `isLast`. After a stray quote the record goes on as if it
/// were unquoted, to the end of its line. Fields are told in order; what was told of a record that turns out not to be
/// complete is to be forgotten.
@inline(__always)
func scanRecord(
  _ bytes: Span<UInt8>, in range: Range<Int>, isLast: Bool, delimiter: UInt8, field: (Int, FieldRange) -> Void
) -> RecordScan {
  var record = RecordScan()
  var position = range.lowerBound
  let limit = range.upperBound
  while true {
    while position < limit, bytes[position] == space { position += 1 }
    var found = FieldRange(text: position..<position)
    if position < limit, bytes[position] == quote {
      guard let past = scanQuoted(bytes, from: position, to: limit, &found, &record) else {
        return record
      }
      position = past
    }
    let tail = position
    var byte = lineFeed
    while position < limit {
      byte = bytes[position]
      if byte == delimiter || byte == lineFeed || byte == carriageReturn { break }
      if byte == quote { record.hasStrayQuote = true }
      position += 1
    }
    // A carriage return as the very last byte may be half of a line's end.
    guard position < limit && (byte != carriageReturn || position + 1 < limit) || isLast else {
      record.outcome = .incomplete
      return record
    }
    var textEnd = position
    while textEnd > tail, bytes[textEnd - 1] == space { textEnd -= 1 }
    if !found.isQuoted {
      found.text = tail..<textEnd
    } else if textEnd > tail {
      record.hasStrayQuote = true
    }
    field(record.fieldCount, found)
    record.fieldCount += 1
    if position < limit, byte == delimiter {
      position += 1
      continue
    }
    record.isBlank = record.fieldCount == 1 && !found.isQuoted && found.text.isEmpty
    if position < limit {
      record.isTerminated = true
      position += byte == carriageReturn && position + 1 < limit && bytes[position + 1] == lineFeed ? 2 : 1
    }
    record.end = position
    return record
  }
}

/// Walks over a quoted field from its opening quote and returns the position past the closing one, nil if there is none.
@inline(__always)
private func scanQuoted(
  _ bytes: Span<UInt8>, from opening: Int, to limit: Int, _ found: inout FieldRange, _ record: inout RecordScan
) -> Int? {
  let lineBreaksBefore = record.lineBreaks
  var position = opening + 1
  found.isQuoted = true
  while position < limit {
    let byte = bytes[position]
    if byte == quote {
      let next = position + 1
      if next == limit || bytes[next] != quote {
        found.text = (opening + 1)..<position
        return next
      }
      found.hasDoubledQuotes = true
      position = next
    } else if byte == carriageReturn || byte == lineFeed && bytes[position - 1] != carriageReturn {
      record.lineBreaks += 1
    }
    position += 1
  }
  record.outcome = .insideQuotes(lineBreaksBefore: lineBreaksBefore)
  return nil
}

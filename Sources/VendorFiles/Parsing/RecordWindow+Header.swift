extension RecordWindow {
  /// Takes the byte-order mark, if there is one, and the header; afterwards the line is the one past it.
  mutating func takeHeader(line: inout Int) throws(VendorFileError) -> Header {
    try refill()
    try checkLooksLikeText()
    if startsWith([0xEF, 0xBB, 0xBF]) { skip(3) }
    while true {
      // Which delimiter makes most sense must not depend on how much happens to be here.
      try readAhead()
      if unread.isEmpty, isStreamOver { throw .noHeader }
      let reading = scanHeader()
      if case .record = reading.scan.outcome {
        let start = line
        line += reading.scan.lines
        skip(reading.scan.end - unread.lowerBound)
        if reading.scan.isBlank { continue }
        if reading.scan.hasStrayQuote { throw .strayQuoteInHeader(line: start) }
        return try Header(names: reading.names, delimiter: reading.delimiter)
      }
      try makeRoom(after: reading.scan, line: line)
    }
  }

  /// Reads the header under each delimiter and returns the reading that makes most sense: the one with most known names,
  /// then the one without a stray quote, then the one with most columns.
  private func scanHeader() -> (scan: RecordScan, names: [String], delimiter: UInt8) {
    let readings = Header.delimiters.map { delimiter in
      var fields: [FieldRange] = []
      let scan = scan(delimiter: delimiter) { _, field in fields.append(field) }
      let names = withText { text in
        var names: [String] = []
        for field in fields { names.append(name(of: field, in: text)) }
        return names
      }
      return (scan: scan, names: names, delimiter: delimiter)
    }
    func rank(_ reading: (scan: RecordScan, names: [String], delimiter: UInt8)) -> (Int, Int, Int) {
      (Header.knownNames(in: reading.names), reading.scan.hasStrayQuote ? 0 : 1, reading.names.count)
    }
    return readings.dropFirst().reduce(readings[0]) { best, reading in rank(reading) > rank(best) ? reading : best }
  }

  /// A column's name as it was meant: outside quotes and inside them, spaces around it mean nothing.
  private func name(of field: FieldRange, in text: Span<UInt8>) -> String {
    var bytes: [UInt8] = []
    var index = field.text.lowerBound
    while index < field.text.upperBound {
      bytes.append(text[index])
      index += field.hasDoubledQuotes && text[index] == UInt8(ascii: "\"") ? 2 : 1
    }
    let space = UInt8(ascii: " ")
    while bytes.last == space { bytes.removeLast() }
    return String(decoding: bytes.drop { $0 == space }, as: UTF8.self)
  }

  /// Vendors do send spreadsheets and UTF-16; a missing column would be a poor way to say so.
  private func checkLooksLikeText() throws(VendorFileError) {
    if startsWith([0xFF, 0xFE]) || startsWith([0xFE, 0xFF]) { throw .notCSV(looksLike: "text in UTF-16") }
    if startsWith([0x50, 0x4B, 0x03, 0x04]) { throw .notCSV(looksLike: "a spreadsheet or a zip archive") }
    if startsWith([0xD0, 0xCF, 0x11, 0xE0]) { throw .notCSV(looksLike: "a spreadsheet") }
  }

  /// Reads on after a scan that found only the start of a record.
  ///
  /// - Throws: when no further byte can complete it, the error that names the line where the trouble began.
  mutating func makeRoom(after scan: RecordScan, line: Int) throws(VendorFileError) {
    if isRecordOverLimit || isStreamOver {
      guard case .insideQuotes(let lineBreaks) = scan.outcome else {
        throw .recordTooLong(line: line, limitBytes: recordLimitBytes)
      }
      if isRecordOverLimit { throw .quoteTooLong(line: line + lineBreaks, limitBytes: recordLimitBytes) }
      throw .quoteNeverCloses(line: line + lineBreaks)
    }
    try refill()
  }
}

/// What a PIN or a serial may be: from 1 to this many bytes of UTF-8 without control characters.
package let longestFieldBytes = 64

/// What is wrong with the text of a serial or a PIN, whichever it is.
enum FieldFault {
  case empty
  case tooLong
  case controlCharacter
  case invalidUTF8
}

/// Checks the text of a serial or a PIN; nil if all is well.
func fieldFault(_ bytes: Span<UInt8>, in range: Range<Int>) -> FieldFault? {
  var isBlank = true
  var isASCII = true
  for index in range {
    let byte = bytes[index]
    if byte < 0x20 || byte == 0x7F { return .controlCharacter }
    if byte != UInt8(ascii: " ") { isBlank = false }
    if byte >= 0x80 { isASCII = false }
  }
  if isBlank { return .empty }
  if range.count > longestFieldBytes { return .tooLong }
  return isASCII ? nil : fieldFaultBeyondASCII(bytes, in: range)
}

private func fieldFaultBeyondASCII(_ bytes: Span<UInt8>, in range: Range<Int>) -> FieldFault? {
  guard let text = try? UTF8Span(validating: bytes.extracting(range)) else { return .invalidUTF8 }
  var scalars = text.makeUnicodeScalarIterator()
  while let scalar = scalars.next() {
    // U+0080 to U+009F: terminals obey them just as they do those below U+0020.
    if scalar.properties.generalCategory == .control { return .controlCharacter }
  }
  return nil
}

import PinBytes
import PinWords

/// What all changes' events begin with, after the id: the request as its fields, and where the result ends.
struct ChangeHead {
  private let fields: [(field: Field, value: [UInt8])]
  let resultByteCount: Int
  private let resultEnd: Int

  init(_ reader: inout ByteReader) throws(ByteShortage) {
    let requestByteCount = Int(try reader.read(UInt32.self))
    resultByteCount = Int(try reader.read(UInt32.self))
    var request = ByteReader(try reader.readBytes(requestByteCount))
    var fields: [(field: Field, value: [UInt8])] = []
    while request.remaining > 0 {
      guard let field = Field(rawValue: try request.read()) else { throw ByteShortage() }
      let count = Int(try request.read(UInt16.self))
      fields.append((field, [UInt8](try request.readBytes(count))))
    }
    self.fields = fields
    resultEnd = reader.offset + resultByteCount
  }

  /// Throws unless the result was read to its end.
  func endResult(_ reader: borrowing ByteReader) throws(ByteShortage) {
    guard reader.offset == resultEnd else { throw ByteShortage() }
  }

  /// The documents that the change replaced: what is left of the result.
  @_lifetime(reader: copy reader)
  func replaced(_ reader: inout ByteReader) throws(ByteShortage) -> [RequestID] {
    try reader.readIDs(to: resultEnd)
  }

  private func value(_ field: Field) throws(ByteShortage) -> [UInt8] {
    guard let found = fields.first(where: { $0.field == field }) else { throw ByteShortage() }
    return found.value
  }

  func text(_ field: Field) throws(ByteShortage) -> String {
    guard let text = String(validating: try value(field), as: UTF8.self) else { throw ByteShortage() }
    return text
  }

  func number<Value: FixedWidthInteger>(_ field: Field, as type: Value.Type) throws(ByteShortage) -> Value {
    try Self.number(try value(field))
  }

  /// What a request changed of an actor's keys.
  func keyChange() throws(ByteShortage) -> KeyChange {
    let bytes = try value(.key)
    guard bytes.count == 9,
      let change = KeyChange(number: bytes[0], timeMilliseconds: try Self.number(Array(bytes[1...])))
    else { throw ByteShortage() }
    return change
  }

  func requestID(_ field: Field) throws(ByteShortage) -> RequestID {
    let bytes = try value(field)
    guard bytes.count == 16 else { throw ByteShortage() }
    return RequestID(high: try Self.number(Array(bytes[..<8])), low: try Self.number(Array(bytes[8...])))
  }

  /// The document that a request named; nil if it named none.
  var document: DocumentName? {
    guard let found = fields.first(where: { $0.field == .document }) else { return nil }
    var reader = ByteReader(found.value.span.bytes)
    guard let name = try? DocumentName(&reader), reader.remaining == 0 else { return nil }
    return name
  }

  /// The cards that a request named: a pair of fields for each extent.
  func extents() throws(ByteShortage) -> [Extent] {
    var extents: [Extent] = []
    for (index, (field, value)) in fields.enumerated() where field == .extents {
      guard index + 1 < fields.count, fields[index + 1].field == .count else { throw ByteShortage() }
      let first = CardID(try Self.number(value))
      let extent = Extent(first: first, count: try Self.number(fields[index + 1].value))
      guard extent.isSound else { throw ByteShortage() }
      extents.append(extent)
    }
    return extents
  }

  private static func number<Value: FixedWidthInteger>(_ bytes: [UInt8]) throws(ByteShortage) -> Value {
    guard bytes.count == Value.bitWidth / 8 else { throw ByteShortage() }
    return bytes.reduce(0) { $0 << 8 | Value(truncatingIfNeeded: $1) }
  }
}

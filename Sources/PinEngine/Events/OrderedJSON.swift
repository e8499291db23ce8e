import PinWords

/// A JSON value whose objects keep the order in which they were written, so that a line reads the same every time.
enum OrderedJSON: Sendable {
  case null
  case flag(Bool)
  case integer(UInt64)
  case text(String)
  case list([OrderedJSON])
  case object([(key: String, value: OrderedJSON)])

  static func object(_ members: KeyValuePairs<String, OrderedJSON>) -> OrderedJSON { .object(Array(members)) }
  static func number(_ number: some UnsignedInteger) -> OrderedJSON { .integer(UInt64(number)) }
  static func number(orNone number: some UnsignedInteger) -> OrderedJSON { number == 0 ? .null : .number(number) }
  static func number<Number: Identity>(_ number: Number) -> OrderedJSON { .integer(UInt64(number.rawValue)) }
  static func id(_ id: RequestID) -> OrderedJSON { .text("\(id)") }
  static func time(_ timeMilliseconds: UInt64) -> OrderedJSON { .text(rfc3339(timeMilliseconds)) }
  static func time(orNone timeMilliseconds: UInt64) -> OrderedJSON {
    timeMilliseconds == 0 ? .null : .time(timeMilliseconds)
  }
  static func day(_ day: Day) -> OrderedJSON { .text(day.calendarText) }
  static func hexadecimal(_ number: UInt64) -> OrderedJSON {
    let digits = String(number, radix: 16)
    return .text(String(repeating: "0", count: 16 - digits.count) + digits)
  }
}

// MARK: Text

extension OrderedJSON {
  /// Appends the value as text without spaces (RFC 8259).
  func write(to text: inout String) {
    switch self {
    case .null: text += "null"
    case .flag(let flag): text += flag ? "true" : "false"
    case .integer(let number): text += String(number)
    case .text(let string): Self.write(string, to: &text)
    case .list(let values):
      text += "["
      for (index, value) in values.enumerated() {
        if index > 0 { text += "," }
        value.write(to: &text)
      }
      text += "]"
    case .object(let members):
      text += "{"
      for (index, member) in members.enumerated() {
        if index > 0 { text += "," }
        Self.write(member.key, to: &text)
        text += ":"
        member.value.write(to: &text)
      }
      text += "}"
    }
  }

  private static func write(_ string: String, to text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\u{8}": text += "\\b"
      case "\u{C}": text += "\\f"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case "\0"..<" ": text += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}

// MARK: Codable

extension OrderedJSON: Encodable {
  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { nil }
  }

  func encode(to encoder: any Encoder) throws {
    switch self {
    case .object(let members):
      var container = encoder.container(keyedBy: Key.self)
      for member in members { try container.encode(member.value, forKey: Key(member.key)) }
    case .list(let values):
      var container = encoder.unkeyedContainer()
      for value in values { try container.encode(value) }
    case .null:
      var container = encoder.singleValueContainer()
      try container.encodeNil()
    case .flag(let flag):
      var container = encoder.singleValueContainer()
      try container.encode(flag)
    case .integer(let number):
      var container = encoder.singleValueContainer()
      try container.encode(number)
    case .text(let string):
      var container = encoder.singleValueContainer()
      try container.encode(string)
    }
  }
}

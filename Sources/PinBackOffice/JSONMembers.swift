import Foundation

/// Whether JSON gives a member of an object twice: readers differ in which of the two they take, and none says that there
/// were two.
///
/// The JSON is known to be right. So it has a colon outside its strings for each member, and what was read of it has each
/// member once.
func hasMemberTwice(_ json: Data, readAs value: Any) -> Bool {
  var (colons, isInString, isEscaped) = (0, false, false)
  for byte in json {
    if isInString {
      if !isEscaped, byte == UInt8(ascii: "\"") { isInString = false }
      isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
    } else if byte == UInt8(ascii: "\"") {
      isInString = true
    } else if byte == UInt8(ascii: ":") {
      colons += 1
    }
  }
  return colons != memberCount(value)
}

private func memberCount(_ value: Any) -> Int {
  if let object = value as? [String: Any] { return object.values.reduce(object.count) { $0 + memberCount($1) } }
  return (value as? [Any])?.reduce(0) { $0 + memberCount($1) } ?? 0
}

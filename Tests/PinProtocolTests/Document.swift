import Foundation
import PinBytes
import Testing

/// `protocol.md`, read as a machine reads it: its dumps by name, and its table rows.
struct Document: Sendable, CustomTestStringConvertible {
  static let shared = Document()

  /// A failed expectation does not print the whole text.
  var testDescription: String { "protocol.md" }

  let text: String
  /// The bytes of each dump, offsets and comments left out.
  var dumps: [String: [UInt8]] = [:]
  /// Where in each dump's bytes the reserved ones stand.
  var reserved: [String: [Int]] = [:]
  /// What is wrong with a dump's own offsets.
  var faults: [String] = []

  private init() {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    text = (try? String(contentsOf: root.appending(path: "protocol.md"), encoding: .utf8)) ?? ""
    var name: String?
    var offset = 0
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if let found = name {
        if line.hasPrefix("```") {
          name = nil
        } else if line.isEmpty {
          offset = 0
        } else {
          read(line, of: found, at: &offset)
        }
      } else if line.hasPrefix("```hex ") {
        name = String(line.dropFirst(7))
        offset = 0
        if dumps.updateValue([], forKey: name!) != nil { faults.append("\(name!) is there twice") }
      }
    }
  }

  /// Reads a line such as `  16: 00 01 ; line count 1`.
  private mutating func read(_ line: Substring, of name: String, at offset: inout Int) {
    let content = line.prefix { $0 != ";" }
    let parts = content.split(separator: ":")
    guard parts.count == 2, let told = Int(parts[0].filter { $0 != " " }),
      let bytes = [UInt8](hexadecimal: parts[1].filter { $0 != " " })
    else {
      faults.append("\(name): \(line)")
      return
    }
    if told != offset { faults.append("\(name): offset \(told) should be \(offset)") }
    offset += bytes.count
    if line.hasSuffix("reserved") {
      let start = dumps[name]!.count
      reserved[name, default: []] += start..<start + bytes.count
    }
    dumps[name]! += bytes
  }

  /// Whether a table has a row that starts with this number and this name in code type.
  func hasRow(_ number: some BinaryInteger, _ name: String, under heading: String) -> Bool {
    guard let start = text.range(of: "\n\(heading)\n") else { return false }
    let rest = text[start.upperBound...]
    let end = rest.range(of: "\n#")?.lowerBound ?? rest.endIndex
    return rest[..<end].split(separator: "\n").contains {
      $0.hasPrefix("| \(number) |") && $0.contains("| `\(name)` |")
    }
  }

  /// A frame's bytes as the document has them, for putting right a dump that is wrong.
  static func dumpLines(_ frame: [UInt8]) -> String {
    func lines(_ bytes: ArraySlice<UInt8>) -> [String] {
      stride(from: 0, to: bytes.count, by: 16).map { offset in
        let row = bytes.dropFirst(offset).prefix(16).map { String(0x100 + Int($0), radix: 16).dropFirst() }
        return "\(offset): \(row.joined(separator: " "))"
      }
    }
    return (lines(frame.prefix(12)) + [""] + lines(frame.dropFirst(12))).joined(separator: "\n")
  }
}

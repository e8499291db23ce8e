import ArgumentParser
import Foundation

/// How a command's result is printed.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Print JSON, with keys that stay.")
  var json = false

  /// Prints the record as JSON, or what `text` makes of it.
  func print(_ record: some Encodable, text: () -> String) throws {
    try StandardOutput.write(line: json ? JSON.text(record) : text())
  }
}

/// JSON as this program writes it: snake case, keys in order, slashes as they are.
enum JSON {
  static func text(_ record: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(record), as: UTF8.self)
  }
}

/// Rows in aligned columns, for people.
struct Table {
  private let header: [String]
  /// Columns that are numbers stand to the right.
  private let numbers: Set<Int>
  private var rows: [[String]] = []

  init(_ header: [String], numbers: Set<Int> = []) {
    self.header = header
    self.numbers = numbers
  }

  mutating func add(_ row: [String]) { rows.append(row) }

  var text: String {
    let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
    return ([header] + rows).map { line($0, widths) }.joined(separator: "\n")
  }

  private func line(_ row: [String], _ widths: [Int]) -> String {
    let cells = row.indices.map { column in
      let space = String(repeating: " ", count: widths[column] - row[column].count)
      return numbers.contains(column) ? space + row[column] : row[column] + space
    }
    let text = cells.joined(separator: "  ")
    return String(text[..<(text.lastIndex { $0 != " " }.map(text.index(after:)) ?? text.startIndex)])
  }
}

/// A name and a value to a line, the values under each other.
func fieldList(_ fields: [(name: String, value: String?)]) -> String {
  let given = fields.compactMap { field in field.value.map { (field.name, $0) } }
  let width = given.map(\.0.count).max() ?? 0
  return given.map { name, value in
    name + String(repeating: " ", count: width - name.count) + "  " + value
  }.joined(separator: "\n")
}

extension JSON {
  /// Reads what this program or its server wrote.
  static func read<Record: Decodable>(_ type: Record.Type, from text: String) throws -> Record {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    do { return try decoder.decode(type, from: Data(text.utf8)) } catch {
      throw Fault(.rotten, "the report is not what this version knows; use the same version as the server")
    }
  }
}

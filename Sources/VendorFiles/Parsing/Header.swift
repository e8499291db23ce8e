/// What the first line of a vendor file says: which column is which.
struct Header {
  let delimiter: UInt8
  let columnCount: Int
  let serial: Int
  let pin: Int
  let expires: Int?
  /// Columns that mean nothing here, by their names as they stand in the file.
  let ignoredColumns: [String]

  /// Commas, semicolons, tabs.
  static let delimiters = [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t")]

  /// Reads a header's names.
  ///
  /// - Throws: `.noColumn` and `.duplicateColumn`. Neither quotes the line: where the header was forgotten, the line is
  ///   a card, and its PIN must not be told.
  init(names: [String], delimiter: UInt8) throws(VendorFileError) {
    func place(of column: String) throws(VendorFileError) -> Int? {
      let places = names.indices.filter { names[$0].lowercased() == column }
      guard places.count <= 1 else { throw .duplicateColumn(name: column) }
      return places.first
    }
    guard let serial = try place(of: "serial") else { throw .noColumn(name: "serial") }
    guard let pin = try place(of: "pin") else { throw .noColumn(name: "pin") }
    self.delimiter = delimiter
    self.serial = serial
    self.pin = pin
    expires = try place(of: "expires")
    columnCount = names.count
    let known = [serial, pin, expires]
    ignoredColumns = names.indices.filter { !known.contains($0) }.map { Header.printable(names[$0], column: $0 + 1) }
  }

  /// How many of the names that matter are among these: the delimiter under which most are found is the file's.
  static func knownNames(in names: [String]) -> Int {
    ["serial", "pin", "expires"].count { known in names.contains { $0.lowercased() == known } }
  }

  private static func printable(_ name: String, column: Int) -> String {
    if name.isEmpty { return "column \(column)" }
    let shown = name.unicodeScalars.prefix(40).map { $0.properties.generalCategory == .control ? "?" : Character($0) }
    return String(shown)
  }
}

/// What a report can be written as.
package enum ReportFormat: String, CaseIterable, Sendable {
  case table, csv, json, html
  /// As spreadsheets take it where decimals have a comma.
  case csvSemicolon = "csv-semicolon"

  package var isCSV: Bool { self == .csv || self == .csvSemicolon }

  /// - Parameter section: which table goes into CSV, which has one; nil for the report's first.
  /// - Parameter style: how a table is drawn.
  package func writer(
    _ sink: TextSink, section: String? = nil, style: TableWriter.Style = TableWriter.Style()
  ) -> any ReportWriter {
    switch self {
    case .table: TableWriter(sink, style: style)
    case .csv, .csvSemicolon: CSVWriter(sink, section: section, hasDecimalComma: self == .csvSemicolon)
    case .json: JSONWriter(sink)
    case .html: HTMLWriter(sink)
    }
  }

  /// What its bytes are, as HTTP and mail name it.
  package var mediaType: String {
    switch self {
    case .table: "text/plain; charset=utf-8"
    case .csv, .csvSemicolon: "text/csv; charset=utf-8; header=present"
    case .json: "application/json"
    case .html: "text/html; charset=utf-8"
    }
  }

  /// What the name of a file of it ends in.
  package var fileEnding: String {
    switch self {
    case .table: "txt"
    case .csv, .csvSemicolon: "csv"
    case .json, .html: rawValue
    }
  }
}

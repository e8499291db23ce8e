import Foundation
import Logging
import Synchronization

/// Writes each log message as one line of JSON to standard error, for machines to read.
///
///     LoggingSystem.bootstrap { JSONLogHandler(label: $0) }
///
/// Whatever a message or its metadata holds is data in it: quotes, line feeds and control characters are escaped.
public struct JSONLogHandler: LogHandler {
  public var logLevel = Logger.Level.info
  public var metadata: Logger.Metadata = [:]
  public var metadataProvider: Logger.MetadataProvider?
  private let label: String
  private let write: @Sendable (String) -> Void

  /// Lines go to standard error, each in one piece.
  public init(label: String) {
    self.init(label: label) { line in
      lines.withLock { _ in FileHandle.standardError.write(Data(line.utf8)) }
    }
  }

  init(label: String, write: @escaping @Sendable (String) -> Void) {
    self.label = label
    self.write = write
  }

  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  public func log(event: LogEvent) {
    var all = metadata
    if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
    if let given = event.metadata { all.merge(given) { $1 } }
    var line = "{\"time\":\"\(Date.now.formatted(Self.timeFormat))\",\"level\":\"\(event.level)\",\"label\":"
    Self.append(label, to: &line)
    line += ",\"message\":"
    Self.append("\(event.message)", to: &line)
    for (key, value) in all.sorted(by: { $0.key < $1.key }) {
      line += ","
      Self.append(key, to: &line)
      line += ":"
      Self.append(value, to: &line)
    }
    write(line + "}\n")
  }

  private static let timeFormat = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

  private static func append(_ value: Logger.Metadata.Value, to line: inout String) {
    switch value {
    case .string(let text): append(text, to: &line)
    case .stringConvertible(let value): append("\(value)", to: &line)
    case .array(let values):
      line += "["
      for (index, value) in values.enumerated() {
        if index > 0 { line += "," }
        append(value, to: &line)
      }
      line += "]"
    case .dictionary(let values):
      line += "{"
      for (index, (key, value)) in values.sorted(by: { $0.key < $1.key }).enumerated() {
        if index > 0 { line += "," }
        append(key, to: &line)
        line += ":"
        append(value, to: &line)
      }
      line += "}"
    }
  }

  /// Appends text as a JSON string.
  private static func append(_ text: String, to line: inout String) {
    line += "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": line += "\\\""
      case "\\": line += "\\\\"
      case "\n": line += "\\n"
      case "\r": line += "\\r"
      case "\t": line += "\\t"
      default:
        if scalar.value < 0x20 || scalar.value == 0x7F || scalar.value == 0x2028 || scalar.value == 0x2029 {
          let digits = String(scalar.value, radix: 16)
          line += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        } else {
          line.unicodeScalars.append(scalar)
        }
      }
    }
    line += "\""
  }
}

/// Keeps lines of several threads apart.
private let lines = Mutex(())

import Logging

/// Logs to standard error, a line each: for people, or as JSON.
struct LogLines: LogHandler {
  var metadata = Logger.Metadata()
  var logLevel: Logger.Level
  private let label: String
  private let isJSON: Bool

  init(label: String, isJSON: Bool, level: Logger.Level) {
    (self.label, self.isJSON, logLevel) = (label, isJSON, level)
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let time = Times.stamp(SystemTime.milliseconds)
    var fields = metadata.merging(event.metadata ?? [:]) { _, new in new }
    if let error = event.error { fields["error"] = "\(error)" }
    if isJSON {
      var record = fields.mapValues { "\($0)" }
      record["time"] = time
      record["level"] = event.level.rawValue
      record["message"] = "\(event.message)"
      record["logger"] = label
      // Strings alone, which always encode.
      if let line = try? JSON.text(record) { StandardError.write(line: line) }
    } else {
      let rest = fields.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
      StandardError.write(line: "\(time) \(event.level.rawValue) \(event.message)\(rest)")
    }
  }
}

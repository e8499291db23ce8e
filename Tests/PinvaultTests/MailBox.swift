import ChildProcess
import Foundation
import Testing

/// A real SMTP server (`Tests/Shop/mail-server`), and what it was handed.
struct MailBox {
  struct Mail {
    let raw: String
    let headers: [String: String]
    let text: String
    var messageID: String { headers["message-id"] ?? "" }
  }

  let directory: String
  let port: Int
  private let process: ChildProcess

  /// With `options` of `Tests/Shop/mail-server`.
  init(in parent: URL, _ options: String...) async throws {
    let directory = parent.appendingPathComponent("mails-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    let program = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Shop/mail-server").path
    let log = directory.path + ".log"
    try #require(FileManager.default.createFile(atPath: log, contents: nil))
    let errors = try #require(FileHandle(forWritingAtPath: log))
    // Debian's own Python has Debian's aiosmtpd.
    process = try ChildProcess(
      "/usr/bin/python3", [program, directory.path] + options,
      environment: ProcessInfo.processInfo.environment, directory: parent.path, input: nil,
      output: errors.fileDescriptor, errors: errors.fileDescriptor)
    self.directory = directory.path
    port = try await waitUntil("the mail server: \(log)") {
      (try? String(contentsOfFile: directory.path + "/port", encoding: .utf8)).flatMap { Int($0) }
    }
  }

  func end() async {
    process.signal(SIGTERM)
    _ = await process.ended()
  }

  /// Waits until so many mails have come; those that came twice count once.
  func mails(_ count: Int) async throws -> [Mail] {
    try await waitUntil("\(count) mails") {
      let mails = try mails()
      return Set(mails.map(\.messageID)).count >= count ? mails : nil
    }
  }

  /// The mails in the order in which they came.
  func mails() throws -> [Mail] {
    try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(".mail") }.sorted().map {
      try Mail(String(decoding: Data(contentsOf: URL(fileURLWithPath: "\(directory)/\($0)")), as: UTF8.self))
    }
  }
}

extension MailBox.Mail {
  /// A mail of one part in base64, or of several, whose text is empty here.
  init(_ raw: String) throws {
    self.raw = raw
    let parts = raw.components(separatedBy: "\r\n\r\n")
    let lines = try #require(parts.first).replacingOccurrences(of: "\r\n ", with: " ").components(separatedBy: "\r\n")
    headers = Dictionary(
      lines.compactMap { line in
        line.firstIndex(of: ":").map {
          (line[..<$0].lowercased(), line[line.index(after: $0)...].trimmingCharacters(in: .whitespaces))
        }
      }, uniquingKeysWith: { $1 })
    guard headers["content-type"]?.hasPrefix("multipart/") != true else {
      text = ""
      return
    }
    let body = parts.dropFirst().joined().replacingOccurrences(of: "\r\n", with: "")
    text = String(decoding: try #require(Data(base64Encoded: body)), as: UTF8.self)
  }
}

import ChildProcess
import Foundation
import Testing

/// A real SMTP server (`Tests/Shop/mail-server`), and what it was handed.
struct MailBox {
  struct Mail {
    let raw: String
    let headers: [String: String]
    /// Its text, and the same as a page if it has one; empty where it has files.
    let text: String
    let page: String
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
  /// A mail of one part in base64, or of a text and a page, or of several, whose text is empty here.
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
    func decoded(_ base64: String) throws -> String {
      let bytes = Data(base64Encoded: base64.replacingOccurrences(of: "\r\n", with: ""))
      return String(decoding: try #require(bytes), as: UTF8.self)
    }
    guard let type = headers["content-type"], type.hasPrefix("multipart/") else {
      (text, page) = (try decoded(parts.dropFirst().joined()), "")
      return
    }
    guard type.hasPrefix("multipart/alternative") else {
      (text, page) = ("", "")
      return
    }
    let boundary = try #require(type.split(separator: "\"").last)
    let alternatives = raw.components(separatedBy: "--\(boundary)").dropFirst().dropLast()
    let bodies = try alternatives.map { try decoded($0.components(separatedBy: "\r\n\r\n").dropFirst().joined()) }
    try #require(bodies.count == 2)
    (text, page) = (bodies[0], bodies[1])
  }
}

import Foundation

/// A file that goes along with a mail.
package struct MailFile: Sendable {
  /// ASCII, without quotes.
  package var name: String
  package var mediaType: String
  package var bytes: [UInt8]

  package init(name: String, mediaType: String, bytes: [UInt8]) {
    self.name = name
    self.mediaType = mediaType
    self.bytes = bytes
  }
}

extension MailMessage {
  /// The mail with files beside its text: `multipart/mixed` of RFC 2046, what the mail is without them as the first part.
  package func bytes(with files: [MailFile]) -> [UInt8] {
    let separator = Array("\r\n\r\n".utf8)
    let plain = Data(bytes)
    guard let end = plain.firstRange(of: separator) else { preconditionFailure("a mail has headers") }
    // A line that goes on one before it begins with a blank.
    let headers = String(decoding: plain[..<end.lowerBound], as: UTF8.self).replacing("\r\n ", with: "\n ")
      .components(separatedBy: "\r\n").map { $0.replacing("\n ", with: "\r\n ") }
    // Not in base64, so in no part.
    let boundary = "pinvault_\(messageID.filter { $0.isLetter || $0.isNumber })"
    let isOfContent = { (header: String) in header.lowercased().hasPrefix("content-") }
    let mixed = "Content-Type: multipart/mixed; boundary=\"\(boundary)\""
    var mail = Array((headers.filter { !isOfContent($0) } + [mixed]).joined(separator: "\r\n").utf8) + separator
    func add(_ headers: [String], _ content: [UInt8]) {
      mail += Array((["--\(boundary)"] + headers).joined(separator: "\r\n").utf8) + separator + content
      mail += Array("\r\n".utf8)
    }
    add(headers.filter(isOfContent), Array(plain[end.upperBound...]))
    for file in files {
      let base64 = Data(file.bytes).base64EncodedData(options: [
        .lineLength76Characters, .endLineWithCarriageReturn, .endLineWithLineFeed,
      ])
      let headers = [
        "Content-Type: \(file.mediaType)", "Content-Disposition: attachment; filename=\"\(file.name)\"",
        "Content-Transfer-Encoding: base64",
      ]
      add(headers, [UInt8](base64))
    }
    return mail + Array("--\(boundary)--\r\n".utf8)
  }
}

import Foundation

/// A mail as it travels: RFC 5322, plain text, and the same as a page if it has one.
package struct MailMessage {
  package var from: String
  package var to: String
  package var recipientName: String
  package var subject: String
  /// Constant for a mail, however often it is sent: who gets it twice can tell.
  package var messageID: String
  package var date: Date
  package var text: String
  /// HTML; nil for a mail of text alone.
  package var page: String?
  /// Instead of all that: what only the key of a certificate opens.
  package var sealed: [UInt8]?
  /// More headers, each whole: ASCII, without an end of line.
  package var headers: [String] = []

  package init(
    from: String, to: String, recipientName: String, subject: String, messageID: String, date: Date, text: String,
    page: String? = nil
  ) {
    self.page = page
    (self.from, self.to, self.recipientName) = (from, to, recipientName)
    (self.subject, self.messageID, self.date, self.text) = (subject, messageID, date, text)
  }

  /// The bytes, lines ended by CR LF. Nothing in it can end a header: what is not plain ASCII is encoded.
  var bytes: [UInt8] {
    let headers = [
      "From: <\(from)>",
      "To: \(recipientName.isEmpty ? "" : Self.encoded(recipientName) + " ")<\(to)>",
      "Subject: \(Self.encoded(subject))",
      "Date: \(Self.dateText(date))",
      "Message-ID: <\(messageID)>",
      "Auto-Submitted: auto-generated",
      "MIME-Version: 1.0",
    ]
    if let sealed {
      let content = [
        "Content-Type: application/pkcs7-mime; smime-type=authEnveloped-data; name=\"smime.p7m\"",
        "Content-Transfer-Encoding: base64", "Content-Disposition: attachment; filename=\"smime.p7m\"",
      ]
      let head = (self.headers + headers + content).joined(separator: "\r\n") + "\r\n\r\n"
      return Array(head.utf8) + Self.base64Lines(sealed)
    }
    let plain = Self.part("plain", text)
    guard let page else { return Array(((self.headers + headers).joined(separator: "\r\n") + "\r\n").utf8) + plain }
    // Not in base64, so in no part. What comes last is what a reader would rather show.
    let boundary = "pinvault_alternative"
    let type = "Content-Type: multipart/alternative; boundary=\"\(boundary)\""
    var bytes = Array(((self.headers + headers + [type]).joined(separator: "\r\n") + "\r\n\r\n").utf8)
    for part in [plain, Self.part("html", page)] { bytes += Array("--\(boundary)\r\n".utf8) + part }
    return bytes + Array("--\(boundary)--\r\n".utf8)
  }

  /// A part of text with its headers.
  private static func part(_ kind: String, _ text: String) -> [UInt8] {
    Array("Content-Type: text/\(kind); charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n".utf8)
      + base64Lines(Array(text.replacingOccurrences(of: "\n", with: "\r\n").utf8))
  }

  /// Words as a header holds them: RFC 2047, in pieces that are each whole characters and short enough.
  private static func encoded(_ text: String) -> String {
    var words: [String] = []
    var piece = ""
    for character in text {
      if piece.utf8.count + character.utf8.count > 42 {
        words.append(piece)
        piece = ""
      }
      piece.append(character)
    }
    if !piece.isEmpty { words.append(piece) }
    return words.map { "=?utf-8?B?\(Data($0.utf8).base64EncodedString())?=" }.joined(separator: "\r\n ")
  }

  private static func base64Lines(_ bytes: [UInt8]) -> [UInt8] {
    let encoded = Data(bytes).base64EncodedData(options: [
      .lineLength76Characters, .endLineWithCarriageReturn, .endLineWithLineFeed,
    ])
    return [UInt8](encoded) + Array("\r\n".utf8)
  }

  private static func dateText(_ date: Date) -> String {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = .gmt
    formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss +0000"
    return formatter.string(from: date)
  }
}

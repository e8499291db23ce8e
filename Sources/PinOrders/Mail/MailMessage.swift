import Foundation

/// A mail as it travels: RFC 5322, one part of plain text.
package struct MailMessage {
  package var from: String
  package var to: String
  package var recipientName: String
  package var subject: String
  /// Constant for a mail, however often it is sent: who gets it twice can tell.
  package var messageID: String
  package var date: Date
  package var text: String

  package init(
    from: String, to: String, recipientName: String, subject: String, messageID: String, date: Date, text: String
  ) {
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
      "Content-Type: text/plain; charset=utf-8",
      "Content-Transfer-Encoding: base64",
    ]
    return Array((headers.joined(separator: "\r\n") + "\r\n\r\n").utf8) + Self.base64Lines(text)
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

  private static func base64Lines(_ text: String) -> [UInt8] {
    let lines = text.replacingOccurrences(of: "\n", with: "\r\n")
    let encoded = Data(lines.utf8).base64EncodedData(options: [
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

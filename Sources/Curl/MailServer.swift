import CCurl
import Dispatch

/// A server that takes mails by SMTP.
package struct MailServer: Sendable {
  /// `smtp://host:port`, with STARTTLS; or `smtps://host:port`.
  package var url: String
  /// For the login; nil for none.
  package var user: String?
  package var password: String?
  /// Who signs its certificate, PEM; nil for whom the system believes.
  package var rootsFile: String?
  /// Hand mails over without TLS: for a server on this machine, and tests.
  package var allowsClearText = false
  package var timeLimitSeconds = 30

  private static let queue = DispatchQueue(label: "pinvault.mail", attributes: .concurrent)

  package init(url: String) { self.url = url }

  /// Hands a mail over. When this returns the server has taken it; when it throws, it may have.
  package func send(from sender: String, to recipient: String, message: [UInt8]) async throws {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      Self.queue.async { continuation.resume(with: Result { try sendNow(sender, recipient, message) }) }
    }
  }

  private func sendNow(_ sender: String, _ recipient: String, _ message: [UInt8]) throws(CurlFault) {
    let transfer = try Transfer(url: url, timeLimitSeconds: timeLimitSeconds)
    try transfer.set(CURLOPT_MAIL_FROM, "<\(sender)>")
    try transfer.set(CURLOPT_MAIL_RCPT, ["<\(recipient)>"])
    let security = allowsClearText ? CURLUSESSL_TRY : CURLUSESSL_ALL
    try transfer.set(CURLOPT_USE_SSL, Int(security.rawValue))
    if let rootsFile { try transfer.set(CURLOPT_CAINFO, rootsFile) }
    if let user { try transfer.set(CURLOPT_USERNAME, user) }
    if let password { try transfer.set(CURLOPT_PASSWORD, password) }
    try transfer.send(message)
    _ = try transfer.perform()
  }
}

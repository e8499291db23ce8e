import CCurl
import Dispatch

/// An HTTP request, and its answer.
package struct WebRequest: Sendable {
  package var method: String
  package var url: String
  package var headers: [String] = []
  package var body: [UInt8] = []
  /// User and password, for basic authentication.
  package var user: String?
  package var password: String?
  package var rootsFile: String?
  package var timeLimitSeconds = 60
  /// A longer answer, if it is gathered, is thrown as a `CurlFault`.
  package var mostAnswerBytes = 1 << 20

  package init(_ method: String, _ url: String) {
    self.method = method
    self.url = url
  }

  private static let queue = DispatchQueue(label: "pinvault.web", attributes: .concurrent)

  package func perform() async throws -> (status: Int, body: [UInt8]) {
    try await withCheckedThrowingContinuation { continuation in
      Self.queue.async { continuation.resume(with: Result { try performNow() }) }
    }
  }

  /// Does it on this thread, and has a good answer, of whatever length, taken as it comes; the body of another is returned.
  ///
  /// An answer that breaks off is thrown as a `CurlFault`; so is a silence of ten minutes. What `take` throws is thrown.
  package func perform(taking take: @escaping ([UInt8]) throws -> Void) throws -> (status: Int, body: [UInt8]) {
    let transfer = try ready()
    try transfer.take(silenceLimitSeconds: 600, take)
    do { return try answer(of: transfer) } catch { throw transfer.refusal ?? error }
  }

  private func performNow() throws(CurlFault) -> (status: Int, body: [UInt8]) { try answer(of: try ready()) }

  private func answer(of transfer: Transfer) throws(CurlFault) -> (status: Int, body: [UInt8]) {
    let (code, body) = try transfer.perform()
    return (code, body)
  }

  private func ready() throws(CurlFault) -> Transfer {
    let transfer = try Transfer(url: url, timeLimitSeconds: timeLimitSeconds)
    transfer.gather(atMost: mostAnswerBytes)
    if !body.isEmpty { try transfer.send(body) }
    try transfer.set(CURLOPT_CUSTOMREQUEST, method)
    // No waiting for leave to send the body.
    try transfer.set(CURLOPT_HTTPHEADER, headers + ["Expect:"])
    if let rootsFile { try transfer.set(CURLOPT_CAINFO, rootsFile) }
    if let user { try transfer.set(CURLOPT_USERNAME, user) }
    if let password { try transfer.set(CURLOPT_PASSWORD, password) }
    return transfer
  }
}

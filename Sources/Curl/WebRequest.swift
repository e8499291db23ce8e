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

  private func performNow() throws(CurlFault) -> (status: Int, body: [UInt8]) {
    let transfer = try Transfer(url: url, timeLimitSeconds: timeLimitSeconds)
    if !body.isEmpty { try transfer.send(body) }
    try transfer.set(CURLOPT_CUSTOMREQUEST, method)
    // No waiting for leave to send the body.
    try transfer.set(CURLOPT_HTTPHEADER, headers + ["Expect:"])
    if let rootsFile { try transfer.set(CURLOPT_CAINFO, rootsFile) }
    if let user { try transfer.set(CURLOPT_USERNAME, user) }
    if let password { try transfer.set(CURLOPT_PASSWORD, password) }
    let (code, body) = try transfer.perform()
    return (code, body)
  }
}

import CCurl

/// One exchange with another machine by libcurl: a mail handed over by SMTP, or an HTTP request.
///
/// It blocks its thread until it is over; `timeLimitSeconds` bounds that. For one thread at a time.
final class Transfer {
  private let handle: OpaquePointer
  private var lists: [UnsafeMutablePointer<curl_slist>] = []
  private let exchange = Exchange()

  /// libcurl's own state, made once and never taken down.
  private static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

  /// What libcurl reads from and writes to.
  final class Exchange {
    fileprivate var handle: UnsafeMutableRawPointer?
    var outgoing: [UInt8] = []
    var sentCount = 0
    /// The answer, but for what `take` took.
    var incoming: [UInt8] = []
    var mostIncomingBytes = 1 << 20
    /// Takes a good answer as it comes; nil to gather it.
    var take: (([UInt8]) throws -> Void)?
    /// Why it would not.
    var refusal: (any Error)?
  }

  init(url: String, timeLimitSeconds: Int) throws(CurlFault) {
    guard Self.isReady, let handle = curl_easy_init() else { throw CurlFault(code: 0, reason: "no memory for libcurl") }
    self.handle = OpaquePointer(handle)
    try set(CURLOPT_URL, url)
    try set(CURLOPT_TIMEOUT, timeLimitSeconds)
    try set(CURLOPT_CONNECTTIMEOUT, min(10, timeLimitSeconds))
    // Signals are the program's.
    try set(CURLOPT_NOSIGNAL, 1)
    // Nothing of the user's configuration or of a proxy in the environment.
    try set(CURLOPT_PROXY, "")
    try check(curl_set_writer(pointer, takeIn))
    try check(curl_set_pointer(pointer, CURLOPT_WRITEDATA, Unmanaged.passUnretained(exchange).toOpaque()))
    exchange.handle = pointer
  }

  deinit {
    curl_easy_cleanup(UnsafeMutableRawPointer(handle))
    for list in lists { curl_slist_free_all(list) }
  }

  private var pointer: UnsafeMutableRawPointer { UnsafeMutableRawPointer(handle) }

  func set(_ option: CURLoption, _ text: String) throws(CurlFault) { try check(curl_set_text(pointer, option, text)) }
  func set(_ option: CURLoption, _ number: Int) throws(CurlFault) {
    try check(curl_set_number(pointer, option, number))
  }

  func set(_ option: CURLoption, _ texts: [String]) throws(CurlFault) {
    var list: UnsafeMutablePointer<curl_slist>?
    for text in texts {
      guard let longer = curl_slist_append(list, text) else {
        throw CurlFault(code: 0, reason: "no memory for libcurl")
      }
      list = longer
    }
    guard let list else { return }
    lists.append(list)
    try check(curl_set_list(pointer, option, list))
  }

  /// What is sent as the mail or the body.
  func send(_ bytes: [UInt8]) throws(CurlFault) {
    exchange.outgoing = bytes
    try check(curl_set_reader(pointer, giveOut))
    try check(curl_set_pointer(pointer, CURLOPT_READDATA, Unmanaged.passUnretained(exchange).toOpaque()))
    try set(CURLOPT_UPLOAD, 1)
    try check(curl_set_number(pointer, CURLOPT_INFILESIZE, bytes.count))
  }

  /// Gathers an answer of at most so many bytes; a longer one ends the exchange.
  func gather(atMost mostBytes: Int) { exchange.mostIncomingBytes = mostBytes }

  /// Has a good HTTP answer taken as it comes, for as long as it takes: only silence ends it.
  func take(silenceLimitSeconds: Int, _ take: @escaping ([UInt8]) throws -> Void) throws(CurlFault) {
    exchange.take = take
    try set(CURLOPT_TIMEOUT, 0)
    try set(CURLOPT_LOW_SPEED_LIMIT, 1)
    try set(CURLOPT_LOW_SPEED_TIME, silenceLimitSeconds)
  }

  /// Why what came was not taken, if that is what ended the exchange.
  var refusal: (any Error)? { exchange.refusal }

  /// Does it, and gives the last code that the other side answered with and what it sent.
  func perform() throws(CurlFault) -> (code: Int, body: [UInt8]) {
    let result = curl_easy_perform(pointer)
    var code = 0
    _ = curl_response_code(pointer, &code)
    guard result == CURLE_OK else {
      throw CurlFault(
        code: code, isLogin: result == CURLE_LOGIN_DENIED, reason: String(cString: curl_easy_strerror(result)))
    }
    return (code, exchange.incoming)
  }

  private func check(_ code: CURLcode) throws(CurlFault) {
    guard code == CURLE_OK else { throw CurlFault(code: 0, reason: String(cString: curl_easy_strerror(code))) }
  }
}

/// Why an exchange failed: nothing of what was sent is in it.
package struct CurlFault: Error, CustomStringConvertible {
  /// The last code that the other side answered with; 0 if it did not come to that.
  package let code: Int
  /// The login failed, not what was to be done after it.
  package var isLogin = false
  package let reason: String
  package var description: String { code == 0 ? reason : "\(reason) (it answered \(code))" }
}

/// libcurl wants bytes to send.
private let giveOut: curl_read_callback = { buffer, size, count, context in
  guard let buffer, let context else { return 0 }
  let exchange = Unmanaged<Transfer.Exchange>.fromOpaque(context).takeUnretainedValue()
  let given = min(size * count, exchange.outgoing.count - exchange.sentCount)
  exchange.outgoing.withUnsafeBytes { bytes in
    if given > 0 {
      UnsafeMutableRawPointer(buffer).copyMemory(from: bytes.baseAddress! + exchange.sentCount, byteCount: given)
    }
  }
  exchange.sentCount += given
  return given
}

/// libcurl has received bytes; taking fewer than there are ends the exchange.
private let takeIn: curl_write_callback = { buffer, size, count, context in
  guard let buffer, let context else { return 0 }
  let exchange = Unmanaged<Transfer.Exchange>.fromOpaque(context).takeUnretainedValue()
  let taken = size * count
  let bytes = UnsafeRawBufferPointer(start: buffer, count: taken)
  var code = 0
  if let take = exchange.take, curl_response_code(exchange.handle, &code) == CURLE_OK, (200..<300).contains(code) {
    do { try take([UInt8](bytes)) } catch {
      exchange.refusal = error
      return 0
    }
    return taken
  }
  guard exchange.incoming.count + taken <= exchange.mostIncomingBytes else { return 0 }
  exchange.incoming += bytes
  return taken
}

import Foundation
import Hummingbird
import PinWords

/// Reading bodies strictly: a member that this does not know, or that is given twice, is refused, so that nothing is sent that
/// nobody reads, least of all a card's security code.
extension Request {
  func read<Body: Codable>(_ type: Body.Type, _ context: Caller) async throws -> Body {
    let buffer = try await body.collect(upTo: context.maxUploadSize)
    let data = Data(buffer.readableBytesView)
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let body: Body
    // Text of other encodings than UTF-8 has zeros.
    guard !data.contains(0) else { throw Problem.badJSON }
    do { body = try decoder.decode(type, from: data) } catch { throw Problem.badJSON }
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    let sent = try JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed)
    guard !hasMemberTwice(data, readAs: sent) else { throw Problem.badJSON }
    let known = try JSONSerialization.jsonObject(with: encoder.encode(body), options: .fragmentsAllowed)
    if let stranger = Self.stranger(in: sent, known) {
      let isCode = ["cvv", "cvc", "cvv2", "cid", "security_code", "card_security_code"].contains(stranger.lowercased())
      guard !isCode else {
        throw Problem("security-code", .unprocessableContent, "A card's security code is never taken: do not send it.")
      }
      throw Problem.badJSON
    }
    return body
  }

  /// The first member that was sent and is not known.
  private static func stranger(in sent: Any, _ known: Any) -> String? {
    if let sent = sent as? [String: Any] {
      let known = known as? [String: Any] ?? [:]
      for (name, value) in sent {
        guard let counterpart = known[name] else { return name }
        if let found = stranger(in: value, counterpart) { return found }
      }
    } else if let sent = sent as? [Any], let known = known as? [Any], sent.count == known.count {
      for (value, counterpart) in zip(sent, known) {
        if let found = stranger(in: value, counterpart) { return found }
      }
    }
    return nil
  }

  /// The change's own id: sent again with the same, it is done once.
  var changeID: RequestID {
    get throws {
      guard let text = headers[.init("Idempotency-Key")!], let id = RequestID(text), id != .zero else {
        throw Problem(
          "idempotency-key", .badRequest, "A change has an id of its own: a UUID in the header Idempotency-Key.")
      }
      return id
    }
  }
}

extension Caller {
  /// The id that the path names.
  var pathID: RequestID {
    get throws {
      guard let text = parameters.get("id"), let id = RequestID(text), id != .zero else {
        throw Problem("not-found", .notFound, "There is nothing here.")
      }
      return id
    }
  }
}

/// Refuses what is sent and nobody reads: a misspelt name in a query would ask for everything, and a body may hold what was
/// meant to be done.
struct StrictRequests: RouterMiddleware {
  /// By path; reports look at theirs themselves.
  private static let known: [String: Set<String>] = [
    "/orders": ["after", "review"], "/customers": ["q", "after"], "/customers/{id}/orders": ["after"],
    "/purchase-orders": ["after"], "/mails/dead": ["after"], "/products/{sku}/picture": ["version"],
  ]

  /// Besides everything that is got.
  private static let bodiless: Set = [
    "/mails/{mail}/again", "/sign-out", "/tokens/{id}", "/reports/{name}/purchase-orders",
  ]

  func handle(
    _ request: Request, context: Caller, next: (Request, Caller) async throws -> Response
  ) async throws -> Response {
    let path = context.coreContext.endpointPath.value ?? ""
    if !path.hasPrefix("/reports/") {
      let known = Self.known[path] ?? []
      var seen: Set<String> = []
      for (name, _) in request.uri.queryParameters {
        guard known.contains(String(name)), seen.insert(String(name)).inserted else {
          throw Problem("unknown-parameter", .badRequest, "The query has a name that this does not take, or one twice.")
        }
      }
    }
    if request.method == .get || Self.bodiless.contains(path) {
      let length = request.headers[.contentLength] ?? "0"
      guard length == "0", request.headers[.transferEncoding] == nil else {
        throw Problem("unread-body", .badRequest, "This takes no body.")
      }
    }
    return try await next(request, context)
  }
}

extension Caller {
  /// A name that the path has.
  func pathText(_ parameter: String) throws -> String {
    guard let text = parameters.get(parameter)?.removingPercentEncoding else {
      throw Problem("not-found", .notFound, "There is nothing here.")
    }
    return text
  }
}

/// An answer as JSON.
func answer(
  _ value: some Encodable, status: HTTPResponse.Status = .ok, isRepeat: Bool = false
) throws -> Response {
  let encoder = JSONEncoder()
  encoder.keyEncodingStrategy = .convertToSnakeCase
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  var headers: HTTPFields = [.contentType: "application/json", .cacheControl: "no-store"]
  if isRepeat { headers[.init("Idempotent-Replayed")!] = "true" }
  return Response(
    status: status, headers: headers,
    body: ResponseBody(byteBuffer: ByteBuffer(bytes: try encoder.encode(value))))
}

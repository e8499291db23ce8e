import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import PinEngine
import PinOrders
import PinWords

/// An error as it is told: a problem document (RFC 9457). Its `type` is stable; nothing that was sent is in it.
struct Problem: Error {
  /// Ends the type: `urn:pinvault:problem:stale-version`.
  let name: String
  let status: HTTPResponse.Status
  let title: String
  /// Facts for programs.
  var facts: [String: JSONValue] = [:]
  /// When to try again; nil for never.
  var retryAfterSeconds: Int?

  init(
    _ name: String, _ status: HTTPResponse.Status, _ title: String, _ facts: [String: JSONValue] = [:],
    retryAfterSeconds: Int? = nil
  ) {
    self.name = name
    self.status = status
    self.title = title
    self.facts = facts
    self.retryAfterSeconds = retryAfterSeconds
  }

  static let unauthenticated = Problem(
    "unauthenticated", .unauthorized,
    "Say who you are: by what /sign-in gave, by a token, or by the actor's name and its key's password.")
  static let bodyTooLong = Problem("body-too-long", .contentTooLarge, "The body is longer than is taken.")
  static let badJSON = Problem("bad-json", .badRequest, "The body is not the JSON that this takes.")

  static func invalid(_ field: String) -> Problem {
    Problem("invalid", .unprocessableContent, "A value cannot be so.", ["field": .text(field)])
  }

  var response: Response {
    var members = facts
    members["type"] = .text("urn:pinvault:problem:\(name)")
    members["title"] = .text(title)
    members["status"] = .number(UInt64(status.code))
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Text and numbers always encode.
    let body = (try? encoder.encode(members)) ?? Data()
    var headers: HTTPFields = [.contentType: "application/problem+json"]
    if let retryAfterSeconds { headers[.retryAfter] = String(retryAfterSeconds) }
    if status == .unauthorized {
      headers[.wwwAuthenticate] = #"Bearer realm="pinvault", Basic realm="pinvault", charset="UTF-8""#
    }
    return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
  }
}

enum JSONValue: Encodable {
  case text(String)
  case number(UInt64)

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .text(let text): try container.encode(text)
    case .number(let number): try container.encode(number)
    }
  }
}

/// Turns whatever was thrown into a problem document.
struct Problems: RouterMiddleware {
  /// Not the request's own, which is silent.
  let logger: Logger

  func handle(
    _ request: Request, context: Caller, next: (Request, Caller) async throws -> Response
  ) async throws -> Response {
    do {
      return try await next(request, context)
    } catch let problem as Problem {
      return problem.response
    } catch let fault as OrderFault {
      return Problem(fault).response
    } catch let error as HTTPError {
      return Problem(error).response
    } catch is NIOTooManyBytesError {
      return Problem.bodyTooLong.response
    } catch is DecodingError {
      return Problem.badJSON.response
    } catch {
      logger.error("the back office failed", metadata: ["kind": "\(type(of: error))"])
      return Problem("internal", .internalServerError, "It failed; nothing is known to have changed: look it up.")
        .response
    }
  }
}

extension Problem {
  init(_ error: HTTPError) {
    switch error.status {
    case .notFound: self.init("not-found", .notFound, "There is nothing here.")
    case .contentTooLarge: self = .bodyTooLong
    case .methodNotAllowed: self.init("method-not-allowed", .methodNotAllowed, "This is not done here.")
    default: self.init("bad-request", .badRequest, "The request is not one that this takes.")
    }
  }

  init(_ fault: OrderFault) {
    switch fault {
    case .refused(let refusal): self.init(refusal)
    case .orderRefused(let refusal): self.init(refusal)
    case .invalid(let part): self = .invalid(part)
    case .expiredCard: self.init("expired-card", .unprocessableContent, "The payment card has expired.")
    case .purged: self.init("purged", .gone, "It was purged.")
    }
  }

  init(_ refusal: OrderRefusal) {
    switch refusal {
    case .unknownOrder: self.init("unknown-order", .notFound, "There is no such order.")
    case .unknownCustomer: self.init("unknown-customer", .notFound, "There is no such customer.")
    case .staleVersion(let present):
      self.init(
        "stale-version", .conflict, "It was changed since it was seen: look again.",
        ["present": .number(UInt64(present))])
    case .wrongState(let axes):
      self.init(
        "wrong-state", .conflict, "This cannot be done to an order that stands so.",
        [
          "review": .text("\(axes.review)"), "payment": .text("\(axes.payment)"),
          "fulfilment": .text("\(axes.fulfilment)"),
        ])
    case .barred: self.init("barred", .forbidden, "The customer is on the fraud list.")
    case .otherCurrency: self.init("other-currency", .unprocessableContent, "An order has one currency.")
    case .resold:
      self.init("resold", .conflict, "A card of it was sold again, or put back into regular stock, since it came back.")
    case .unknownSheet: self.init("not-found", .notFound, "There is nothing here.")
    case .unknownPurchaseOrder: self.init("unknown-purchase-order", .notFound, "There is no such purchase order.")
    case .purchaseOrderState(let state):
      self.init(
        "wrong-state", .conflict, "This cannot be done to a purchase order that stands so.",
        ["state": .text("\(state)")])
    case .alreadyReceived:
      self.init("already-received", .conflict, "The import came in against a purchase order before.")
    case .unknownCredential: self.init("unknown-credential", .notFound, "There is no such token or password.")
    case .tooManyTokens(let limit):
      self.init("too-many-tokens", .conflict, "End a token first.", ["limit": .number(UInt64(limit))])
    case .noConsent: self.init("no-consent", .conflict, "The customer does not consent to marketing.")
    case .unknownMail: self.init("unknown-mail", .notFound, "There is no such mail, or it was sent.")
    case .noCard: self.init("no-payment-card", .notFound, "The order is not paid by a payment card kept here.")
    }
  }

  /// What the engine refuses, under the names of `protocol.md`.
  init(_ refusal: Refusal) {
    let parts = refusal.parts
    let name = "\(parts.status)".kebab
    let title = Self.title(refusal)
    switch refusal {
    case .invalid(let field), .idReused(let field):
      let status: HTTPResponse.Status = parts.status == .invalid ? .unprocessableContent : .conflict
      self.init(name, status, title, ["field": .text(field.description)])
    case .insufficientStock(let product, let available):
      self.init(
        name, .conflict, title, ["product": .number(UInt64(product.rawValue)), "available": .number(available)])
    case .notPermitted, .notYours, .productNotPermitted, .approvalRequired: self.init(name, .forbidden, title)
    case .unknownID, .unknownProduct, .unknownPurchase, .unknownCard, .unknownActor: self.init(name, .notFound, title)
    case .limitReached, .tooManyRequests: self.init(name, .tooManyRequests, title, retryAfterSeconds: seconds(parts))
    case .busy, .storageFull, .stopping, .importRunning:
      self.init(name, .serviceUnavailable, title, retryAfterSeconds: max(1, seconds(parts) ?? 1))
    default: self.init(name, .conflict, title)
    }
  }
}

extension Problem {
  private static func title(_ refusal: Refusal) -> String {
    switch refusal {
    case .invalid: "A value cannot be so."
    case .notPermitted: "Whoever asks may not do that."
    case .idReused: "The id was used before, for another request."
    case .notYours: "It is somebody else's."
    case .productNotPermitted: "Whoever asks may not sell this product."
    case .approvalRequired: "A second person must approve it first."
    case .unknownID: "Nothing is known of this id."
    case .unknownProduct: "There is no such product."
    case .unknownPurchase: "There is no such import."
    case .unknownCard: "There is no card with this serial."
    case .unknownActor: "There is no such actor."
    case .nameTaken: "The name is taken."
    case .lastAdministrator: "It would leave no administrator."
    case .productFrozen: "The product is frozen: it is not sold now."
    case .insufficientStock: "There are not so many cards."
    case .tooManyExtents: "Stock is broken up: ask for fewer cards."
    case .notInCustody: "A card is not where it would have to be."
    case .limitReached: "A limit of whoever asks is reached."
    case .tooManyRequests, .busy: "There is too much to do: ask again later."
    case .storageFull: "The disk is full: nothing is changed until there is room."
    case .stopping: "The server stops."
    case .importRunning: "Another import is under way."
    case .wrongState, .deadlinePassed, .final, .withdrawn, .outOfTurn, .cardDamaged, .oldKeyStillWorks:
      "It cannot be done as things stand."
    }
  }
}

private func seconds(_ parts: (status: Status, subject: UInt64, detail: UInt64, retryAfterMilliseconds: UInt32)) -> Int?
{
  parts.retryAfterMilliseconds == 0 ? nil : Int(parts.retryAfterMilliseconds + 999) / 1000
}

extension String {
  /// `staleVersion` as `stale-version`.
  fileprivate var kebab: String {
    reduce(into: "") { text, character in
      if character.isUppercase { text += "-" }
      text += character.lowercased()
    }
  }
}

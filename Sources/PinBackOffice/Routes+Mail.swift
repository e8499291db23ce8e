import Hummingbird
import PinEngine
import PinOrders
import PinWords

/// Mailings, mails that were given up, and the way out of marketing.
extension Routes {
  func addMail(to router: Router<Caller>) {
    router.get("/mails/dead") { request, context in
      let after = request.uri.queryParameters["after"].map { MailName(String($0)) }
      if case .some(nil) = after { throw Problem.invalid("after") }
      let page = try await desk.deadMails(after: after ?? nil, context.asker)
      let mails = page.mails.map { MailAnswer($0, desk.engine.catalogue) }
      return try answer(MailsAnswer(mails: mails, next: page.next.map { "\($0)" }))
    }
    router.post("/mails/:mail/again") { _, context in
      guard let mail = MailName(try context.parameters.require("mail")) else { throw Problem.invalid("mail") }
      try await desk.sendAgain(mail, context.asker)
      return Response(status: .noContent)
    }
    router.post("/mailings") { request, context in
      let body = try await request.read(MailingBody.self, context)
      let done = try await desk.mail(
        Letter(subject: body.subject, paragraphs: body.paragraphs), to: body.customers, mailing: request.changeID,
        context.asker)
      return try answer(MailingAnswer(mailed: done.mailed, leftOut: done.leftOut))
    }
  }

  /// For whoever has a token: a page with a button, which alone does it, for programs look at what mails point to; and what
  /// that button and a mail program's own (RFC 8058) do.
  func addOpenMail(to router: Router<Caller>) {
    router.get("/unsubscribe/:token") { _, context in
      _ = try desk.customer(unsubscribingBy: try context.parameters.require("token"))
      return page("<p>No more marketing mails?</p><form method=\"post\"><button>Send me no more</button></form>")
    }
    router.post("/unsubscribe/:token") { _, context in
      try await desk.endConsent(by: try context.parameters.require("token"))
      return page("<p>You are sent no more marketing mails.</p>")
    }
  }

  private func page(_ body: String) -> Response {
    let text = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"></head><body>\(body)</body></html>\n"
    return Response(
      status: .ok, headers: [.contentType: "text/html; charset=utf-8", .cacheControl: "no-store"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }
}

struct MailingBody: Codable {
  var customers: [RequestID]
  var subject: String
  var paragraphs: [String]
}

struct MailingAnswer: Encodable {
  var mailed: Int
  var leftOut: [RequestID]
}

extension MailAnswer {
  init(_ mail: WaitingMail, _ catalogue: Catalogue) {
    sku = catalogue.product(mail.product)?.sku
    id = "\(MailName(mail))"
    cause = mail.cause
    kind = mail.kind.name
    customer = mail.kind == .marketing ? mail.order : nil
    order = sku == nil && customer == nil ? mail.order : nil
    attempts = mail.attempts
  }
}

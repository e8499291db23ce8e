import Hummingbird
import PinEngine
import PinOrders
import PinReports
import PinWords

/// A letter to the clients of a country that the countries report tells: to all who consent to marketing mail, or to chosen
/// ones of them.
///
/// Customers are looked through a page at a time, and each page is mailed; the same mailing again mails nobody twice.
struct CountryMailing: Sendable {
  let desk: OrderDesk

  struct Body: Codable {
    /// Two capital letters.
    var country: String
    /// All who call it and consent, if it is not there.
    var customers: [RequestID]?
    var subject: String
    var paragraphs: [String]
  }

  @Sendable func mail(_ request: Request, _ context: Caller) async throws -> Response {
    guard context.parameters.get("name") == ReportKind.countries.rawValue else {
      throw Problem("not-found", .notFound, "There is nothing here.")
    }
    guard desk.engine.allows(context.asker.actor, .sendMail) else { throw Problem(.notPermitted) }
    let mailing = try request.changeID
    let body = try await request.read(Body.self, context)
    guard body.country.isCountryCode else { throw Problem.invalid("country") }
    let letter = Letter(subject: body.subject, paragraphs: body.paragraphs)
    try desk.check(letter)
    var chosen = body.customers.map(Set.init)
    guard chosen?.isEmpty != true else { throw Problem.invalid("customers") }
    var done = MailingAnswer(mailed: 0, leftOut: [])
    var next: RequestID? = .zero
    while let after = next {
      let page = try await desk.customers(matching: "", after: after, context.asker)
      let clients = page.found.filter { customer, details in
        customer.consents && !customer.isBarred && details?.calls?.contains { $0.country == body.country } ?? false
          && chosen?.contains(customer.id) ?? true
      }.map(\.0.id)
      if !clients.isEmpty {
        let mailed = try await desk.mail(letter, to: clients, mailing: mailing, context.asker)
        done.mailed += mailed.mailed
        done.leftOut += mailed.leftOut
        chosen?.subtract(clients)
      }
      next = page.next
    }
    done.leftOut += (chosen ?? []).sorted()
    return try answer(done)
  }
}

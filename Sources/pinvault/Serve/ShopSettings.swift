import ArgumentParser
import Curl
import Foundation
import PinBackOffice
import PinOrders
import PinReports
import PinSealing
import PinServer

/// The flags of `serve` that are about the shop.
struct ShopOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Serve the back office over HTTP on this port; 0 for any that is free.", valueName: "port"))
  var officePort: Int?
  @Option(help: "Where the back office listens. (default: 127.0.0.1)") var officeAddress: String?
  @Option(
    help: ArgumentHelp(
      "Where the keys of payment cards are: outside the data directory and its backups. (default: beside it)",
      valueName: "directory"))
  var cardKeys: String?
  @Option(
    help: ArgumentHelp(
      "How many days after its month a payment card's number is destroyed, unless it is still to be charged. (default: 90)",
      valueName: "days"))
  var cardDays: Int?
  @Option(help: ArgumentHelp("Who takes the shop's mails: smtp://host:port or smtps://host:port.", valueName: "url"))
  var mailServer: String?
  @Option(help: ArgumentHelp("Whom mails are from.", valueName: "address")) var mailFrom: String?
  @Option(
    help: ArgumentHelp(
      "Where customers follow their orders: mails give it with the order's token at its end.", valueName: "url"))
  var trackingUrl: String?
  @Option(
    help: ArgumentHelp(
      "Mail the payment cards of orders to the shop, sealed for this certificate's key alone (CMS): PEM. (default: never)",
      valueName: "file"))
  var cardMailCertificate: String?
  @Option(help: ArgumentHelp("Who is mailed those. (default: whom mails are from)", valueName: "address"))
  var cardMailTo: String?
  @Option(
    help: ArgumentHelp(
      "Where customers end their consent to marketing, which the office does under /unsubscribe/: mails give it with a token at its end.",
      valueName: "url"))
  var unsubscribeUrl: String?
  @Option(help: ArgumentHelp("The shop's postal address: each marketing mail says it.", valueName: "text"))
  var postalAddress: String?
  @Option(
    help: ArgumentHelp(
      "A folder with what mails say, where it is not what they say by themselves.", valueName: "directory"))
  var mailTemplates: String?
  @Option(
    help: ArgumentHelp(
      "How long a mail waits that was not taken; doubled each time, an hour at most. (default: 30)",
      valueName: "seconds"))
  var mailRetrySeconds: Int?
  @Option(
    help: ArgumentHelp("Who is told that stock is low. (default: whom mails are from)", valueName: "address"))
  var stockMailTo: String?
  @Option(help: ArgumentHelp("The name to log in to the mail server with.", valueName: "name")) var mailUser: String?
  @Option(help: ArgumentHelp("A file with the password for that, which only its owner may read.", valueName: "file"))
  var mailPasswordFile: String?
  @Option(
    help: ArgumentHelp("Who signs the mail server's certificate: PEM. (default: the system's)", valueName: "file"))
  var mailRoots: String?
  @Option(
    help: ArgumentHelp(
      "A file with the secret key of a Stripe account, which takes payments at once; only its owner may read it.",
      valueName: "file"))
  var stripeKeyFile: String?
  @Option(help: ArgumentHelp("Where Stripe is. (default: https://api.stripe.com)", valueName: "url"))
  var stripeUrl: String?
  @Flag(help: "Hand mails, PINs with them, over without TLS where the mail server offers none.") var mailClearText =
    false

  @Option(
    help: ArgumentHelp(
      "The time zone of business days in reports, such as Europe/Berlin. (default: this machine's)", valueName: "zone"))
  var reportZone: String?
  @Option(help: ArgumentHelp("When a business day starts in reports. (default: 00:00)", valueName: "time"))
  var reportDayStarts: String?

  @Option(
    help: ArgumentHelp(
      "Mail the books of each business day to this address when it is over.", valueName: "address"))
  var dailyCloseTo: String?
  @Flag(help: "Mail them for spreadsheets with a decimal comma.") var dailyCloseDecimalComma = false

  var texts: [String: String?] {
    [
      "daily-close-to": dailyCloseTo, "report-zone": reportZone, "report-day-starts": reportDayStarts,
      "office-address": officeAddress, "card-keys": cardKeys, "mail-server": mailServer, "mail-from": mailFrom,
      "card-mail-certificate": cardMailCertificate, "card-mail-to": cardMailTo, "mail-templates": mailTemplates,
      "unsubscribe-url": unsubscribeUrl, "postal-address": postalAddress,
      "tracking-url": trackingUrl, "stock-mail-to": stockMailTo, "stripe-key-file": stripeKeyFile,
      "stripe-url": stripeUrl, "mail-user": mailUser, "mail-password-file": mailPasswordFile,
      "mail-roots": mailRoots,
    ]
  }
}

/// How the shop is served.
struct ShopSettings {
  let office: BackOffice.Configuration
  let cardKeys: String
  /// How long payment cards' numbers are kept after their month.
  let cardDays: Int
  /// Nil where mails wait for a mail server.
  let mail: Mailer.Configuration?
  /// Nil where nobody takes payments at once.
  let gateway: (any PaymentGateway)?
  /// Nil where nobody is mailed the books.
  let dailyClose: DailyClose.Configuration?

  static let names = [
    "office-port", "office-address", "card-keys", "card-days", "mail-server", "mail-from", "mail-user",
    "mail-password-file", "mail-roots", "mail-clear-text", "card-mail-certificate", "card-mail-to", "mail-templates",
    "unsubscribe-url",
    "postal-address", "tracking-url", "mail-retry-seconds", "stock-mail-to",
    "stripe-key-file", "stripe-url", "report-zone", "report-day-starts", "daily-close-to",
    "daily-close-decimal-comma",
  ]

  init?(_ reader: SettingsReader, data: String, server: ServerConfiguration) throws {
    guard try reader.number("office-port") != nil else { return nil }
    var office = BackOffice.Configuration(reports: try Self.reports(reader))
    office.port = try reader.number("office-port", in: 0...65_535, default: office.port)
    office.address = try reader.text("office-address") ?? office.address
    office.certificate = server.security.map { ($0.certificateChainPath, $0.privateKeyPath) }
    guard office.certificate != nil || server.allowsClearText || isLoopback(office.address) else {
      throw ServerError.clearTextRefused(address: office.address)
    }
    self.office = office
    cardKeys = try reader.text("card-keys").map(Files.trimmed) ?? data + ".card-keys"
    cardDays = try reader.number("card-days", in: 0...3650, default: 90)
    mail = try Self.mail(reader)
    gateway = try Self.gateway(reader)
    dailyClose = try reader.text("daily-close-to").map { [mail, office] recipient in
      guard CustomerDetails(name: "accountant", email: recipient).invalidPart == nil else {
        throw Fault(.usage, "daily-close-to '\(recipient)': it is not an address")
      }
      guard let mail else { throw Fault(.usage, "daily-close-to needs a mail server (--mail-server)") }
      return DailyClose.Configuration(
        to: recipient, mail, office.reports, directory: data,
        hasDecimalComma: try reader.flag("daily-close-decimal-comma"))
    }
  }

  /// Business days as reports have them unless they are asked for others.
  private static func reports(_ reader: SettingsReader) throws -> ReportSettings {
    var reports = ReportSettings(zone: try reader.text("report-zone") ?? TimeZone.current.identifier)
    reports.dayStarts = try reader.text("report-day-starts") ?? reports.dayStarts
    _ = try BusinessCalendar(zone: reports.zone, dayStarts: reports.dayStarts)
    return reports
  }

  private static func gateway(_ reader: SettingsReader) throws -> (any PaymentGateway)? {
    guard let file = try reader.text("stripe-key-file") else { return nil }
    guard Files.isPrivate(file), let bytes = try Files.contents(of: file, limit: 1024) else {
      throw Fault(.notPermitted, "\(file): it is not there, or others may read it; chmod 600 it")
    }
    let key = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first.map(String.init) ?? ""
    let url = try reader.text("stripe-url") ?? "https://api.stripe.com"
    let isHere = URL(string: url).flatMap(\.host).map(isLoopback) ?? false
    guard url.hasPrefix("https://") || url.hasPrefix("http://") && isHere else {
      throw Fault(.usage, "stripe-url '\(url)': write https://host, for the key travels there")
    }
    return StripeGateway(secretKey: key, url: url)
  }

  private static func cards(_ reader: SettingsReader, _ sender: String) throws -> CardMail? {
    guard let file = try reader.text("card-mail-certificate") else { return nil }
    guard let pem = try Files.contents(of: file, limit: 1 << 16), let sealing = CertificateSealing(pem: pem) else {
      throw Fault(.usage, "\(file): it is not a certificate in PEM whose key can be encrypted to")
    }
    let recipient = try reader.text("card-mail-to") ?? sender
    guard CustomerDetails(name: "shop", email: recipient).invalidPart == nil else {
      throw Fault(.usage, "card-mail-to: not an e-mail address")
    }
    return CardMail(to: recipient, sealing)
  }

  private static func marketing(_ reader: SettingsReader) throws -> Mailer.Marketing? {
    guard let url = try reader.text("unsubscribe-url") else { return nil }
    guard url.utf8.count <= 500, url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ">") }) else {
      throw Fault(.usage, "unsubscribe-url: write https://host/path/, in ASCII")
    }
    let isHere = URL(string: url).flatMap(\.host).map(isLoopback) ?? false
    guard url.hasPrefix("https://") || url.hasPrefix("http://") && isHere else {
      throw Fault(.usage, "unsubscribe-url '\(url)': write https://host/path/, or mail programs do not use it")
    }
    guard let address = try reader.text("postal-address"), !address.isEmpty else {
      throw Fault(.usage, "give --postal-address TEXT: marketing mails must say from where they are")
    }
    return Mailer.Marketing(unsubscribingURL: url, postalAddress: address)
  }

  private static func mail(_ reader: SettingsReader) throws -> Mailer.Configuration? {
    guard let url = try reader.text("mail-server") else { return nil }
    guard url.hasPrefix("smtp://") || url.hasPrefix("smtps://") else {
      throw Fault(.usage, "mail-server '\(url)': write smtp://host:port or smtps://host:port")
    }
    guard let sender = try reader.text("mail-from"), CustomerDetails(name: "shop", email: sender).invalidPart == nil
    else {
      throw Fault(.usage, "give --mail-from ADDRESS: whom mails are from")
    }
    var server = MailServer(url: url)
    server.user = try reader.text("mail-user")
    server.rootsFile = try reader.text("mail-roots")
    server.allowsClearText = try reader.flag("mail-clear-text")
    if let file = try reader.text("mail-password-file") {
      guard Files.isPrivate(file), let bytes = try Files.contents(of: file, limit: 1024) else {
        throw Fault(.notPermitted, "\(file): it is not there, or others may read it; chmod 600 it")
      }
      server.password = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first.map(String.init) ?? ""
    }
    let templates: MailTemplates
    do { templates = try MailTemplates(directory: try reader.text("mail-templates").map(Files.trimmed)) } catch {
      throw Fault(.usage, "mail-templates: \(error)")
    }
    var mail = Mailer.Configuration(server: server, sender: sender, templates: templates)
    mail.firstRetrySeconds = UInt64(
      try reader.number("mail-retry-seconds", in: 1...3600, default: Int(mail.firstRetrySeconds)))
    mail.trackingURL = try reader.text("tracking-url")
    mail.marketing = try marketing(reader)
    mail.cards = try cards(reader, sender)
    mail.stockRecipient = try reader.text("stock-mail-to")
    if let address = mail.stockRecipient, CustomerDetails(name: "stock", email: address).invalidPart != nil {
      throw Fault(.usage, "stock-mail-to: not an e-mail address")
    }
    return mail
  }
}

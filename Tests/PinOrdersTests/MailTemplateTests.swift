import Foundation
import PinWords
import Testing

@testable import PinOrders

@Suite("What mails say: templates that a shop can replace, and that are checked before the first mail")
struct MailTemplateTests {
  /// A folder of the shop's with these files.
  private func withFolder<Value>(_ files: [String: String], _ body: (String) throws -> Value) throws -> Value {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("templates-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, text) in files {
      try text.write(to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
    }
    return try body(folder.path)
  }

  @Test("The built-in ones say all that a mail has, and leave out what it has not")
  func builtIn() throws {
    let templates = try MailTemplates()
    let card: [String: any Sendable] = [
      "product": "ACME", "serial": "SN1", "pin": "1234", "instructions": "Dial *123#",
    ]
    let mail = try #require(
      templates.render(.delivery, ["customer": "Ada", "order": "7", "cards": [card, card], "follow": "https://x/7"]))
    let cards = "ACME\nSerial: SN1\nPIN: 1234\nDial *123#\n\n"
    #expect(mail.subject == "Your cards")
    #expect(
      mail.text == "Dear Ada,\n\nHere are your cards:\n\n\(cards)\(cards)Order 7\n\nFollow it: https://x/7\n")
    #expect(mail.page.components(separatedBy: "<code>1234</code>").count == 3 && !mail.page.contains("Expires"))
    #expect(mail.page.contains(#"<a href="https://x/7">"#))
    let cancelled = try #require(templates.render(.cancelled, ["customer": "Ada", "order": "7"]))
    #expect(cancelled.text == "Dear Ada,\n\nYour order is cancelled.\n\nOrder 7\n")
    for kind in MailKind.allCases {
      #expect((templates.render(kind, [:]) == nil) == [.none, .paymentCard].contains(kind), "\(kind)")
    }
  }

  @Test(
    "What a customer wrote is text in a page, whatever it is and however a template asks for it",
    arguments: ["{{customer}}", "{{{customer}}}", "{{& customer}}", "{{#customer}}{{.}}{{/customer}}"])
  func escaping(tag: String) throws {
    let files = ["denied.txt": "Subject: No, \(tag)\n\n\(tag)\n", "denied.html": #"<p title="\#(tag)">\#(tag)</p>"#]
    let mail = try withFolder(files) { folder in
      // The last quotation mark is one character with the accent behind it.
      let name = "<b>O'Neil & \"Co\"</b> {{order}} \"\u{301}"
      return try #require(try MailTemplates(directory: folder).render(.denied, ["customer": name, "order": "7"]))
    }
    let escaped = "&lt;b&gt;O&#39;Neil &amp; &quot;Co&quot;&lt;/b&gt; {{order}} &quot;\u{301}"
    #expect(mail.page == #"<p title="\#(escaped)">\#(escaped)</p>"#)
    #expect(mail.text == "<b>O'Neil & \"Co\"</b> {{order}} \"\u{301}\n")
    #expect(mail.subject == "No, <b>O'Neil & \"Co\"</b> {{order}} \"\u{301}")
  }

  @Test("Lines may end as any editor ends them")
  func lineEnds() throws {
    let files = ["denied.txt": "Subject: Sorry\r\n\r\nNo.\r\nOrder {{order}}\r\n", "denied.html": "<p>\r\nNo.</p>\r\n"]
    let mail = try withFolder(files) { try #require(try MailTemplates(directory: $0).render(.denied, ["order": "7"])) }
    #expect(mail.subject == "Sorry" && mail.text == "No.\nOrder 7\n")
  }

  @Test("A shop's own replace the built-in ones of that kind, and no others")
  func replaced() throws {
    try withFolder(["denied.txt": "Subject: Sorry\n\nNo.\n", "denied.html": "<p>No.</p>"]) { folder in
      let templates = try MailTemplates(directory: folder)
      #expect(
        templates.render(.denied, [:]) == MailTemplates.Rendered(subject: "Sorry", text: "No.\n", page: "<p>No.</p>"))
      #expect(templates.render(.cancelled, [:]) == (try MailTemplates().render(.cancelled, [:])))
    }
  }

  @Test(
    "What no mail can be made with is refused, with its file and its line",
    arguments: [
      ("denied.txt", "Dear {{customer}}", "denied.txt:1: the first line is the subject: write 'Subject: …'"),
      ("denied.txt", "Subject: x\n\n{{custmer}}", "denied.txt:3: {{custmer}} is nothing that this mail can say"),
      ("denied.txt", "Subject: x\n\n{{pin}}", "denied.txt:3: {{pin}} is nothing that this mail can say"),
      ("denied.html", "<p>\n{{#customer}}\n</p>", "denied.html:3: expectedSectionEnd"),
      ("denied.html", "<p>\n{{customer</p>\n}}", "denied.html:2: a tag does not end on its line"),
      ("denied.html", "{{> header}}", "denied.html:1: {{> header}} is nothing that this mail can say"),
      (
        "denied.html", "{{%CONTENT_TYPE:HTML}}",
        "denied.html:1: {{%CONTENT_TYPE:HTML}} is nothing that this mail can say"
      ),
      ("denied.html", "{{=<% %>=}}", "denied.html:1: {{=<% %>=}} is nothing that this mail can say"),
      ("delivery.txt", "Subject: x\n\n{{order}}", "delivery.txt: it does not say {{pin}}, which every such mail must"),
      ("denyed.txt", "Subject: x", "denyed.txt: there is no mail of this name"),
      ("denied.md", "Subject: x", "denied.md: there is no mail of this name"),
    ])
  func refused(file: String, source: String, fault: String) throws {
    var files = ["denied.txt": "Subject: x\n", "denied.html": "x", "delivery.html": "{{pin}}"]
    files["delivery.txt"] = "Subject: x\n{{pin}}"
    files[file] = source
    try withFolder(files) { folder in
      let error = #expect(throws: TemplateFault.self) { try MailTemplates(directory: folder) }
      #expect(error?.description == "\(folder)/\(fault)")
    }
  }

  @Test("One of the two alone, and a folder that is not there, are refused")
  func halves() throws {
    try withFolder(["denied.txt": "Subject: x\n"]) { folder in
      let error = #expect(throws: TemplateFault.self) { try MailTemplates(directory: folder) }
      #expect(error?.description == "\(folder)/denied.txt: denied.html is not beside it")
      #expect(throws: TemplateFault.self) { try MailTemplates(directory: folder + "/none") }
    }
  }

  @Test("Only a delivery's templates may say a PIN", arguments: MailKind.allCases)
  func pins(kind: MailKind) throws {
    #expect((MailTemplates.known[kind.name] ?? []).contains("pin") == (kind == .delivery))
    #expect((MailTemplates.known[kind.name] != nil) == (MailTemplates.builtIn[kind.name] != nil))
  }

  @Test("A mail of a text and a page is one of two alternatives, the page last")
  func alternatives() throws {
    var message = MailMessage(
      from: "shop@example.com", to: "ada@example.com", recipientName: "Ada", subject: "Größe", messageID: "1@x",
      date: Date(timeIntervalSince1970: 0), text: "one\ntwo\n", page: "<p>one</p>")
    let raw = String(decoding: message.bytes, as: UTF8.self)
    let parts = raw.components(separatedBy: "--pinvault_alternative")
    #expect(parts.count == 4 && parts[3] == "--\r\n")
    #expect(parts[0].contains("Content-Type: multipart/alternative; boundary=\"pinvault_alternative\"\r\n\r\n"))
    #expect(parts[1].contains("text/plain") && parts[1].contains(Data("one\r\ntwo\r\n".utf8).base64EncodedString()))
    #expect(parts[2].contains("text/html") && parts[2].contains(Data("<p>one</p>".utf8).base64EncodedString()))
    message.page = nil
    #expect(!String(decoding: message.bytes, as: UTF8.self).contains("multipart"))
  }
}

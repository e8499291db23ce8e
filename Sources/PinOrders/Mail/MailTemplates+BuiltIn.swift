/// What mails say when the shop says nothing else, and what the templates of each kind can name.
extension MailTemplates {
  private static let ofOrder: Set = ["customer", "order", "follow"]

  /// The names that a template of each kind can say. Only a delivery's has PINs.
  static let known: [String: Set<String>] = [
    "received": ofOrder.union(["lines", "count", "product", "total"]),
    "delivery": ofOrder.union(["cards", "product", "serial", "pin", "expires", "instructions"]),
    "denied": ofOrder, "declined": ofOrder.union(["total"]), "cancelled": ofOrder.union(["credited"]),
    "credited": ofOrder.union(["credited"]), "shipped": ofOrder.union(["carrier", "number"]),
    "low-stock": ["product", "sku", "regular", "threshold"],
    "refund-lost": ["order", "missing", "authorisation"],
    "marketing": ["customer", "subject", "paragraphs", "paragraph", "unsubscribe", "postal_address"],
  ]

  /// What a template of a kind must say.
  static let required: [String: Set<String>] = ["delivery": ["pin"], "marketing": ["unsubscribe", "postal_address"]]

  static let builtIn: [String: (text: String, page: String)] = [
    "received": order(
      "Your order is here", "We have received your order and keep its cards for you:",
      text: "{{#lines}}\n{{count}} x {{product}}\n{{/lines}}\n\nTotal: {{total}}\n\n",
      page: "<ul>{{#lines}}<li>{{count}} x {{product}}</li>{{/lines}}</ul>\n<p>Total: {{total}}</p>"),
    "delivery": order(
      "Your cards", "Here are your cards:",
      text: """
        {{#cards}}
        {{product}}
        Serial: {{serial}}
        PIN: {{pin}}
        {{#expires}}
        Expires: {{expires}}
        {{/expires}}
        {{#instructions}}
        {{instructions}}
        {{/instructions}}

        {{/cards}}

        """,
      page: """
        {{#cards}}
        <p><strong>{{product}}</strong><br>Serial: {{serial}}<br>PIN: <strong><code>{{pin}}</code></strong>
        {{#expires}}<br>Expires: {{expires}}{{/expires}}
        {{#instructions}}<br>{{instructions}}{{/instructions}}</p>
        {{/cards}}
        """),
    "denied": order(
      "Your order was not accepted", "We are sorry: we cannot accept your order. Nothing is charged for it."),
    "declined": order(
      "Your payment was declined",
      "Your payment was declined. Your order and its cards are kept: please tell us other payment details.",
      text: "Total: {{total}}\n\n", page: "<p>Total: {{total}}</p>"),
    "cancelled": order(
      "Your order is cancelled", "Your order is cancelled.",
      text: "{{#credited}}\nCredited: {{credited}}\n\n{{/credited}}\n",
      page: "{{#credited}}<p>Credited: {{credited}}</p>{{/credited}}"),
    "credited": order(
      "Your credit", "Cards of your order came back.",
      text: "{{#credited}}\nCredited: {{credited}}\n\n{{/credited}}\n",
      page: "{{#credited}}<p>Credited: {{credited}}</p>{{/credited}}"),
    "shipped": order(
      "Your cards are on their way", "{{carrier}} brings your cards, under the number {{number}}."),
    "refund-lost": (
      text: """
      Subject: A refund did not reach its customer

      Of what was given back for order {{order}}, {{missing}} did not reach its customer. The payment is
      {{authorisation}}. Please give it back otherwise.

      """,
      page: """
      <!doctype html>
      <html lang="en">
      <head><meta charset="utf-8"><title>A refund did not reach its customer</title></head>
      <body>
      <p>Of what was given back for order {{order}}, {{missing}} did not reach its customer. The payment is
      {{authorisation}}. Please give it back otherwise.</p>
      </body>
      </html>

      """
    ),
    "low-stock": (
      text: """
      Subject: Low stock: {{sku}}

      {{product}} ({{sku}}) is low: {{regular}} regular cards are left, and it is to have {{threshold}}. \
      The next warning comes after it rose above that and fell again.

      """,
      page: page(
        """
        <p>{{product}} ({{sku}}) is low: {{regular}} regular cards are left, and it is to have {{threshold}}. \
        The next warning comes after it rose above that and fell again.</p>
        """)
    ),
    "marketing": (
      text: """
      Subject: {{subject}}

      Dear {{customer}},

      {{#paragraphs}}
      {{paragraph}}

      {{/paragraphs}}
      You are sent this because you consented to it. To get no more: {{unsubscribe}}

      {{postal_address}}

      """,
      page: page(
        """
        <p>Dear {{customer}},</p>
        {{#paragraphs}}<p>{{paragraph}}</p>{{/paragraphs}}
        <p><small>You are sent this because you consented to it. \
        <a href="{{unsubscribe}}">Get no more</a><br>{{postal_address}}</small></p>
        """)
    ),
  ]

  /// Each as a file of a shop's own folder.
  package static var builtInFiles: [(name: String, source: String)] {
    builtIn.flatMap { [("\($0).txt", $1.text), ("\($0).html", $1.page)] }
  }

  private static func order(
    _ subject: String, _ sentence: String, text: String = "", page more: String = ""
  ) -> (text: String, page: String) {
    let text = """
      Subject: \(subject)

      Dear {{customer}},

      \(sentence)

      \(text)Order {{order}}
      {{#follow}}

      Follow it: {{follow}}
      {{/follow}}

      """
    let page = page(
      """
      <p>Dear {{customer}},</p>
      <p>\(sentence)</p>
      \(more)
      <p>Order {{order}}</p>
      {{#follow}}<p><a href="{{follow}}">Follow it</a></p>{{/follow}}
      """)
    return (text, page)
  }

  private static func page(_ body: String) -> String {
    """
    <!doctype html>
    <html lang="en"><head><meta charset="utf-8"></head><body style="font-family: sans-serif">
    \(body)
    </body></html>

    """
  }
}

import PinBytes
import PinWords

/// Orders, customers and waiting mails as the state's tables hold them; the first two are also the results of their changes.
///
///     order      0 id  16 version u32  20 review  21 payment  22 fulfilment  23 suspicions  24 customer  40 actor u32
///                44 submitted at u64  52 currency u32  56 total u64  64 shipping u64  72 paid u64  80 credited u64
///                88 card's document: id (16), digest (32)  136 card's fingerprint (16)  152 device (16)
///                168 delivery way  169 authorisation, carrier, tracking number: texts, then of the gateway:
///                method, payment: texts, refunded u64, then the marks of its denial
///     customer   0 id  16 version u32  20 consents  21 three zero bytes  24 approved orders u32  28 denied orders u32
///                32 approved card (16)  48 document: id (16), digest (32)  96 marks
///     marks      0 their number u8  1 each: kind, digest (16)
///     mail       0 kind  1 is dead  2 attempts u16  4 zero u32  8 not before u64  16 order, or customer of a marketing mail
///                32 of that its document: id (16), digest (32)
///
/// Where there is no card, its document is zeros, and its fingerprint is the gateway method's, or zeros; where the device is
/// not known, that is.
extension Order {
  func write(to writer: inout ByteWriter) {
    writer.write(id)
    writer.write(version)
    writer.write(axes.review.rawValue)
    writer.write(axes.payment.rawValue)
    writer.write(axes.fulfilment.rawValue)
    writer.write(suspicions.rawValue)
    writer.write(customer)
    writer.write(actor.rawValue)
    writer.write(submittedAtMilliseconds)
    writer.write(currency.code)
    for amount in [totalMinor, shippingMinor, paidMinor, creditedMinor] { writer.write(amount) }
    if let card {
      card.document.write(to: &writer)
      writer.write(card.fingerprint)
    } else {
      writer.writeZeros(DocumentName.byteCount)
      writer.write(instrument)
    }
    writer.write(device?.digest ?? Customer.noCard)
    writer.write(way.rawValue)
    for text in [authorisation, carrier, trackingNumber, method?.token ?? "", gatewayPayment] {
      writer.write(shortString: text)
    }
    writer.write(refundedMinor)
    denied.write(to: &writer)
  }

  init(_ reader: inout ByteReader) throws(ByteShortage) {
    let id = try reader.readRequestID()
    let version: UInt32 = try reader.read()
    guard let review = OrderReview(rawValue: try reader.read()),
      let payment = OrderPayment(rawValue: try reader.read()),
      let fulfilment = OrderFulfilment(rawValue: try reader.read())
    else { throw ByteShortage() }
    let suspicions = Suspicions(rawValue: try reader.read())
    guard Suspicions.all.isSuperset(of: suspicions) else { throw ByteShortage() }
    let customer = try reader.readRequestID()
    let actor = ActorID(try reader.read())
    let submittedAt: UInt64 = try reader.read()
    guard let currency = Currency(code: try reader.read()) else { throw ByteShortage() }
    self.init(
      id: id, version: version, axes: OrderAxes(review, payment, fulfilment), customer: customer, actor: actor,
      submittedAtMilliseconds: submittedAt, currency: currency, totalMinor: try reader.read(),
      shippingMinor: try reader.read(), card: nil, suspicions: suspicions)
    paidMinor = try reader.read()
    creditedMinor = try reader.read()
    let document = try DocumentName(&reader)
    let fingerprint = [UInt8](try reader.readBytes(Customer.noCard.count))
    if document.id != .zero {
      card = PaymentCard(document: document, fingerprint: fingerprint)
    } else if document.digest.contains(where: { $0 != 0 }) {
      throw ByteShortage()
    }
    let device = [UInt8](try reader.readBytes(Customer.noCard.count))
    if device != Customer.noCard { self.device = Mark(.device, device) }
    guard let way = DeliveryWay(rawValue: try reader.read()) else { throw ByteShortage() }
    self.way = way
    authorisation = try reader.readShortString()
    carrier = try reader.readShortString()
    trackingNumber = try reader.readShortString()
    let token = try reader.readShortString()
    if !token.isEmpty { method = GatewayMethod(token: token, fingerprint: fingerprint) }
    guard instrument == fingerprint, card == nil || method == nil else { throw ByteShortage() }
    gatewayPayment = try reader.readShortString()
    refundedMinor = try reader.read()
    denied = try [Mark](&reader, atMost: Mark.mostOfOrder)
  }
}

extension DocumentName {
  static let byteCount = 48

  func write(to writer: inout ByteWriter) {
    precondition(digest.count == 32, "a digest has 32 bytes")
    writer.write(id)
    writer.write(digest)
  }

  init(_ reader: inout ByteReader) throws(ByteShortage) {
    self.init(id: try reader.readRequestID(), digest: [UInt8](try reader.readBytes(32)))
  }
}

extension Mark {
  static let byteCount = 17
  /// The most that a customer has: of the e-mail address and each address.
  static let mostOfCustomer = 17
  /// The customer's, the device's and the payment card's.
  static let mostOfOrder = mostOfCustomer + 2

  func write(to writer: inout ByteWriter) {
    precondition(digest.count == 16, "a mark has 16 bytes")
    writer.write(kind.rawValue)
    writer.write(digest)
  }

  init(_ reader: inout ByteReader) throws(ByteShortage) {
    guard let kind = Kind(rawValue: try reader.read()) else { throw ByteShortage() }
    self.init(kind, [UInt8](try reader.readBytes(16)))
  }

  /// Its kind and its digest: the key of the fraud list.
  var bytes: [UInt8] { [kind.rawValue] + digest }
}

extension [Mark] {
  fileprivate func write(to writer: inout ByteWriter) {
    writer.write(UInt8(count))
    for mark in self { mark.write(to: &writer) }
  }

  fileprivate init(_ reader: inout ByteReader, atMost most: Int) throws(ByteShortage) {
    self = []
    let count = Int(try reader.read(UInt8.self))
    guard count <= most else { throw ByteShortage() }
    for _ in 0..<count { append(try Mark(&reader)) }
  }
}

extension Customer {
  func write(to writer: inout ByteWriter) {
    writer.write(id)
    writer.write(version)
    writer.write(UInt8(consents ? 1 : 0))
    writer.writeZeros(3)
    writer.write(approvedOrders)
    writer.write(deniedOrders)
    writer.write(approvedCard)
    document.write(to: &writer)
    marks.write(to: &writer)
  }

  init(_ reader: inout ByteReader) throws(ByteShortage) {
    let id = try reader.readRequestID()
    let version: UInt32 = try reader.read()
    let consents = try reader.readFlag()
    try reader.readZeros(3)
    let approvedOrders: UInt32 = try reader.read()
    self.init(
      id: id, version: version, consents: consents, deniedOrders: try reader.read(), approvedOrders: approvedOrders,
      approvedCard: [UInt8](try reader.readBytes(Customer.noCard.count)), document: try DocumentName(&reader),
      marks: try [Mark](&reader, atMost: Mark.mostOfCustomer))
  }
}

extension WaitingMail {
  func write(to writer: inout ByteWriter) {
    writer.write(kind.rawValue)
    writer.write(UInt8(isDead ? 1 : 0))
    writer.write(attempts)
    writer.write(UInt8(isCardSent ? 1 : 0))
    writer.writeZeros(3)
    writer.write(dueMilliseconds)
    writer.write(order)
    letter?.write(to: &writer)
  }

  /// The name is the record's key.
  init(_ name: MailName, _ reader: inout ByteReader) throws(ByteShortage) {
    guard let kind = MailKind(rawValue: try reader.read()) else { throw ByteShortage() }
    let isDead = try reader.readFlag()
    let attempts: UInt16 = try reader.read()
    let isCardSent = try reader.readFlag()
    try reader.readZeros(3)
    let due: UInt64 = try reader.read()
    self.init(cause: name.cause, kind: kind, order: try reader.readRequestID(), dueMilliseconds: due)
    (self.isDead, self.attempts, self.isCardSent, product) = (isDead, attempts, isCardSent, name.product)
    if kind == .marketing { letter = try DocumentName(&reader) }
  }
}

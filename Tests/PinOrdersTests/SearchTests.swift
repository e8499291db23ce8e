import PinWords
import Testing

@testable import PinOrders

@Suite("Customers are found however their names are written")
struct SearchTests {
  @Test("By a part of it, large or small, with marks or without")
  func written() async throws {
    try await OwnEngine.with { own in
      for name in ["Ada Größe", "İpek Yılmaz", "Łukasz Żak", "Søren Æbelø", "山田 太郎"] {
        _ = try await own.desk.define(
          CustomerDetails(name: name, email: "shop@example.com", phone: "+49 30 1234"), customer: .new(), version: 0,
          consents: false, id: .new(), own.asker)
      }
      for (text, found) in [
        ("GROSSE", "Ada Größe"), ("größe", "Ada Größe"), ("ipek", "İpek Yılmaz"), ("YILMAZ", "İpek Yılmaz"),
        ("lukasz", "Łukasz Żak"), ("ŁUKASZ", "Łukasz Żak"), ("soren ae", "Søren Æbelø"), ("søren æ", "Søren Æbelø"),
        ("田", "山田 太郎"), ("%41da", nil),
      ] {
        let page = try await own.desk.customers(matching: text, after: .zero, own.asker)
        #expect(page.found.map(\.1?.name) == (found.map { [$0] } ?? []) && page.next == nil, "\(text)")
      }
    }
  }
}

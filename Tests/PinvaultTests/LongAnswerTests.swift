import Foundation
import Testing

/// What the back office answers to a list may be long: 256 purchase orders of 64 lines each, to a page.
@Suite struct LongAnswerTests {
  @Test(
    "A page is shown whole, however long its documents are; what no back office would say is refused",
    arguments: [(4 << 20, 0), (17 << 20, 69)] as [(Int, Int32)])
  func pages(byteCount: Int, status: Int32) async throws {
    let tool = try Tool()
    defer { tool.remove() }
    try "books\n".write(toFile: tool.path("token"), atomically: true, encoding: .utf8)
    try #require(chmod(tool.path("token"), 0o600) == 0)
    let page = #"{"orders":[{"vendor":""# + String(repeating: "v", count: byteCount) + #""}]}"#
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(page.utf8.count)\r\n\r\n"
    let office = try CannedOffice(answering: head + page, then: .closing)
    defer { office.end() }
    let run = try await tool.start(["purchase", "list", "--token-file", "token", "--office", office.url]).finish()
    #expect(run.status == status, "\(run.errors)")
    #expect((run.output.utf8.count > byteCount) == (status == 0))
  }
}

import Foundation
import PinBench
import Testing

/// `pinvault bench` on a real server of its own.
@Suite struct BenchTests {
  @Test(arguments: Shape.allCases)
  func everyShapeRunsAndIsValid(shape: Shape) async throws {
    let tool = try Tool()
    defer { tool.remove() }
    let run = try await tool.run(
      "bench", "--shape", shape.rawValue, "--connections", "2", "--in-flight", "2", "--seconds", "1", "--warm-up", "0",
      "--cards", shape == .sellOut ? "50" : "40000", "--json", "--html", "page.html")
    try #require(run.status == 0, "\(run.output) \(run.errors)")
    let report = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    let result = try #require((report["results"] as? [[String: Any]])?.first)
    #expect(report["verified"] as? Bool == true)
    #expect(try #require(result["operations"] as? Int) > 0)
    let refusals = try #require(result["refusals"] as? [String: Int])
    #expect((refusals["insufficientStock"] ?? 0 > 0) == (shape == .sellOut))
    #expect(try tool.text("page.html").contains("<svg"))
    // Its directory is gone.
    let left = try FileManager.default.contentsOfDirectory(atPath: tool.path("."))
    #expect(left.filter { $0.hasPrefix("pinvault-bench") }.isEmpty)
  }

  @Test func aRunThatEmptiesTheStockIsNotValid() async throws {
    let tool = try Tool()
    defer { tool.remove() }
    let run = try await tool.run("bench", "--seconds", "1", "--warm-up", "0", "--cards", "10", "--json")
    #expect(run.status == 6)
    #expect(run.errors.contains("found no stock"))
  }
}

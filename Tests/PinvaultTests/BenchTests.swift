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

  @Test func theFloorIsToldBesideEachFigure() async throws {
    let tool = try Tool()
    defer { tool.remove() }
    let run = try await tool.run(
      "bench", "--connections", "2", "--seconds", "1", "--warm-up", "0", "--cards", "40000", "--rounds", "3", "--floor",
      "--json", "--html", "page.html")
    try #require(run.status == 0, "\(run.output) \(run.errors)")
    let report = try run.json
    let result = try #require((report["results"] as? [[String: Any]])?.first)
    let rounds = try #require(result["rounds"] as? [Double]).sorted()
    #expect(rounds.count == 3 && rounds[1] == result["operations_per_second"] as? Double)
    let limits = try #require(result["limits"] as? [String: Double])
    #expect(["echo_per_second", "journal_per_second", "lmdb_per_second"].allSatisfy { limits[$0] ?? 0 > 0 })
    let floor = try #require(report["floor"] as? [[String: Any]])
    #expect(floor.compactMap { $0["vends_per_sync"] as? Int } == [1, 16, 64, 512])
    #expect(try tool.text("page.html").contains("Against what this machine does at best"))
  }

  @Test func anInterruptedRunLeavesNothing() async throws {
    let tool = try Tool()
    defer { tool.remove() }
    func left() throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: tool.path(".")).filter { $0.hasPrefix("pinvault-bench") }
    }
    let run = try tool.start(["bench", "--seconds", "600", "--cards", "40000"])
    while try left().allSatisfy({ !FileManager.default.fileExists(atPath: tool.path("\($0)/vault/address")) }) {
      try #require(run.process.isRunning)
      try await Task.sleep(for: .milliseconds(20))
    }
    run.signal(SIGINT)
    let ended = try await run.finish()
    #expect(ended.status == 130, "\(ended.errors)")
    #expect(try left().isEmpty)
  }

  @Test func aRunThatEmptiesTheStockIsNotValid() async throws {
    let tool = try Tool()
    defer { tool.remove() }
    let run = try await tool.run("bench", "--seconds", "1", "--warm-up", "0", "--cards", "10", "--json")
    #expect(run.status == 6)
    #expect(run.errors.contains("found no stock"))
  }
}

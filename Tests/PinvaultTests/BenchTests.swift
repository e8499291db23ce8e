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

  @Test func aGivenDirectoryIsMeasuredAsLargeAsItIsAndStays() async throws {
    var vault = try await Vault()
    _ = try await vault.stop()
    let command = ["bench", "--data", "vault", "--seconds", "1", "--warm-up", "0", "--cards", "40000", "--json"]
    var sold = 0
    for _ in 0..<2 {
      let run = try await vault.tool.start(command).finish()
      try #require(run.status == 0, "\(run.output) \(run.errors)")
      let results = try run.json["results"] as? [[String: Any]]
      sold += try #require(results?.first?["operations"] as? Int)
    }
    try await vault.start()
    let actors = try await vault.tool.run("actor", "list").output.split(separator: "\n")
    #expect(actors.contains { $0.contains("pinvault-bench") && $0.contains("revoked") })
    // Answers that came after the measured time were sold, too.
    let stock = try await vault.tool.run("stock", "--json").output
    let levels = try JSONSerialization.jsonObject(with: Data(stock.utf8)) as? [[String: Any]]
    #expect(try #require(levels?.first?["delivered"] as? Int) >= sold)
    // A directory that is served is left alone, and so is its server.
    let refused = try await vault.tool.start(command).finish()
    #expect(refused.status == 69 && refused.errors.contains("in use"), "\(refused.errors)")
    #expect(try await vault.tool.run("stock").status == 0)
    // What a killed server left there is not believed.
    try await vault.kill()
    #expect(try await vault.tool.start(command).finish().status == 0)
    let left = try FileManager.default.contentsOfDirectory(atPath: vault.tool.path("."))
    #expect(left.filter { $0.hasPrefix("pinvault-bench") }.isEmpty)
    try await vault.end()
  }

  @Test func aRunThatEmptiesTheStockIsNotValid() async throws {
    let tool = try Tool()
    defer { tool.remove() }
    let run = try await tool.run("bench", "--seconds", "1", "--warm-up", "0", "--cards", "10", "--json")
    #expect(run.status == 6)
    #expect(run.errors.contains("found no stock"))
  }
}

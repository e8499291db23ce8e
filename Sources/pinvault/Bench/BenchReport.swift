import Foundation
import Glibc
import PinBench

/// All runs of one command: what the tables, the JSON and the page are made of.
struct BenchReport: Encodable, Sendable {
  var machine: BenchMachine
  var results: [BenchResult]
  /// What the disk does by itself; with `--floor`.
  var floor: [BenchFloor] = []
  /// How long the server took to start again; with `--reopen`.
  var reopening: BenchReopening?
  /// Whether the store verified after the last run.
  var verified: Bool

  /// Why the runs are not valid; empty if they are.
  var problems: [String] {
    results.flatMap { result in result.problems.map { "\(result.name): \($0)" } }
      + (verified ? [] : ["the store does not verify"])
  }

  /// Whether the runs are valid, in a sentence.
  var verdict: String {
    problems.isEmpty
      ? "Every PIN came once and with its serial, the counts agree with the server's, and the store verifies."
      : "Not valid: " + problems.joined(separator: "; ")
  }

  /// What was refused, a line for each run in which something was.
  var refusals: [String] {
    results.filter { !$0.refusals.isEmpty }.map { result in
      let refusals = result.refusals.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }
      return "\(result.name): refused \(refusals.joined(separator: ", "))"
    }
  }

  var text: String {
    let tables = BenchTable.all(of: self).map { table in
      (table.title.map { [$0] } ?? []) + [table.text] + (table.note.map { [$0] } ?? [])
    }
    let reopening = (reopening?.text).map { [[$0]] } ?? []
    return ([[machine.text]] + tables + reopening + [refusals + [verdict]]).map { $0.joined(separator: "\n") }
      .joined(separator: "\n\n")
  }
}

/// The machine that was measured on.
struct BenchMachine: Encodable, Sendable {
  var processor: String
  var processors: Int
  var kernel: String
  var fileSystemDirectory: String
  var version: String

  var text: String { "\(processor), \(processors) processors, Linux \(kernel), pinvault \(version)" }

  static func read(place: String) -> BenchMachine {
    var system = utsname()
    uname(&system)
    let release = withUnsafeBytes(of: &system.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    let information = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let model = information.split(separator: "\n").first { $0.hasPrefix("model name") }
    let name = model?.split(separator: ":").last?.trimmingCharacters(in: .whitespaces)
    return BenchMachine(
      processor: name ?? "unknown", processors: ProcessInfo.processInfo.activeProcessorCount, kernel: release,
      fileSystemDirectory: place, version: programVersion)
  }
}

/// How a benchmark's figures are written, in the table as on the page.
enum Figure {
  /// `12,345`
  static func whole(_ value: Double) -> String {
    Int(value.rounded()).formatted(.number.locale(Locale(identifier: "en")))
  }

  /// `62 %`
  static func percent(_ share: Double) -> String { "\(whole(share * 100)) %" }

  /// `0.004`, `1.25`, `125`
  static func short(_ value: Double) -> String {
    String(format: value < 0.1 ? "%.3f" : value < 10 ? "%.2f" : "%.0f", value)
  }
}

import ArgumentParser
import Foundation

struct StatsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats",
    abstract: "The server's counters since its start.",
    discussion: """
      Example:
        pinvault stats --json
      """)

  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let text = try await server.withClient { try await $0.statistics().value }
    guard !output.json else { return try StandardOutput.write(line: text) }
    let counters = try JSONSerialization.jsonObject(with: Data(text.utf8), options: [.fragmentsAllowed])
    try StandardOutput.write(line: fieldList(flatten(counters, name: "")))
  }

  /// Every counter with its path, in the order of their names.
  private func flatten(_ value: Any, name: String) -> [(name: String, value: String?)] {
    func within(_ part: String) -> String { name.isEmpty ? part : "\(name).\(part)" }
    switch value {
    case let object as [String: Any]:
      return object.sorted { $0.key < $1.key }.flatMap { flatten($0.value, name: within($0.key)) }
    case let list as [Any]:
      return list.enumerated().flatMap { flatten($0.element, name: within("\($0.offset)")) }
    default:
      return [(name.replacing("_", with: " "), "\(value)")]
    }
  }
}

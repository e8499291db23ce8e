import ArgumentParser
import Foundation
import PinEngine

struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Walk the journal's chain and the state, and name every law that is broken.",
    discussion: """
      Needs no key if nobody serves the directory; else the server is asked, as --actor. Without --data, the server is \
      asked as well. Ends with \(ExitStatus.notSound.rawValue) if anything is wrong.

      Example:
        pinvault verify --data vault --json
      """)

  @Option(help: ArgumentHelp("The data directory.", valueName: "directory")) var data: String?
  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let text: String
    if let data {
      text = try await LiveDirectory(path: Files.trimmed(data), server: server).perform {
        try JSON.text(try Engine.verify(at: Files.trimmed(data)))
      } online: {
        try await $0.verify().value
      }
    } else {
      text = try await server.withClient { try await $0.verify().value }
    }
    let result = try JSON.read(VerifyResult.self, from: text)
    try StandardOutput.write(line: output.json ? text : result.text)
    if !result.sound { throw Fault(.notSound, "") }
  }
}

/// The report, as far as people are told.
private struct VerifyResult: Decodable {
  struct Problem: Decodable {
    var law: String
    var detail: String
    var file: String?
    var offset: Int?
  }

  var sound: Bool
  var storeId: String
  var cards: UInt64
  var extents: UInt64
  var events: UInt64
  var headSequence: UInt64
  var chainHead: String
  var tornBytes: Int
  var problems: [Problem]

  var text: String {
    let head = fieldList([
      ("Store", storeId),
      ("Cards", "\(cards) in \(extents) extents"),
      ("Events", "\(events)"),
      ("Chain head", "\(headSequence) \(chainHead)"),
      ("Torn bytes", tornBytes == 0 ? nil : "\(tornBytes), which a crash leaves and the next start clears"),
    ])
    guard !problems.isEmpty else { return head + (sound ? "\nSound." : "\nNot sound.") }
    let lines = problems.map { problem in
      let place = problem.file.map { "\($0)\(problem.offset.map { " at byte \($0)" } ?? ""): " } ?? ""
      return "  \(problem.law): \(place)\(problem.detail)"
    }
    return "\(head)\nNot sound:\n" + lines.joined(separator: "\n")
  }
}

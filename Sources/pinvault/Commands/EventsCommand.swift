import ArgumentParser
import PinClient
import PinEngine
import PinProtocol

struct EventsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "events",
    abstract: "The journal as JSON lines: an event each, never a PIN.",
    discussion: """
      Ends at the last event there is; with --follow it waits for those to come.

      Example:
        pinvault events --from 1 --follow
      """)

  @Option(help: ArgumentHelp("The first event wanted; the journal's first is 1.", valueName: "sequence"))
  var from: UInt64 = 1
  @Flag(help: "Wait for the events to come, until interrupted.") var follow = false
  @OptionGroup var server: ServerOptions

  func validate() throws {
    if from == 0 { throw ValidationError("--from: the journal's first event is 1.") }
  }

  func run() async throws {
    try await server.withClient { client in
      for try await event in client.events(from: from, until: follow ? .never : .head) {
        try StandardOutput.write(line: try line(event))
      }
    }
  }

  private func line(_ event: EventsAnswer.Event) throws -> String {
    do throws(JournalEventError) {
      return try JournalEvent(
        sequence: event.sequence, timeMilliseconds: event.timeMilliseconds, bytes: event.bytes.span.bytes
      ).jsonLine
    } catch {
      throw Fault(.rotten, "event \(event.sequence): \(error)")
    }
  }
}

import ArgumentParser
import PinEngine

struct RestoreCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore",
    abstract: "Make a new data directory out of a backup.",
    discussion: """
      Nothing is forgotten only if the journal that survived is given (--journal) and ends exactly with the last \
      event that anybody knows of (--head): the highest sequence that any client was told, or the metrics say. A \
      backup's own head is not it. Otherwise sales may be forgotten: the store gets a new id, and all its stock is quarantined \
      until it is re-inventoried.

      Cards of a purchase that became stock after the backup are not in it: give the payload that survived (--payload).

      Example:
        pinvault restore --from backups/2026-03-01 --data vault-restored --journal vault/journal --head 48211 \
          --payload vault/payload
      """)

  @Option(help: ArgumentHelp("The backup.", valueName: "directory")) var from: String
  @Option(help: ArgumentHelp("The data directory to make.", valueName: "directory")) var data: String
  @Option(help: ArgumentHelp("The journal that survived.", valueName: "directory")) var journal: String?
  @Option(help: ArgumentHelp("The last event that anybody knows of.", valueName: "sequence")) var head: UInt64?
  @Option(help: ArgumentHelp("The payload that survived. (default: the backup's)", valueName: "directory"))
  var payload: String?
  @Option(help: ArgumentHelp("The last event to restore. (default: the last there is)", valueName: "sequence"))
  var toSequence: UInt64?
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if head != nil && journal == nil { throw ValidationError("--head says where --journal must end: give both") }
  }

  func run() async throws {
    let target = Files.trimmed(data)
    let report = try Engine.restore(
      from: Files.trimmed(from), to: target, lastSequence: toSequence, survivingJournal: journal.map(Files.trimmed),
      knownHead: head, survivingPayload: payload.map(Files.trimmed))
    AddressFile.remove(in: target)
    try output.print(report) {
      let restored = "\(target) holds the store up to event \(report.restoredSequence)"
      guard let id = report.newStoreID else { return restored + "; nothing is forgotten" }
      return """
        \(restored), as a new store (\(id)).
        \(whyNotWhole(report.restoredSequence))
        Later sales are not known, so all stock is quarantined: check it, then 'pinvault reinventory'.
        """
    }
  }

  private func whyNotWhole(_ restored: UInt64) -> String {
    if toSequence != nil { return "What came after was left out, as asked." }
    guard journal != nil else { return "No journal that survived was given." }
    guard let head else { return "Whether the journal was whole is not known: --head tells." }
    return restored < head
      ? "The journal ends before event \(head)."
      : "The journal goes on after event \(head), so that was not the last: look for the one that was."
  }
}

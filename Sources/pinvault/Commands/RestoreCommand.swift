import ArgumentParser
import PinEngine

struct RestoreCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore",
    abstract: "Make a new data directory out of a backup.",
    discussion: """
      With --journal, the journal that survived the loss, nothing is forgotten. Without it, or up to a chosen event, sales \
      may be: the store gets a new id, and all its stock is quarantined until it is re-inventoried.

      Example:
        pinvault restore --from backups/2026-03-01 --data vault-restored --journal vault/journal
      """)

  @Option(help: ArgumentHelp("The backup.", valueName: "directory")) var from: String
  @Option(help: ArgumentHelp("The data directory to make.", valueName: "directory")) var data: String
  @Option(help: ArgumentHelp("The journal that survived.", valueName: "directory")) var journal: String?
  @Option(help: ArgumentHelp("The last event to restore. (default: the last there is)", valueName: "sequence"))
  var toSequence: UInt64?
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let target = Files.trimmed(data)
    let report = try Engine.restore(
      from: Files.trimmed(from), to: target, lastSequence: toSequence, survivingJournal: journal.map(Files.trimmed))
    AddressFile.remove(in: target)
    try output.print(report) {
      let head = "\(target) holds the store up to event \(report.headSequence)"
      guard let id = report.newStoreID else { return head + "; nothing is forgotten" }
      return """
        \(head), as a new store (\(id)).
        Sales after that are not known, so all stock is quarantined: check it, then 'pinvault reinventory'.
        """
    }
  }
}

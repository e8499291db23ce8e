// Start here. The folder is composition only: each command turns its arguments into a call of the client, the engine or
// the server, and its answer into text or JSON.
//
//   Pinvault, ExitStatus   the root, and how the program ends
//   Commands/              a command, or a family of them, to a file
//   Import/                vendor files into stock: the one command that is more than a call
//   Report/                 reports: what is asked, and where it goes
//   Serve/                 the server's settings and its life
//   Support/               options, amounts, times, tables, errors

import ArgumentParser
import PinSealing

@main
struct Pinvault: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pinvault",
    abstract: "Holds prepaid-card PINs, and hands each one out exactly once.",
    discussion: """
      A first run, in two terminals:

        pinvault init --data vault
        pinvault serve --data vault --master-key vault.master-key

      Client commands find the server through --server, --actor and --key-file, or PINVAULT_SERVER, PINVAULT_ACTOR and \
      PINVAULT_KEY_FILE. Instead of a key, --certificate and --certificate-key prove who asks by TLS.

      'pinvault --version' tells which version this is.

      EXIT CODES:
      \(ExitStatus.table)
      """,
    groupedSubcommands: [
      CommandGroup(
        name: "The store:",
        subcommands: [
          InitCommand.self, ServeCommand.self, VerifyCommand.self, BackupCommand.self, RestoreCommand.self,
          RekeyCommand.self, StatsCommand.self, EventsCommand.self, ReportCommand.self, ActorCommand.self,
          ApproveCommand.self, ApprovalRuleCommand.self, BenchCommand.self,
        ]),
      CommandGroup(
        name: "Stock:",
        subcommands: [
          ProductCommand.self, ImportCommand.self, StockCommand.self, CardCommand.self, ReinventoryCommand.self,
          SettleCommand.self, WithdrawCommand.self, FreezeCommand.self, ThawCommand.self,
        ]),
      CommandGroup(
        name: "Selling:",
        subcommands: [
          VendCommand.self, ReserveCommand.self, DispenseCommand.self, ConfirmCommand.self, ExtendCommand.self,
          ReleaseCommand.self, ReverseCommand.self, ReturnCommand.self, ReprintCommand.self, ShowCommand.self,
          ShiftCommand.self,
        ]),
      CommandGroup(
        name: "The shop:",
        subcommands: [
          OrderCommand.self, CustomerCommand.self, MailCommand.self, VendorCommand.self, PurchaseCommand.self,
          RatesCommand.self,
          SignInCommand.self,
          SignOutCommand.self, PasswordCommand.self, TokenCommand.self,
        ]),
    ])

  static func main() async {
    do {
      // Every command but the help handles keys or PINs.
      _ = try ProcessSecrecy.harden()
      try refuseArgumentsThatAreNotText()
      // Not the parser's own: commands have a --version that means what they change.
      if CommandLine.arguments.dropFirst() == ["--version"] {
        return try StandardOutput.write(line: "pinvault \(programVersion)")
      }
      var command = try parseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch {
      finish(after: error)
    }
  }

  /// An argument that is not UTF-8 would be stored as something else than was meant.
  private static func refuseArgumentsThatAreNotText() throws {
    for index in 0..<Int(CommandLine.argc) {
      guard let argument = CommandLine.unsafeArgv[index], String(validatingCString: argument) == nil else { continue }
      throw Fault(.usage, "argument \(index) is not UTF-8 text")
    }
  }

  /// Says what went wrong in one line, and ends the process with the code that stands for it.
  private static func finish(after error: any Error) -> Never {
    guard let fault = Fault(of: error) else { exit(withError: error) }
    if !fault.message.isEmpty { StandardError.write("pinvault: \(fault.message)\n") }
    exit(withError: ExitCode(fault.status.rawValue))
  }
}

/// The program's version, told at hello and by `--version`.
let programVersion = "0.1.0"

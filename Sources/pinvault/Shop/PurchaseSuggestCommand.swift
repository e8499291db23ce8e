import ArgumentParser
import Foundation
import PinReports
import PinWords

extension PurchaseCommand {
  struct Suggest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Draft purchase orders of what 'pinvault report cards-available' suggests, one for each vendor.",
      discussion: """
        Nothing is ordered before somebody approves it. Costs are those of each product's last purchase.

        Example:
          pinvault purchase suggest --period last-30-days
        """)

    @Option(help: ArgumentHelp("At the rate of sale of this period.", valueName: "period"))
    var period = "last-30-days"
    @Option(help: ArgumentHelp("The time zone of days. (default: the server's)", valueName: "zone")) var zone: String?
    @Option(help: ArgumentHelp("The change's own id. (default: a new one)", valueName: "id")) var id: RequestID?
    @OptionGroup var office: OfficeOptions

    func run() async throws {
      let parameters = [("period", period)] + (zone.map { [("zone", $0)] } ?? [])
      let path =
        "/reports/cards-available/purchase-orders?"
        + parameters.map { name, value in
          "\(name)=\(value.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")"
        }.joined(separator: "&")
      try await office.ask("POST", path, id: id ?? newID())
    }
  }
}

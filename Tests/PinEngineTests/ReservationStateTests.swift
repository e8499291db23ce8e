import PinWords
import Testing

@testable import PinEngine

@Suite("Every operation has the one outcome that the state of its reservation gives it")
struct ReservationStateTests {
  /// How a hold or a sale `a` of two cards of P comes into each state; both are asked for alike in every row.
  private static let ways = [
    "new": "",
    "held": "till reserve a 60 P 2 => held 2",
    "due": "till reserve a 60 P 2 => held 2\nunswept a",
    "delivered": "till reserve a 60 P 2 => held 2\ntill dispense a => delivered 2/2",
    "confirmed": "till reserve a 60 P 2 => held 2\ntill dispense a => delivered 2/2\ntill confirm a => confirmed",
    "old": "till reserve a 60 P 2 => held 2\ntill dispense a => delivered 2/2\npass 86400",
    "released": "till reserve a 60 P 2 => held 2\ntill release a => released",
    "expired": "till reserve a 60 P 2 => held 2\npass 60\nswept a",
    "reversed": "till reserve a 60 P 2 => held 2\ntill reverse a => reversed",
    "tombstone": "till reverse a => reversed",
    "quarantined":
      "till reserve a 60 P 2 => held 2\ntill dispense a => delivered 2/2\ntill reverse a => quarantined",
    "settled": """
    till reserve a 60 P 2 => held 2
    till dispense a => delivered 2/2
    till reverse a => quarantined
    stock-keeper settle w a => moved 2
    """,
    "returned": """
    till reserve a 60 P 2 => held 2
    till dispense a => delivered 2/2
    clerk return w a => returned 2 for 2000
    """,
    "withdrawn": "till reserve a 60 P 2 => held 2\nstock-keeper withdraw w 1 => moved 1",
    "vended": "till vend a P 2 => delivered 2/2",
  ]

  private static let operations = [
    "reserve": "till reserve a 60 P 2",
    "vend": "till vend a P 2",
    "dispense": "till dispense a",
    "confirm": "till confirm a",
    "extend": "till extend a 86500",
    "release": "till release a",
    "reverse": "till reverse a",
    "return": "clerk return r a",
    "reprint": "till reprint a 0 1",
    "settle": "stock-keeper settle s a",
    "look up": "till look-up a",
  ]

  /// A row for each state, a column for each operation. `-x` is the refusal `wrongState x`.
  private static let table = """
    state       | reserve             | vend                | dispense            | confirm
    new         | held 2              | delivered 2/2       | unknownID           | unknownID
    held        | again held 2        | idReused operation  | delivered 2/2       | -held
    due         | again expired 2     | idReused operation  | deadlinePassed      | -expired
    delivered   | again delivered 2   | idReused operation  | again delivered 2/2 | confirmed
    confirmed   | again confirmed 2   | idReused operation  | again confirmed 2/2 | again confirmed
    old         | again delivered 2   | idReused operation  | again delivered 2/2 | confirmed
    released    | again released 2    | idReused operation  | -released           | -released
    expired     | again expired 2     | idReused operation  | deadlinePassed      | -expired
    reversed    | again reversed 2    | idReused operation  | -reversed           | -reversed
    tombstone   | -reversed           | -reversed           | -reversed           | -reversed
    quarantined | again quarantined 2 | idReused operation  | -quarantined        | -quarantined
    settled     | again confirmed 2   | idReused operation  | again confirmed 2/2 | again confirmed
    returned    | again delivered 2   | idReused operation  | again delivered 0/2 | confirmed
    withdrawn   | again held 2        | idReused operation  | withdrawn           | -held
    vended      | idReused operation  | again delivered 2/2 | again delivered 2/2 | confirmed

    state       | extend         | release        | reverse           | return
    new         | unknownID      | unknownID      | reversed          | unknownID
    held        | held           | released       | reversed          | -held
    due         | deadlinePassed | again expired  | again expired     | -expired
    delivered   | -delivered     | -delivered     | quarantined       | returned 2 for 2000
    confirmed   | -confirmed     | -confirmed     | final             | returned 2 for 2000
    old         | -delivered     | -delivered     | final             | returned 2 for 2000
    released    | -released      | again released | again released    | -released
    expired     | deadlinePassed | again expired  | again expired     | -expired
    reversed    | -reversed      | again reversed | again reversed    | -reversed
    tombstone   | -reversed      | again reversed | again reversed    | -reversed
    quarantined | -quarantined   | -quarantined   | again quarantined | -quarantined
    settled     | -confirmed     | -confirmed     | final             | returned 2 for 2000
    returned    | -delivered     | -delivered     | quarantined       | notInCustody 1
    withdrawn   | held           | released       | reversed          | -held
    vended      | -delivered     | -delivered     | quarantined       | returned 2 for 2000

    state       | reprint       | settle     | look up
    new         | unknownID     | unknownID  | unknownID
    held        | -held         | -held      | found held 2
    due         | -expired      | -expired   | found expired 2
    delivered   | delivered 1/2 | -delivered | found delivered 2
    confirmed   | confirmed 1/2 | -confirmed | found confirmed 2
    old         | delivered 1/2 | -delivered | found delivered 2
    released    | -released     | -released  | found released 2
    expired     | -expired      | -expired   | found expired 2
    reversed    | -reversed     | -reversed  | found reversed 2
    tombstone   | -reversed     | -reversed  | found reversed 0
    quarantined | -quarantined  | moved 2    | found quarantined 2
    settled     | confirmed 1/2 | -confirmed | found confirmed 2
    returned    | delivered 0/2 | -delivered | found delivered 2
    withdrawn   | -held         | -held      | found held 2
    vended      | delivered 1/2 | -delivered | found delivered 2
    """

  @Test("Every operation in every state")
  func everyOperationInEveryState() async throws {
    var table = try await StatusTable(bench: try Bench(settings: .sweepingOneABatch))
    var columns: [String] = []
    for line in Self.table.split(separator: "\n") {
      let cells = line.split(separator: "|").map { $0.split(separator: " ").joined(separator: " ") }
      if cells[0] == "state" {
        columns = cells
        continue
      }
      let way = try #require(Self.ways[cells[0]])
      for (operation, cell) in zip(columns, cells).dropFirst() {
        let expected = cell.hasPrefix("-") ? "wrongState " + cell.dropFirst() : cell
        let request = try #require(Self.operations[operation])
        try await table.run("== \(operation) when \(cells[0])\nstock P 5\n\(way)\n\(request) => \(expected)")
      }
    }
    try table.bench.restart()
    #expect(try table.bench.engine.verify().sound)
  }
}

import PinWords
import Testing

@testable import PinEngine

@Suite("Law 6: a request is granted whole or not at all")
struct Law06AllOrNothingTests {
  static let requests = """
    == a line that cannot be had takes the others with it
    stock P 5
    stock Q 1
    till reserve a 60 P 5 Q 2                            => insufficientStock Q 1
    till reserve a 60 Q 1 P 6                            => insufficientStock P 5
    till reserve a 60 P 5 nothing 1                      => unknownProduct nothing
    till look-up a                                       => unknownID
    till stock-of P                                      => 5 regular
    till stock-of Q                                      => 1 regular
    till reserve a 60 P 5 Q 1                            => held 6

    == lines on one product count against the same stock
    stock P 5
    till reserve a 60 P 3 P 3                            => insufficientStock P 5
    till reserve a 60 P 2 P 2 P 2                        => insufficientStock P 5
    till stock-of P                                      => 5 regular
    till reserve a 60 P 2 P 1 P 2                        => held 5
    till stock-of P                                      => 5 reserved

    == also where the lines meet inside broken stock
    stock P 6
    till reserve hole 60 P 2                             => held 2
    till reserve tail 60 P 2                             => held 2
    till release hole                                    => released
    till reserve a 60 P 3 P 1                            => held 4
    till reserve b 60 P 1                                => insufficientStock P 0
    """

  @Test("All lines, or none and no trace")
  func wholeOrNone() async throws {
    var table = try await StatusTable(bench: try Bench())
    try await table.run(Self.requests)
    #expect(try table.bench.engine.verify().sound)
  }

  @Test("What could be had is told of the line's own condition")
  func shortageOfOneCondition() async throws {
    let bench = try Bench()
    let clerk = try await bench.actor("clerk", .clerk)
    let product = try await bench.product("ONE")
    try await bench.stock(product, 5)
    let sold = bench.id()
    _ = await bench.ask(.vend(Vend(id: sold, line: Line(product: product, count: 2))), as: clerk)
    _ = await bench.ask(.return(Return(id: bench.id(), reservation: sold)), as: clerk)
    let lines = [Line(product: product, count: 2, condition: .used), Line(product: product, count: 4)]
    let reserve = Reserve(id: bench.id(), holdSeconds: 60, lines: lines)
    #expect(await bench.ask(.reserve(reserve), as: clerk).refusal == .insufficientStock(product, available: 3))
  }
}

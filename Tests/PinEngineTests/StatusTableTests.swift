import PinWords
import Testing

@testable import PinEngine

@Suite("Every request has the one outcome that the laws give it")
struct StatusTableTests {
  @Test("Requests, one a line", arguments: [selling, order, returning, stockKeeping, naming, changes])
  func table(_ text: String) async throws {
    var table = try await StatusTable(bench: try Bench(settings: .sweepingOneABatch))
    try await table.run(text)
    #expect(try table.bench.engine.verify().sound)
  }

  static let selling = """
    == a sale
    stock P 5
    till vend a P 1                                      => delivered 1/1
    till vend a P 1                                      => again delivered 1/1
    till vend zero P 1                                   => invalid id
    till vend b P 0                                      => invalid count
    till vend b P 129                                    => invalid count
    till vend b P 4294967295                             => invalid count
    till vend b P 1 condition=quarantined                => invalid condition
    till vend b P 1 condition=used                       => notPermitted
    clerk vend b P 1 condition=used                      => insufficientStock P 0
    till vend b P 1 discount=1001                        => invalid discount
    till vend b P 1 discount=1000                        => delivered 1/1
    till vend c nothing 1                                => unknownProduct nothing
    till vend c P 4                                      => insufficientStock P 3
    till vend c P 3                                      => delivered 3/3

    == holding
    stock P 5
    stock Q 5
    till reserve a 60 P 2 Q 1                            => held 3
    till reserve a 60 P 2 Q 1                            => again held 3
    till reserve zero 60 P 1                             => invalid id
    till reserve b 0 P 1                                 => invalid hold time
    till reserve b 604801 P 1                            => invalid hold time
    till reserve b 60                                    => invalid lines
    till reserve b 60 P 1 Q 0                            => invalid count
    till reserve b 60 P 100001                           => invalid count
    till reserve b 604800 P 1                            => held 1
    storefront reserve c 0 P 1                           => held 1
    till stock-of P                                      => 1 regular, 4 reserved
    till stock-of nothing                                => unknownProduct nothing

    == a line's shortage counts what its own condition and product can give
    stock P 5
    stock Q 2
    clerk vend sold P 2                                  => delivered 2/2
    clerk return back sold                               => returned 2 for 2000
    till reserve a 60 P 2 P 2                            => insufficientStock P 3
    till reserve a 60 Q 2 P 4                            => insufficientStock P 3
    clerk reserve a 60 P 3 condition=used                => insufficientStock P 2
    till stock-of P                                      => 3 regular, 2 used

    == the same id with other content names what differs, in the order of the request
    stock P 9
    stock Q 9
    till reserve a 60 P 2 Q 1 cashier=3 tender=cash discount=5 tax=6   => held 3
    till vend a P 2                                      => idReused operation
    till reserve a 60 P 2 Q 1 cashier=4 tender=cash      => idReused cashier
    till reserve a 60 P 2 Q 1 cashier=3                  => idReused tender
    till reserve a 61 P 2 Q 1 cashier=3 tender=cash      => idReused hold time
    till reserve a 60 P 2 cashier=3 tender=cash          => idReused lines
    till reserve a 60 Q 2 Q 1 cashier=3 tender=cash      => idReused product
    till reserve a 60 P 2 Q 2 cashier=3 tender=cash discount=5 tax=6   => idReused count
    till reserve a 60 P 2 Q 1 cashier=3 tender=cash discount=4 tax=6   => idReused discount
    till reserve a 60 P 2 Q 1 cashier=3 tender=cash discount=5 tax=7   => idReused tax
    clerk reserve a 60 P 2 Q 1 cashier=3 tender=cash discount=5 tax=6 condition=used => idReused condition
    till reserve a 60 P 2 Q 1 cashier=3 tender=cash discount=5 tax=6   => again held 3

    == stopped sale
    stock P 9
    till reserve h 60 P 2                                => held 2
    till vend v P 1                                      => delivered 1/1
    stock-keeper freeze stop P                           => done
    till vend a P 1                                      => productFrozen P
    till reserve a 60 P 1                                => productFrozen P
    till dispense h                                      => productFrozen P
    till vend v P 1                                      => again delivered 1/1
    till reserve h 60 P 2                                => again held 2
    till confirm v                                       => confirmed
    till extend h 90                                     => held
    stock-keeper freeze stop P                           => again done
    stock-keeper thaw go P                               => done
    till dispense h                                      => delivered 2/2

    == opening again
    stock P 200
    till reserve h 60 P 200                              => held 200
    till reprint h 0 0                                   => wrongState held
    till dispense h                                      => delivered 128/200
    till reprint h 128 0                                 => delivered 72/200
    till reprint h 199 1                                 => delivered 1/200
    till reprint h 200 1                                 => invalid index
    till reprint h 0 129                                 => invalid count
    till dispense h                                      => again delivered 128/200

    == holds end
    stock P 9
    till reserve a 10 P 1                                => held 1
    till extend a 604801                                 => invalid deadline
    till extend a 0                                      => invalid deadline
    till extend a 10                                     => again held
    till extend a 20                                     => held
    till extend a 20                                     => again held
    pass 10
    till extend a 10                                     => invalid deadline
    till extend a 15                                     => held
    pass 5
    swept a
    till dispense a                                      => deadlinePassed
    till stock-of P                                      => 9 regular
    """

  /// `protocol.md`, the order of checks: what is wrong in two ways is refused for the one that comes first.
  static let order = """
    == the role before the ranges that depend on it, and before the id
    stock P 9
    till vend a P 1                                      => delivered 1/1
    auditor vend a P 1 condition=used                    => notPermitted
    administrator dispense a                             => notPermitted
    gone vend a P 1                                      => notPermitted

    == ranges before the id
    stock P 9
    till vend a P 1                                      => delivered 1/1
    other vend a P 129                                   => invalid count
    other vend a P 1 condition=used                      => notPermitted
    other reserve a 0 P 1                                => invalid hold time
    other extend a 99999999                              => invalid deadline
    other reprint a 0 129                                => invalid count
    clerk return a a 2-1                                 => invalid extents
    stock-keeper withdraw a 3,2                          => invalid extents
    stock-keeper withdraw a 3 reason=                    => invalid reason
    stock-keeper settle a a reason=                      => invalid reason
    stock-keeper freeze a P reason=                      => invalid reason
    administrator product a P name=                      => invalid name

    == the kind of the id before its owner, the owner before the content
    stock P 9
    till vend a P 1                                      => delivered 1/1
    other reserve a 60 P 1                               => notYours
    other vend a P 2                                     => notYours
    other close c                                        => shift 1
    till close c                                         => notYours
    till vend c P 1                                      => idReused operation
    other close a                                        => idReused operation

    == the id before product and stock
    stock P 2
    till vend a P 2                                      => delivered 2/2
    till vend a nothing 2                                => idReused product
    till vend a P 1                                      => idReused count
    stock-keeper freeze stop P                           => done
    till vend a P 2                                      => again delivered 2/2
    till vend a P 3                                      => idReused count
    till reverse late                                    => reversed
    till vend late nothing 1                             => wrongState reversed
    till vend late P 1                                   => wrongState reversed
    other vend late P 1                                  => notYours

    == product known, then frozen, then the discount, then stock; line by line
    stock P 2
    stock Q 1
    stock-keeper freeze stop P                           => done
    till vend a P 9 discount=99999                       => productFrozen P
    till vend a Q 9 discount=99999                       => invalid discount
    till vend a Q 9                                      => insufficientStock Q 1
    till reserve a 60 Q 9 nothing 1                      => insufficientStock Q 1
    till reserve a 60 nothing 1 P 1                      => unknownProduct nothing
    till reserve a 60 Q 1 P 9                            => productFrozen P

    == a reservation's state, then its deadline, then its products, then its cards
    stock P 9
    till reserve h 20 P 3                                => held 3
    stock-keeper withdraw w 2                            => moved 1
    till dispense h                                      => withdrawn
    stock-keeper freeze stop P                           => done
    till dispense h                                      => productFrozen P
    unswept h
    till dispense h                                      => deadlinePassed
    swept h
    till dispense h                                      => deadlinePassed
    till stock-of P                                      => 8 regular, 1 void

    == unknown before anything about it
    stock P 1
    till dispense no                                     => unknownID
    till confirm no                                      => unknownID
    till extend no 60                                    => unknownID
    till release no                                      => unknownID
    till look-up no                                      => unknownID
    till reprint no 0 0                                  => unknownID
    clerk return r no                                    => unknownID
    stock-keeper settle s no                             => unknownID
    till reverse zero                                    => invalid id
    stock-keeper withdraw w 2                            => unknownCard
    stock-keeper withdraw w 1-2                          => unknownCard
    stock-keeper freeze f nothing                        => unknownProduct nothing
    """

  static let returning = """
    == part of a sale comes back, twice over, and the rest
    stock P 9
    till vend a P 4 discount=10                          => delivered 4/4
    clerk return r1 a 2                                  => returned 1 for 997
    clerk return r1 a 2                                  => again returned 1 for 997
    clerk return r1 a 3                                  => idReused extents
    clerk return r1 a                                    => idReused extents
    clerk return r2 a 1-3                                => notInCustody 2
    clerk return r2 a 9                                  => notInCustody 9
    clerk return r2 a 3-4                                => returned 2 for 1995
    till confirm a                                       => confirmed
    clerk return r3 a                                    => returned 1 for 997
    clerk return r4 a                                    => notInCustody 1
    till stock-of P                                      => 5 regular, 4 used
    till vend a P 4 discount=10                          => again confirmed 0/4

    == one run of cards over two lines comes back in one return
    stock P 9
    till reserve a 60 P 2 P 3                            => held 5
    till dispense a                                      => delivered 5/5
    clerk return r a 2-4                                 => returned 3 for 3000
    clerk return r a 2-4                                 => again returned 3 for 3000
    clerk return s a                                     => returned 2 for 2000
    till stock-of P                                      => 4 regular, 5 used

    == what came back is sold again as used, and only the new id opens it
    stock P 1
    clerk vend a P 1                                     => delivered 1/1
    clerk return r a                                     => returned 1 for 1000
    clerk vend b P 1 condition=used                      => delivered 1/1
    clerk vend a P 1                                     => again delivered 0/1
    clerk return s a                                     => notInCustody 1
    clerk reprint a 0 0                                  => delivered 0/1
    clerk vend b P 1 condition=used                      => again delivered 1/1
    clerk reverse a                                      => quarantined
    clerk stock-of P                                     => 1 delivered
    """
}

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
    till dispense a                                      => wrongState expired
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
    till dispense h                                      => wrongState expired
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

  static let stockKeeping = """
    == withdraw takes what is not sold, wherever it is
    stock P 9
    till vend sold P 1                                   => delivered 1/1
    till vend doubt P 1                                  => delivered 1/1
    till reverse doubt                                   => quarantined
    clerk vend back P 1                                  => delivered 1/1
    clerk return r back                                  => returned 1 for 1000
    till reserve h 60 P 4                                => held 4
    till stock-of P                                      => 2 regular, 1 used, 4 reserved, 1 delivered, 1 quarantined
    stock-keeper withdraw w 1                            => notInCustody 1
    stock-keeper withdraw w 1-3,5                        => moved 3
    stock-keeper withdraw w 1-3,5                        => again moved 3
    stock-keeper withdraw w 1-3,6                        => idReused extents
    stock-keeper withdraw w 1-3,5 reason=other           => idReused reason
    till stock-of P                                      => 2 regular, 3 reserved, 1 delivered, 3 void
    till dispense h                                      => withdrawn
    till look-up h                                       => found held 4
    till release h                                       => released
    till stock-of P                                      => 5 regular, 1 delivered, 3 void
    stock-keeper withdraw w2 1-9                         => moved 5
    stock-keeper re-inventory i 1-9                      => notInCustody 1
    till vend n P 1                                      => insufficientStock P 0
    stock-keeper settle s doubt                          => wrongState quarantined

    == a withdrawn hold expires, too
    stock P 3
    till reserve h 10 P 3                                => held 3
    stock-keeper withdraw w 2                            => moved 1
    pass 10
    swept h
    till stock-of P                                      => 2 regular, 1 void
    till vend a P 2                                      => delivered 2/2

    == settle books a reversed sale as delivered after all
    stock P 9
    till vend a P 3                                      => delivered 3/3
    till reverse a                                       => quarantined
    till vend a P 3                                      => again quarantined 0/3
    stock-keeper settle s a                              => moved 3
    stock-keeper settle s a                              => again moved 3
    stock-keeper settle s a reason=other                 => idReused reason
    stock-keeper settle t a                              => wrongState confirmed
    till vend a P 3                                      => again confirmed 3/3
    till reverse a                                       => final
    clerk return r a 1                                   => returned 1 for 1000
    till vend a P 3                                      => again confirmed 2/3

    == settle takes what is still in quarantine
    stock P 3
    till vend a P 3                                      => delivered 3/3
    till reverse a                                       => quarantined
    stock-keeper re-inventory i 2                        => moved 1
    till vend b P 1                                      => delivered 1/1
    stock-keeper settle s a                              => moved 2
    till vend a P 3                                      => again confirmed 2/3
    till vend b P 1                                      => again delivered 1/1

    == re-inventory makes used and quarantined cards regular, and nothing else
    stock P 6
    clerk vend back P 2                                  => delivered 2/2
    clerk return r back                                  => returned 2 for 2000
    clerk vend doubt P 1                                 => delivered 1/1
    clerk reverse doubt                                  => quarantined
    clerk vend sold P 1                                  => delivered 1/1
    clerk reserve h 60 P 1                               => held 1
    stock-keeper re-inventory i 4-6                      => notInCustody 4
    stock-keeper re-inventory i 1-6                      => moved 3
    stock-keeper re-inventory i 1-6                      => again moved 3
    clerk stock-of P                                     => 4 regular, 1 reserved, 1 delivered
    clerk vend doubt P 1                                 => again quarantined 0/1

    == an import
    stock P 1
    stock-keeper begin b P +30                           => purchase 0
    stock-keeper begin b P +30                           => again purchase 0
    stock-keeper begin b P +31                           => idReused expiry
    stock-keeper begin b P +30 +31                       => idReused expiry
    stock-keeper begin b P +30 invoice=7                 => idReused invoice
    stock-keeper begin c P +30                           => importRunning
    stock-keeper begin c P -1                            => invalid expiry
    stock-keeper begin c P +30 +30                       => invalid lots
    stock-keeper begin c P                               => invalid lots
    stock-keeper begin c nothing never                   => unknownProduct nothing
    stock-keeper abandon b                               => done
    stock-keeper abandon b                               => again done
    stock-keeper commit b                                => unknownPurchase
    stock-keeper begin d P never                         => purchase 0
    stock-keeper commit d                                => purchase 0
    stock-keeper commit d                                => again purchase 0
    stock-keeper abandon d                               => final
    stock-keeper commit none                             => unknownPurchase
    stock-keeper abandon none                            => unknownPurchase
    till stock-of P                                      => 1 regular, 6 void

    == an import begun is a repeat also after its cards have expired
    stock P 1
    stock-keeper begin b P +1                            => purchase 0
    stock-keeper abandon b                               => done
    pass 259200
    stock-keeper begin b P -2                            => again purchase 0
    """

  static let naming = """
    == products
    stock P 1
    administrator product a new sku=NEW price=5          => product
    administrator product a new sku=NEW price=5          => again product
    administrator product a new sku=NEW price=6          => idReused price
    administrator product b new sku=NEW                  => nameTaken
    administrator product b new sku=                     => invalid SKU
    administrator product b new sku=N2 price=1099511627777 => invalid price
    administrator product b nothing sku=N2               => unknownProduct nothing
    administrator product b P sku=OTHER                  => invalid SKU
    administrator product b P currency=EUR               => invalid currency
    till vend v P 1                                      => delivered 1/1
    administrator product b P price=2000                 => product
    clerk return r v                                     => returned 1 for 1000
    clerk vend w P 1 condition=used                      => delivered 1/1
    clerk return s w                                     => returned 1 for 2000
    stock-keeper freeze f P                              => done
    administrator product c P price=3000                 => product
    clerk vend x P 1 condition=used                      => productFrozen P

    == actors
    administrator define a new name=cashier-1 roles=terminal      => actor
    administrator define a new name=cashier-1 roles=terminal      => again actor
    administrator define a new name=cashier-2 roles=terminal      => idReused name
    administrator define b new name=cashier-1 roles=clerk         => nameTaken
    administrator define b new name= roles=clerk                  => invalid name
    administrator define b new name=a/b roles=clerk               => invalid name
    administrator define b new name=nobody roles=                 => invalid roles
    administrator define b 99999 name=nobody roles=clerk          => unknownActor
    administrator define b till name=cashier-1 roles=terminal     => nameTaken
    administrator define b administrator name=root roles=clerk    => lastAdministrator
    administrator define b administrator name=root roles=administrator revoked=yes => lastAdministrator
    administrator define b new name=second roles=administrator,auditor => actor
    """

  static let changes = """
    == shifts
    stock P 20
    storefront shift                                     => shift 1
    storefront vend a P 2 discount=100 tax=30            => delivered 2/2
    storefront vend a P 2 discount=100 tax=30            => again delivered 2/2
    storefront reserve h 60 P 1 P 2                      => held 3
    storefront shift                                     => shift 1: 1 sold 2/2000-100 tax 30
    storefront dispense h                                => delivered 3/3
    storefront reverse a                                 => quarantined
    storefront reverse a                                 => again quarantined
    clerk return back h 3                                => returned 1 for 1000
    clerk shift                                          => shift 1: 0 sold 0/0-0 tax 0 returned 1/1000
    storefront shift                                     => shift 1: 2 sold 5/5000-100 tax 30 1 reversed 2/2000
    storefront close c                                   => shift 1: 2 sold 5/5000-100 tax 30 1 reversed 2/2000
    storefront shift                                     => shift 2
    storefront vend d P 1                                => delivered 1/1
    storefront close c                                   => again shift 1: 2 sold 5/5000-100 tax 30 1 reversed 2/2000
    storefront shift                                     => shift 2: 1 sold 1/1000-0 tax 0
    storefront close zero                                => invalid id

    == an id is one thing for ever
    stock P 9
    clerk vend sale P 1                                  => delivered 1/1
    clerk return back sale                               => returned 1 for 1000
    clerk vend back P 1                                  => idReused operation
    clerk reserve back 60 P 1                            => idReused operation
    clerk dispense back                                  => idReused operation
    clerk confirm back                                   => idReused operation
    clerk extend back 60                                 => idReused operation
    clerk release back                                   => idReused operation
    clerk reverse back                                   => idReused operation
    clerk reprint back 0 0                               => idReused operation
    clerk return n back                                  => idReused operation
    clerk close back                                     => idReused operation
    clerk return sale sale                               => idReused operation
    clerk close sale                                     => idReused operation
    stock-keeper settle n back                           => idReused operation
    stock-keeper settle back sale                        => idReused operation
    stock-keeper withdraw back 1                         => idReused operation
    stock-keeper re-inventory sale 1                     => idReused operation
    stock-keeper freeze sale P                           => idReused operation
    stock-keeper thaw back P                             => idReused operation
    stock-keeper begin back P never                      => idReused operation
    administrator product sale new sku=X                 => idReused operation
    administrator define back new name=x roles=clerk     => idReused operation
    clerk look-up back                                   => found return
    auditor look-up back                                 => found return
    till look-up back                                    => notYours
    till look-up sale                                    => notYours
    auditor look-up sale                                 => found delivered 1

    == a change that was reversed before it came never comes
    stock P 9
    clerk vend sale P 1                                  => delivered 1/1
    clerk reverse late                                   => reversed
    clerk reverse late                                   => again reversed
    clerk return late sale                               => wrongState reversed
    clerk close late                                     => wrongState reversed
    stock-keeper withdraw late 1                         => wrongState reversed
    clerk dispense late                                  => wrongState reversed
    clerk look-up late                                   => found reversed 0
    """
}

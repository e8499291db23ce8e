/// The tables of keeping stock, of naming things, and of changes that carry an id of their own.
extension StatusTableTests {
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
    storefront shift                                     => shift 1: 2 sold 5/5000-100 tax 30 1 reversed 2/1900
    storefront close c                                   => shift 1: 2 sold 5/5000-100 tax 30 1 reversed 2/1900
    storefront shift                                     => shift 2
    storefront vend d P 1                                => delivered 1/1
    storefront close c                                   => again shift 1: 2 sold 5/5000-100 tax 30 1 reversed 2/1900
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
    till close late                                      => notYours
    stock-keeper withdraw late 1                         => wrongState reversed
    clerk dispense late                                  => wrongState reversed
    clerk look-up late                                   => found reversed 0
    """
}

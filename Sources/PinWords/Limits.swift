/// What a server allows, all announced at hello.
public struct Limits: Hashable, Sendable {
  /// The longest frame, header included, in bytes.
  public var frameBytes: UInt32 = 65_536
  /// Cards one line may ask for.
  public var cardsPerLine: UInt32 = 100_000
  /// Cards whose PINs one answer carries.
  public var cardsPerAnswer: UInt16 = 128
  public var linesPerRequest: UInt16 = 100
  /// Extents one request may take or name: bounds the records it writes.
  public var extentsPerRequest: UInt16 = 256
  /// Lots (distinct expiries) one purchase may declare.
  public var lotsPerPurchase: UInt16 = 256
  /// Cards one chunk of an import carries.
  public var cardsPerChunk: UInt16 = 512
  /// Requests of one connection that may be unanswered.
  public var requestsInFlight: UInt16 = 1024
  public var longestHoldSeconds: UInt32 = 86_400 * 7
  /// How long after its delivery a sale can be reversed; then it counts as confirmed.
  public var reversalSeconds: UInt32 = 86_400
  /// How long settled holds and tombstones are remembered; records of disclosed cards stay for ever.
  public var rememberedDays: UInt16 = 90

  public init() {}
}

import PinSealing
import Testing

@Suite("A PIN sealed onto its card")
struct CardSealingTests {
  let key = SecretKey.random()
  let pin = Array("123456789012".utf8)

  @Test("comes back, whatever its length", arguments: [1, 2, 15, 16, 17, 63, 64])
  func roundTrip(count: Int) throws {
    let pin = randomBytes(count: count)
    let sealed = seal(pin, at: Place(), under: key)
    #expect(sealed.count == count + SealedPIN.overhead)
    #expect(try open(sealed, at: Place(), under: key) == pin)
  }

  struct Vector: Sendable {
    let place: Place
    let pin: String
    let sealed: String
  }

  /// Computed with another program: AES-256-GCM, key 00 01 … 1f, nonce and associated data as documented.
  static let vectors = [
    Vector(place: Place(cardID: 1, product: 1, lot: 1), pin: "1", sealed: "24bf851686157f0573cc96509221e43d2f"),
    Vector(
      place: Place(cardID: 0x0102_0304_0506_0708, product: 0x090a_0b0c, lot: 0x0d0e_0f10), pin: "123456789012",
      sealed: "3563563ae8d73ea63aafccdd94dd4c36b6fab3d3d2d14a5f48b7d1fe"),
    Vector(
      place: Place(cardID: .max, product: .max, lot: .max), pin: String(repeating: "0123456789abcdef", count: 4),
      sealed: "3230556fb3066f7e8130185fc6df28f4ccc7e678a693d64e135385e97be540fb"
        + "f1df981e25f9fe396dea44a4799aeeb9f1ad4def33e90d3d3578ec8c264c3844affd33e8ffeae9a0263cb863bc12ef3e"),
  ]

  @Test("is the AES-256-GCM that the documentation says", arguments: vectors)
  func vector(_ vector: Vector) {
    let sealed = seal(Array(vector.pin.utf8), at: vector.place, under: makeKey(countingKeyBytes))
    #expect(hexadecimal(sealed) == vector.sealed)
  }

  @Test(
    "does not open on another card, product or lot",
    arguments: [
      Place(cardID: 1000), Place(cardID: 1001 | 1 << 63), Place(product: 8), Place(product: 7 | 1 << 31),
      Place(lot: 2), Place(lot: 3 | 1 << 31), Place(product: 3, lot: 7),
    ])
  func otherPlace(_ other: Place) {
    let sealed = seal(pin, at: Place(), under: key)
    #expect(throws: SealingError.notAuthentic) { try open(sealed, at: other, under: key) }
  }

  @Test("does not open under another lot's key")
  func otherKey() {
    let sealed = seal(pin, at: Place(), under: key)
    #expect(throws: SealingError.notAuthentic) { try open(sealed, at: Place(), under: .random()) }
  }

  @Test("does not open with any one bit flipped")
  func flippedBits() {
    let sealed = seal(pin, at: Place(), under: key)
    for bit in 0..<sealed.count * 8 {
      var flipped = sealed
      flipped[bit / 8] ^= 1 << (bit % 8)
      #expect(throws: SealingError.notAuthentic, "bit \(bit)") { try open(flipped, at: Place(), under: key) }
    }
  }

  @Test("does not open cut short, or with an impossible length", arguments: [0, 1, 16, 81, 200])
  func impossibleLength(count: Int) {
    let bytes = [UInt8](repeating: 0, count: count)
    #expect(throws: SealingError.length(count)) { try open(bytes, at: Place(), under: key) }
    let cut = Array(seal(pin, at: Place(), under: key).dropLast())
    #expect(throws: SealingError.notAuthentic) { try open(cut, at: Place(), under: key) }
  }

  @Test("is appended to what the output holds, and an error leaves that as it was")
  func appending() throws {
    var sealer = Sealer()
    var opener = Opener()
    var sealed: [UInt8] = [1, 2]
    sealer.seal(pin.span.bytes, cardID: 5, product: 6, lot: 7, under: key, into: &sealed)
    #expect(sealed.prefix(2) == [1, 2])
    let tail = Array(sealed.dropFirst(2))
    var output: [UInt8] = [9]
    try opener.open(tail.span.bytes, cardID: 5, product: 6, lot: 7, under: key, into: &output)
    #expect(output == [9] + pin)
    #expect(throws: SealingError.notAuthentic) {
      try opener.open(tail.span.bytes, cardID: 6, product: 6, lot: 7, under: key, into: &output)
    }
    #expect(output == [9] + pin)
  }

  @Test("can be sealed and opened in place, in memory of the caller's")
  func inPlace() throws {
    var sealer = Sealer()
    var opener = Opener()
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 100, alignment: 1)
    defer { memory.deallocate() }
    var output = OutputRawSpan(buffer: memory, initializedCount: 0)
    output.append(0xAA)
    sealer.seal(pin.span.bytes, cardID: 5, product: 6, lot: 7, under: key, into: &output)
    #expect(output.byteCount == 1 + pin.count + SealedPIN.overhead)
    let sealed = Array(memory[1..<output.byteCount])
    try opener.open(sealed.span.bytes, cardID: 5, product: 6, lot: 7, under: key, into: &output)
    let written = output.finalize(for: memory)
    #expect(Array(memory[..<written]) == [0xAA] + sealed + pin)
  }

  @Test("whose tag is wrong leaves nothing of the PIN in the caller's memory")
  func noPlaintextUnlessAuthentic() throws {
    var opener = Opener()
    var sealed = seal(pin, at: Place(), under: key)
    sealed[sealed.count - 1] ^= 1
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 1)
    defer { memory.deallocate() }
    memory.initializeMemory(as: UInt8.self, repeating: 0xEE)
    var output = OutputRawSpan(buffer: memory, initializedCount: 0)
    var thrown: SealingError?
    do throws(SealingError) {
      try opener.open(sealed.span.bytes, cardID: 1001, product: 7, lot: 3, under: key, into: &output)
    } catch {
      thrown = error
    }
    #expect(thrown == .notAuthentic)
    #expect(output.finalize(for: memory) == 0)
    #expect(!Array(memory).contains { pin.contains($0) })
  }

  @Test("opens through one opener that is given more keys than it keeps ready, in any order")
  func manyKeys() throws {
    var opener = Opener()
    let keys = (0..<100).map { _ in SecretKey.random() }
    let sealed = keys.map { seal(pin, at: Place(), under: $0) }
    var random = SystemRandomNumberGenerator()
    for _ in 0..<2_000 {
      let index = Int.random(in: keys.indices, using: &random)
      let bytes = sealed[index]
      var output: [UInt8] = []
      try opener.open(bytes.span.bytes, cardID: 1001, product: 7, lot: 3, under: keys[index], into: &output)
      #expect(output == pin)
    }
  }

  @Test("does not open under a new key that took a forgotten key's place in memory")
  func keyIdentity() {
    var opener = Opener()
    for _ in 0..<500 {
      let first = SecretKey.random()
      let sealed = seal(pin, at: Place(), under: first)
      var output: [UInt8] = []
      #expect(throws: SealingError.notAuthentic) {
        try opener.open(sealed.span.bytes, cardID: 1001, product: 7, lot: 3, under: .random(), into: &output)
      }
    }
  }

  @Test("opens on many threads at once, each with its own opener and all with the same keys")
  func manyThreads() async {
    let keys = (0..<40).map { _ in SecretKey.random() }
    let sealed = keys.map { seal(pin, at: Place(), under: $0) }
    let opened = await withTaskGroup(of: Int.self) { group in
      for thread in 0..<8 {
        group.addTask { [pin] in
          var opener = Opener()
          var count = 0
          for round in 0..<1_000 {
            let index = (round + thread * 5) % keys.count
            let bytes = sealed[index]
            var output: [UInt8] = []
            try? opener.open(bytes.span.bytes, cardID: 1001, product: 7, lot: 3, under: keys[index], into: &output)
            count += output == pin ? 1 : 0
          }
          return count
        }
      }
      return await group.reduce(0, +)
    }
    #expect(opened == 8_000)
  }

}

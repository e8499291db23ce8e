import PinSealing
import VendorFiles

/// The cipher that input which can be read only once is put aside under: its key is gone with the process.
struct SpoolSealing: SpoolCipher {
  private let sealing = EphemeralSealing()

  var addedBytes: Int { EphemeralSealing.addedByteCount }

  func seal(_ clear: RawSpan, chunk: UInt64, into sealed: inout MutableRawSpan) throws {
    sealing.seal(clear, chunk: chunk, into: &sealed)
  }

  func open(_ sealed: RawSpan, chunk: UInt64, into clear: inout MutableRawSpan) throws {
    try sealing.open(sealed, chunk: chunk, into: &clear)
  }
}

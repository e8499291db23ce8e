import PinBytes
import Testing

@Suite("Bytes are written and read in network order")
struct ByteCodingTests {
  @Test("What is written is read back, and the bytes are big-endian")
  func roundTrip() throws {
    var writer = ByteWriter(capacity: 1)
    writer.write(UInt8(0x01))
    writer.write(UInt16(0x0203))
    writer.write(UInt32(0x0405_0607))
    writer.write(UInt64(0x0809_0A0B_0C0D_0E0F))
    writer.write(shortString: "é")
    writer.writeZeros(2)
    #expect(String(hexadecimal: writer.bytes) == "0102030405060708090a0b0c0d0e0f02c3a90000")
    var reader = ByteReader(writer.bytes)
    #expect(try reader.read(UInt8.self) == 1)
    #expect(try reader.read(UInt16.self) == 0x0203)
    #expect(try reader.read(UInt32.self) == 0x0405_0607)
    #expect(try reader.read(UInt64.self) == 0x0809_0A0B_0C0D_0E0F)
    #expect(try reader.readShortString() == "é")
    #expect(reader.remaining == 2)
  }

  @Test("Running out of bytes throws and stays where it was")
  func shortage() throws {
    let bytes: [UInt8] = [2, 65]
    var reader = ByteReader(bytes.span.bytes)
    var failed = false
    do { _ = try reader.readShortString() } catch { failed = true }
    #expect(failed)
    #expect(reader.offset == 0)
    #expect(try reader.read(UInt16.self) == 0x0241)
  }

  @Test("A string that is not UTF-8 is refused")
  func notUTF8() {
    let bytes: [UInt8] = [1, 0xFF]
    var reader = ByteReader(bytes.span.bytes)
    var failed = false
    do { _ = try reader.readShortString() } catch { failed = true }
    #expect(failed)
  }

  @Test("An integer written earlier can be replaced, and a writer cut shorter")
  func overwrite() {
    var writer = ByteWriter()
    writer.write(UInt32(0))
    writer.write([9, 9])
    writer.overwrite(UInt32(6), at: 0)
    #expect(Array(writer.bytes) == [0, 0, 0, 6, 9, 9])
    writer.truncate(to: 4)
    #expect(Array(writer.bytes) == [0, 0, 0, 6])
    writer.wipe()
    #expect(writer.count == 0)
  }

  @Test("Hexadecimal reads both cases and refuses the rest", arguments: ["0", "0g", "xx", " 0"])
  func hexadecimal(bad: String) {
    #expect([UInt8](hexadecimal: bad) == nil)
    #expect([UInt8](hexadecimal: "00fFA1") == [0, 255, 161])
  }
}

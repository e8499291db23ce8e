import Benchmark
import Foundation
import LMDB
import PinBytes
import PinProtocol
import PinSealing
import PinWords

/// A thousand of each.
private var thousand: Benchmark.Configuration {
  Counted.configuration([Counted.allocations], iterations: 1000, scaling: .kilo)
}

func leafBenchmarks() {
  codecBenchmarks()
  sealingBenchmarks()
  lmdbBenchmarks()
}

private func codecBenchmarks() {
  let vend = RequestMessage.vend(
    Vend(id: RequestID(high: 1, low: 2), line: Line(product: ProductID(1), count: 1)))
  Benchmark("Codec: encode a vend", configuration: thousand) { benchmark in
    var writer = ByteWriter(capacity: 256)
    try benchmark.counted {
      for _ in benchmark.scaledIterations {
        writer.removeAll()
        try vend.encode(requestNumber: 7, into: &writer)
      }
    }
    blackHole(writer.count)
  }
  Benchmark("Codec: decode a vend", configuration: thousand) { benchmark in
    var writer = ByteWriter(capacity: 256)
    try vend.encode(requestNumber: 7, into: &writer)
    let frame = Array(writer.bytes)
    try benchmark.counted {
      for _ in benchmark.scaledIterations {
        let body = frame.span.bytes.extracting(FrameHeader.byteCount...)
        blackHole(try RequestMessage.decode(.vend, body: body, limits: Limits()))
      }
    }
  }
}

private func sealingBenchmarks() {
  let key = SecretKey.random()
  let pin = Array("1234567890123456".utf8)
  Benchmark("Sealing: seal a PIN", configuration: thousand) { benchmark in
    var sealer = Sealer()
    var output: [UInt8] = []
    output.reserveCapacity(64)
    benchmark.counted {
      for number in benchmark.scaledIterations {
        output.removeAll(keepingCapacity: true)
        sealer.seal(pin.span.bytes, cardID: UInt64(number), product: 1, lot: 1, under: key, into: &output)
      }
    }
  }
  Benchmark("Sealing: open a PIN", configuration: thousand) { benchmark in
    var sealer = Sealer()
    var opener = Opener()
    var sealed: [UInt8] = []
    sealer.seal(pin.span.bytes, cardID: 1, product: 1, lot: 1, under: key, into: &sealed)
    var output: [UInt8] = []
    output.reserveCapacity(64)
    try benchmark.counted {
      for _ in benchmark.scaledIterations {
        output.removeAll(keepingCapacity: true)
        try opener.open(sealed.span.bytes, cardID: 1, product: 1, lot: 1, under: key, into: &output)
      }
    }
  }
  Benchmark("Sealing: fingerprint a PIN", configuration: thousand) { benchmark in
    var fingerprinter = Fingerprinter(key: key)
    benchmark.counted {
      for _ in benchmark.scaledIterations {
        blackHole(fingerprinter.fingerprint(vendor: 1, pin: pin.span.bytes))
      }
    }
  }
}

/// A thousand calls in one transaction of a table with a hundred thousand entries, and none of its commit.
private func lmdbBenchmarks() {
  let value = [UInt8](repeating: 1, count: 40)
  for (name, step) in [("ascending", UInt64(1)), ("scattered", 7_919)] {
    Benchmark("LMDB: put, \(name) keys", configuration: thousand) { benchmark in
      try Scratch.with { directory in
        let (environment, table) = try filledTable(in: directory)
        var transaction = try environment.beginWrite()
        try benchmark.counted {
          for number in benchmark.scaledIterations {
            try transaction.put(value.span.bytes, for: UInt64(number) * step % 100_000, in: table)
          }
        }
        transaction.abort()
      }
    }
    Benchmark("LMDB: get, \(name) keys", configuration: thousand) { benchmark in
      try Scratch.with { directory in
        let (environment, table) = try filledTable(in: directory)
        let transaction = try environment.beginRead()
        try benchmark.counted {
          for number in benchmark.scaledIterations {
            blackHole(try transaction.value(for: UInt64(number) * step % 100_000, in: table)?.byteCount)
          }
        }
      }
    }
  }
}

private func filledTable(in directory: String) throws -> (Environment, Table) {
  let environment = try Environment(at: directory, options: Environment.Options(mapSizeBytes: 1 << 30))
  let table = try environment.openTables([Table.Spec(name: "table", hasIntegerKeys: true)])[0]
  let value = [UInt8](repeating: 0, count: 40)
  var transaction = try environment.beginWrite()
  for key in 0..<UInt64(100_000) { try transaction.append(value.span.bytes, for: key, in: table) }
  try transaction.commit()
  return (environment, table)
}

/// Directories that are gone afterwards.
enum Scratch {
  static func make() throws -> String {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("pinvault-rooms-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }

  static func with(_ body: (String) throws -> Void) throws {
    let path = try make()
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(path)
  }
}

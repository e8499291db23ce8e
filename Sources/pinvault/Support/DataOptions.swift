import ArgumentParser
import Foundation
import PinClient
import PinSealing
import PinStore

/// What opens a data directory: a key, or all parts of one.
struct MasterKeyOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The master key's file; each of its parts, if it has parts.", valueName: "file"))
  var masterKey: [String] = []

  @Option(
    name: .customLong("master-key-fd"),
    help: ArgumentHelp(
      "Read the master key, or a part of it, from this descriptor, which the program was started with.", valueName: "n")
  )
  var masterKeyDescriptor: [Int32] = []

  func read() throws -> SecretKey {
    try MasterKeySource(files: masterKey, descriptors: masterKeyDescriptor).read()
  }
}

/// Where a master key comes from.
struct MasterKeySource {
  var files: [String]
  var descriptors: [Int32]

  func read() throws -> SecretKey {
    guard !files.isEmpty || !descriptors.isEmpty else {
      throw Fault(.usage, "no master key: give --master-key FILE or --master-key-fd N")
    }
    // Standard input stays open: its number must not go to the next file.
    defer { for descriptor in descriptors where descriptor > STDERR_FILENO { close(descriptor) } }
    return try MasterKeyFile.read(files.map { .file($0) } + descriptors.map { .descriptor($0) })
  }
}

/// A data directory whose maintenance is asked of the server when one serves it.
struct LiveDirectory {
  let path: String
  let server: ServerOptions

  /// Does it on the directory, or, if a process works in it, asks that process.
  func perform<Result>(
    offline: () throws -> Result, online: (PinClient) async throws -> Result
  ) async throws -> Result {
    do {
      return try offline()
    } catch StoreError.directoryInUse {
      guard let address = try AddressFile.read(in: path) else {
        throw Fault(
          .tryAgain, "\(path) is in use by another process, which does not serve (yet); try again when it is done")
      }
      var server = server
      server.server = address.server.description
      if server.tls == nil { server.tls = address.tls ? .on : .off }
      return try await server.withClient(online)
    }
  }
}

/// Where the server of a data directory listens: a file in it, for commands that are given the directory.
struct AddressFile: Codable, Equatable {
  static let name = "address"

  var host: String
  var port: UInt16
  var tls: Bool
  var statusHost: String?
  var statusPort: UInt16?

  /// What a client connects to: of a server that listens everywhere, this machine.
  var server: ServerAddress {
    switch host {
    case "0.0.0.0": ServerAddress(host: "127.0.0.1", port: port)
    case "::": ServerAddress(host: "::1", port: port)
    default: ServerAddress(host: host, port: port)
    }
  }

  static func path(in directory: String) -> String { "\(directory)/\(name)" }

  func write(in directory: String) throws {
    try Files.replace(Self.path(in: directory), with: try JSON.text(self) + "\n", mode: 0o644)
  }

  static func remove(in directory: String) { unlink(path(in: directory)) }

  /// Nil if nobody wrote one.
  static func read(in directory: String) throws -> AddressFile? {
    guard let bytes = try Files.contents(of: path(in: directory)) else { return nil }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    do { return try decoder.decode(AddressFile.self, from: Data(bytes)) } catch {
      throw Fault(.badInput, "\(path(in: directory)): not an address; give --server instead")
    }
  }
}

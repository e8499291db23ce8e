import ArgumentParser
import Curl
import Foundation
import PinBackOffice
import PinClient
import PinSealing
import PinWords

/// Where the back office is and who asks.
struct OfficeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("The back office; also PINVAULT_OFFICE. (default: http://127.0.0.1:7470)", valueName: "url"))
  var office: String?
  @Option(help: ArgumentHelp("Who asks; also PINVAULT_ACTOR.", valueName: "name")) var actor: String?
  @Option(help: ArgumentHelp("The actor's key file; also PINVAULT_KEY_FILE.", valueName: "file")) var keyFile: String?
  @Option(
    help: ArgumentHelp(
      "Ask with the token or the session in this file instead; also PINVAULT_TOKEN_FILE.", valueName: "file"))
  var tokenFile: String?
  @Option(
    help: ArgumentHelp(
      "Believe the certificates in this PEM file instead of the system's; also PINVAULT_TLS_ROOTS.", valueName: "file"))
  var tlsRoots: String?
  @Flag(help: "Print JSON, as the back office told it.") var json = false

  /// Asks, and prints the answer.
  func ask(_ method: String, _ path: String, id: RequestID? = nil, _ body: (any Encodable)? = nil) async throws {
    try show(try await answer(method, path, id: id, body))
  }

  /// Prints an answer.
  func show(_ answer: [UInt8]) throws {
    if answer.isEmpty { return }
    if json {
      try StandardOutput.write(line: String(decoding: answer, as: UTF8.self))
    } else {
      try StandardOutput.write(line: try OfficeText(answer).text)
    }
  }

  /// Sends a file as it is.
  func send(_ bytes: [UInt8], _ path: String, id: RequestID) async throws {
    try show(try await answer("PUT", path, id: id, content: (type: "application/octet-stream", bytes)))
  }

  /// Asks, as nobody in particular if it is open to all.
  func answer(
    _ method: String, _ path: String, id: RequestID? = nil, isOpen: Bool = false, _ body: (any Encodable)?
  ) async throws -> [UInt8] {
    let content = try body.map { (type: "application/json", bytes: Array(try JSON.text($0).utf8)) }
    return try await answer(method, path, id: id, isOpen: isOpen, content: content)
  }

  /// Asks for what may be long, and has it taken as it comes; an answer that breaks off is thrown.
  func get(_ path: String, taking take: @escaping ([UInt8]) throws -> Void) throws {
    let request = try request("GET", path)
    let (status, problem): (Int, [UInt8])
    do { (status, problem) = try request.perform(taking: take) } catch let fault as CurlFault {
      throw Fault(.unavailable, "\(base): \(fault)")
    }
    guard (200..<300).contains(status) else { throw Fault(problem: problem, status: status, again: "") }
  }

  private func answer(
    _ method: String, _ path: String, id: RequestID?, isOpen: Bool = false, content: (type: String, bytes: [UInt8])?
  ) async throws -> [UInt8] {
    var request = try request(method, path, isOpen: isOpen)
    if let id { request.headers.append("Idempotency-Key: \(id)") }
    if let content {
      request.headers.append("Content-Type: \(content.type)")
      request.body = content.bytes
    }
    let again = id.map { "; give the same command with --id \($0)" } ?? ""
    let (status, answer): (Int, [UInt8])
    do { (status, answer) = try await request.perform() } catch let fault as CurlFault {
      throw Fault(id == nil ? .unavailable : .unknownOutcome, "\(base): \(fault)\(again)")
    }
    guard (200..<300).contains(status) else { throw Fault(problem: answer, status: status, again: again) }
    return answer
  }

  private var base: String { office ?? Environment.value("PINVAULT_OFFICE") ?? "http://127.0.0.1:7470" }

  /// To the back office, from who asks.
  private func request(_ method: String, _ path: String, isOpen: Bool = false) throws -> WebRequest {
    let base = base
    guard base.hasPrefix("https://") || base.hasPrefix("http://") else {
      throw Fault(.usage, "--office '\(base)': write http://host:port or https://host:port")
    }
    var request = WebRequest(method, base + path)
    if !isOpen { try prove(&request) }
    // A page of lists, 256 purchase orders of 64 lines each, is 4 MB.
    request.mostAnswerBytes = 16 << 20
    request.rootsFile = tlsRoots ?? Environment.value("PINVAULT_TLS_ROOTS")
    return request
  }

  /// The file of the token or session to ask with, if it is not a key.
  var tokenPath: String? { tokenFile ?? (keyFile == nil ? Environment.value("PINVAULT_TOKEN_FILE") : nil) }

  /// Whether it is said who asks, here or in the environment.
  var saysWhoAsks: Bool { tokenPath != nil || actor != nil || Environment.value("PINVAULT_ACTOR") != nil }

  /// Says who asks, and proves it.
  private func prove(_ request: inout WebRequest) throws {
    if let file = tokenPath {
      request.headers.append("Authorization: Bearer \(try Self.token(in: file))")
      return
    }
    guard let name = actor ?? Environment.value("PINVAULT_ACTOR") else {
      throw Fault(.usage, "who asks? give --actor NAME, or set PINVAULT_ACTOR")
    }
    guard let file = keyFile ?? Environment.value("PINVAULT_KEY_FILE") else {
      throw Fault(.usage, "no key: give --key-file FILE, or set PINVAULT_KEY_FILE")
    }
    request.user = name
    request.password = officePassword(of: try ActorKey(contentsOfFile: file).secret).description
  }

  private static func token(in file: String) throws -> String {
    guard Files.isPrivate(file), let bytes = try Files.contents(of: file, limit: 1024) else {
      throw Fault(.notPermitted, "\(file): it is not there, or others may read it; chmod 600 it")
    }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").first.map(String.init) ?? ""
  }
}

extension Fault {
  /// What a problem document says.
  fileprivate init(problem: [UInt8], status: Int, again: String) {
    struct Problem: Decodable {
      var type: String
      var title: String
      var field: String?
    }
    guard let problem = try? JSONDecoder().decode(Problem.self, from: Data(problem)) else {
      self.init(.rotten, "the back office answered \(status), and not as a back office does")
      return
    }
    let name = problem.type.split(separator: ":").last ?? "problem"
    let exit: ExitStatus =
      switch status {
      case 401, 403: .notPermitted
      case 400, 413, 422: .usage
      case 429, 503: .tryAgain
      default: name == "insufficient-stock" ? .outOfStock : .refused
      }
    let field = problem.field.map { " (\($0))" } ?? ""
    self.init(exit, "\(name)\(field): \(problem.title)\(exit == .tryAgain ? again : "")")
  }
}

/// An answer for people: a name and a value to a line.
struct OfficeText {
  let text: String

  init(_ answer: [UInt8]) throws {
    let value = try JSONSerialization.jsonObject(with: Data(answer), options: .fragmentsAllowed)
    text = Self.lines(value, indent: "").joined(separator: "\n")
  }

  private static func lines(_ value: Any, indent: String) -> [String] {
    switch value {
    case let object as [String: Any]:
      object.keys.sorted().flatMap { name -> [String] in
        guard let inner = object[name], inner is [Any] || inner is [String: Any] else {
          return ["\(indent)\(name)  \(object[name].map(Self.word) ?? "")"]
        }
        return ["\(indent)\(name)"] + lines(inner, indent: indent + "  ")
      }
    // An empty line between two of what has names.
    case let list as [[String: Any]]: Array(list.map { lines($0, indent: indent) }.joined(separator: [""]))
    case let list as [Any]: list.flatMap { lines($0, indent: indent) }
    default: ["\(indent)\(word(value))"]
    }
  }

  /// JSON's true and false are numbers here, told from others by their C type alone.
  private static func word(_ value: Any) -> String {
    guard let number = value as? NSNumber, number.objCType.pointee == CChar(UInt8(ascii: "c")) else {
      return "\(value)"
    }
    return number.boolValue ? "yes" : "no"
  }
}

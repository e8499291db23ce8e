import Foundation
import Mustache
import PinWords

/// What mails say: for each kind a text, whose first line is the subject, and the same as a page; Mustache templates.
///
/// A shop's own folder has `KIND.txt` and `KIND.html` in place of the built-in ones, both or neither. Each is checked when the
/// server starts, names included: a template that says PIN is refused for any mail but the delivery.
package struct MailTemplates: Sendable {
  /// A kind's two templates.
  private struct Pair {
    var text: MustacheTemplate
    var page: MustacheTemplate
  }

  private var pairs: [String: Pair] = [:]

  /// What of a mail is the template's.
  package struct Rendered: Equatable {
    package var subject: String
    package var text: String
    package var page: String
  }

  /// The built-in ones, and a folder's instead where it has some.
  package init(directory: String? = nil) throws {
    for (kind, source) in Self.builtIn {
      pairs[kind] = Pair(
        text: try Self.template(source.text, kind: kind, "\(kind).txt"),
        page: try Self.template(source.page, kind: kind, "\(kind).html"))
    }
    guard let directory else { return }
    let files: [String]
    do { files = try FileManager.default.contentsOfDirectory(atPath: directory).sorted() } catch {
      throw TemplateFault(file: directory, line: nil, reason: "it cannot be read")
    }
    for file in files {
      let path = "\(directory)/\(file)"
      let parts = file.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2, Self.builtIn[parts[0]] != nil, ["txt", "html"].contains(parts[1]) else {
        throw TemplateFault(file: path, line: nil, reason: "there is no mail of this name")
      }
      let other = "\(parts[0]).\(parts[1] == "txt" ? "html" : "txt")"
      guard files.contains(other) else {
        throw TemplateFault(file: path, line: nil, reason: "\(other) is not beside it")
      }
      guard let source = try? String(contentsOfFile: path, encoding: .utf8), source.utf8.count <= Self.mostBytes else {
        throw TemplateFault(file: path, line: nil, reason: "it is not UTF-8 text of at most \(Self.mostBytes) bytes")
      }
      // To Swift the two characters that some editors end a line with are one, which is no line's end.
      let template = try Self.template(source.replacingOccurrences(of: "\r\n", with: "\n"), kind: parts[0], path)
      if parts[1] == "txt" { pairs[parts[0]]?.text = template } else { pairs[parts[0]]?.page = template }
    }
  }

  /// The longest template.
  private static let mostBytes = 1 << 18

  /// What a mail of a kind says of these values, each a text, or a list of such lists: in the page no text is taken for HTML,
  /// whatever the template asks for. Values that are not there, a template leaves out.
  package func render(_ kind: MailKind, _ values: [String: any Sendable]) -> Rendered? {
    guard let pair = pairs[kind.name] else { return nil }
    let lines = pair.text.render(values).split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
    return Rendered(
      subject: String(lines[0].dropFirst(Self.subject.count)).trimmingCharacters(in: .whitespaces),
      text: lines.count > 1 ? lines[1].trimmingCharacters(in: .newlines) + "\n" : "",
      page: pair.page.render(values.mapValues(Self.escaped)))
  }

  private static let subject = "Subject:"

  /// Byte for byte: a character of several scalars does not hide one that means something.
  private static func escaped(_ value: any Sendable) -> any Sendable {
    switch value {
    case let text as String:
      return text.unicodeScalars.reduce(into: "") { escaped, scalar in
        switch scalar {
        case "&": escaped += "&amp;"
        case "<": escaped += "&lt;"
        case ">": escaped += "&gt;"
        case "\"": escaped += "&quot;"
        case "'": escaped += "&#39;"
        default: escaped.unicodeScalars.append(scalar)
        }
      }
    case let list as [[String: any Sendable]]: return list.map { $0.mapValues(escaped) }
    default: preconditionFailure("a value of a mail is neither a text nor a list")
    }
  }

  // MARK: Checking

  private static func template(_ source: String, kind: String, _ file: String) throws -> MustacheTemplate {
    if file.hasSuffix(".txt"), !source.hasPrefix(subject) {
      throw TemplateFault(file: file, line: 1, reason: "the first line is the subject: write 'Subject: …'")
    }
    let used = try names(in: source, allowed: known[kind] ?? [], file)
    if let missing = required[kind]?.subtracting(used).sorted().first {
      throw TemplateFault(file: file, line: nil, reason: "it does not say {{\(missing)}}, which every such mail must")
    }
    // What is escaped is escaped before: the library is to leave it as it is.
    do { return try MustacheTemplate(string: "{{% CONTENT_TYPE:TEXT}}" + source) } catch {
      let fault = error as? MustacheTemplate.ParserError
      throw TemplateFault(
        file: file, line: fault?.context.lineNumber, reason: fault.map { "\($0.error)" } ?? "\(error)")
    }
  }

  /// The names that a template says. It stands alone, and a name that no such mail has is an error, not nothing.
  private static func names(in source: String, allowed: Set<String>, _ file: String) throws -> Set<String> {
    var names: Set<String> = []
    for (index, line) in source.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      for part in line.components(separatedBy: "{{").dropFirst() {
        guard let end = part.range(of: "}}") else {
          throw TemplateFault(file: file, line: index + 1, reason: "a tag does not end on its line")
        }
        var tag = part[..<end.lowerBound].drop(while: \.isWhitespace)
        if tag.first == "!" { continue }
        if let sign = tag.first, "#^/&{".contains(sign) { tag = tag.dropFirst() }
        let name = tag.trimmingCharacters(in: .whitespaces)
        guard name == "." || allowed.contains(name) else {
          throw TemplateFault(file: file, line: index + 1, reason: "{{\(name)}} is nothing that this mail can say")
        }
        names.insert(name)
      }
    }
    return names
  }
}

/// A template that no mail can be made with.
package struct TemplateFault: Error, CustomStringConvertible {
  package let file: String
  /// Nil where it is of no line.
  package let line: Int?
  package let reason: String
  package var description: String { "\(file)\(line.map { ":\($0)" } ?? ""): \(reason)" }
}

import Configuration
import Foundation

/// Settings by name from several places, the first that has one before the others; a value of a wrong kind is refused.
///
/// Swift Configuration's own reader takes the default in the place of what it cannot read; a port that was mistyped must
/// not become another port.
struct SettingsReader {
  private let providers: [any ConfigProvider]

  /// - Parameter given: what was given by flags.
  /// - Parameter path: the settings file; nil for none.
  /// - Parameter names: every setting there is.
  init(given: [AbsoluteConfigKey: ConfigValue], path: String?, names: Set<String>) async throws {
    var providers: [any ConfigProvider] = [
      InMemoryProvider(values: given), EnvironmentVariablesProvider().prefixKeys(with: "pinvault"),
    ]
    if let path {
      try Self.check(path, names)
      providers.append(try await FileProvider<JSONSnapshot>(filePath: .init(path)))
    }
    self.providers = providers
  }

  /// Refuses a settings file with a name in it that means nothing: it would be a setting that does not hold.
  private static func check(_ path: String, _ names: Set<String>) throws {
    guard let bytes = try Files.contents(of: path) else { throw Fault(.usage, "\(path): no such settings file") }
    guard let settings = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any] else {
      throw Fault(.usage, "\(path): not a JSON object of settings")
    }
    for name in settings.keys.sorted() where !names.contains(name) {
      throw Fault(.usage, "\(path): there is no setting '\(name)'")
    }
  }

  func text(_ name: String) throws(Fault) -> String? {
    guard case .string(let text)? = try content(name, .string, "a text") else { return nil }
    return text
  }

  func number(_ name: String) throws(Fault) -> Int? {
    guard case .int(let number)? = try content(name, .int, "a number") else { return nil }
    return number
  }

  func number(_ name: String, in range: ClosedRange<Int>, default standard: Int) throws(Fault) -> Int {
    let number = try number(name) ?? standard
    guard range.contains(number) else {
      throw Fault(.usage, "\(name) \(number): it is \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// One or several: a list in the settings file or one alone, separated by commas in the environment.
  func texts(_ name: String) throws(Fault) -> [String] {
    if case .stringArray(let texts)? = try? content(name, .stringArray, "a list of texts") { return texts }
    return try text(name).map { [$0] } ?? []
  }

  func numbers(_ name: String) throws(Fault) -> [Int] {
    if case .intArray(let numbers)? = try? content(name, .intArray, "a list of numbers") { return numbers }
    return try number(name).map { [$0] } ?? []
  }

  /// False unless somebody says otherwise.
  func flag(_ name: String) throws(Fault) -> Bool {
    guard case .bool(let flag)? = try content(name, .bool, "true or false") else { return false }
    return flag
  }

  private func content(_ name: String, _ type: ConfigType, _ kind: String) throws(Fault) -> ConfigContent? {
    for provider in providers {
      do {
        if let value = try provider.value(forKey: [name], type: type).value { return value.content }
      } catch {
        throw Fault(.usage, "the setting '\(name)' is not \(kind) (from the \(provider.providerName))")
      }
    }
    return nil
  }
}

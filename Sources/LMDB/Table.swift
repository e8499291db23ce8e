/// One ordered map of keys to values inside an environment.
///
/// Keys are 1 to 511 bytes in byte order or, in a table with integer keys, exactly one `UInt64` in numeric order.
/// Values are 0 bytes to 4 GiB. A table is good for the life of its environment and for no other environment.
package struct Table: Sendable, Hashable {
  /// LMDB's number for it.
  package let handle: UInt32
  /// The serial number of the environment that opened it, so that a table is never used in another.
  let environment: UInt32
  package let hasIntegerKeys: Bool

  /// What a table is called and how its keys are ordered; both are part of the stored format.
  package struct Spec: Sendable, Hashable {
    package let name: String
    package let hasIntegerKeys: Bool

    /// - Parameter name: 1 to 511 bytes, unique in the environment, without a zero byte.
    package init(name: String, hasIntegerKeys: Bool = false) {
      self.name = name
      self.hasIntegerKeys = hasIntegerKeys
    }
  }
}

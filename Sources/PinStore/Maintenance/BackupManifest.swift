/// What a backup says of itself.
struct BackupManifest: Sendable, Equatable {
  static let fileName = "backup"
}

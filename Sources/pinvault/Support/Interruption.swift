import UnixSignals

/// Runs `body` to its end; when the user or the system wants the program to end, it is cancelled, and may tidy up.
func untilInterrupted<Result: Sendable>(
  _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
  let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
  return try await withThrowingTaskGroup(of: Result?.self) { group in
    group.addTask { try await body() }
    group.addTask {
      for await _ in signals { break }
      return nil
    }
    defer { group.cancelAll() }
    while let ended = try await group.next() {
      if let ended { return ended }
      group.cancelAll()
    }
    throw CancellationError()
  }
}

import PinStore

/// Following the journal as it grows.
extension Engine {
  /// The journal up to the synced head.
  package var journal: JournalView { store.view }

  /// Waits until the synced head has reached a sequence, the time is over, the store has stopped, or the task is cancelled.
  package func waitForEvent(_ sequence: UInt64, milliseconds: UInt32) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { _ = await self.store.head(reaching: sequence) }
      // A sleep that is cut short by the group's end has done its part.
      group.addTask { try? await Task.sleep(for: .milliseconds(Int(milliseconds))) }
      await group.next()
      group.cancelAll()
    }
  }

  /// Waits until the store has stopped, by itself or because it was asked to, or the task is cancelled.
  package func waitForEnd() async { _ = await store.head(reaching: .max) }
}

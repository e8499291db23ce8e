import Logging
import NIOCore

/// Time limits, and coming to an end.
extension ServingLoop {
  /// Looks at all connections every so often while there are any: cheaper than a timer for each.
  func startSweeping() {
    guard sweeping == nil else { return }
    let shortest =
      [
        configuration.handshakeTimeLimit, configuration.idleTimeLimit, configuration.closingTimeLimit, .seconds(4),
      ].min() ?? .seconds(4)
    let period = TimeAmount.nanoseconds(max(shortest.nanoseconds / 4, 1_000_000))
    sweeping = poll.schedule(every: period) { [unowned self] timer in
      sweep()
      if counters.connectionsOpen == 0, !logGate.isCounting {
        timer.cancel()
        sweeping = nil
      }
    }
  }

  private func sweep() {
    let now = NIODeadline.now()
    tellWhatWasHeldBack()
    for connection in connections {
      guard let connection, connection.isOpen, let reason = outlived(connection, now) else { continue }
      logOfStrangers(.outlived, .info, ["connection": "\(connection.name)", "reason": "\(reason)"])
      connection.closeNow()
    }
    // Keys and certificates also end by time alone.
    closeOutdated()
  }

  /// Which limit a connection has outlived, or nil.
  private func outlived(_ connection: Connection, _ now: NIODeadline) -> String? {
    if let since = connection.closingSince {
      return now - since > configuration.closingTimeLimit ? "the client did not close" : nil
    }
    if connection.actor == nil {
      return now - connection.openedAt > configuration.handshakeTimeLimit ? "it did not authenticate in time" : nil
    }
    if connection.runsAside { return nil }
    return now - connection.lastHeard > configuration.idleTimeLimit ? "it was silent for too long" : nil
  }

  /// Refuses what comes from now on, and closes each connection once it has all its answers.
  ///
  /// Returns when all are closed; those that do not take their answers are cut off.
  func stop() async {
    await withCheckedContinuation { continuation in
      poll.execute { [self] in
        isStopping = true
        guard counters.connectionsOpen > 0 else { return continuation.resume() }
        let cutOff = poll.schedule(in: configuration.closingTimeLimit) { [unowned self] in
          for connection in connections { connection?.closeNow() }
        }
        whenEmpty = {
          cutOff.cancel()
          continuation.resume()
        }
        for connection in connections where connection?.isOpen == true {
          connection?.aside?.cancel()
          connection.map { touch($0) }
          if connection?.heldBack != nil { connection?.closeNow() }
        }
      }
    }
  }

  /// Returns when no aside is under way any more; after `stop`.
  func asidesEnded() async {
    await withCheckedContinuation { continuation in
      poll.execute { [self] in
        if asides == 0 { continuation.resume() } else { whenAsidesEnded = { continuation.resume() } }
      }
    }
  }
}

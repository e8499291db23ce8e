import PinWords

/// A reading in Prometheus' text format, version 0.0.4.
struct MetricsPage {
  private(set) var text = ""

  init(_ reading: Meter.Reading) {
    let (store, server) = (reading.store, reading.server)
    gauge("uptime_seconds", "Since the server started.", reading.uptimeSeconds)
    gauge("journal_head_sequence", "The last event that is on disk.", reading.headSequence)

    counter("store_batches_total", "Batches decided.", store.batches)
    counter("store_requests_total", "Requests decided.", store.requests)
    counter("store_events_total", "Events journaled.", store.events)
    counter("store_journal_bytes_total", "Bytes journaled.", store.journalBytes)
    counter("store_syncs_total", "Syncs of the journal.", store.syncs)
    counter("store_sync_seconds_total", "Time spent in them.", seconds(store.syncNanoseconds))
    gauge("store_sync_longest_seconds", "The longest of them.", seconds(store.longestSyncNanoseconds))
    counter("store_checkpoints_total", "Checkpoints taken.", store.checkpoints)
    counter("store_checkpoint_seconds_total", "Time spent in them.", seconds(store.checkpointNanoseconds))
    gauge("store_checkpoint_longest_seconds", "The longest of them.", seconds(store.longestCheckpointNanoseconds))
    gauge("store_queue_depth", "Requests that wait for the writer.", store.queueDepth)
    counter("store_turned_away_total", "Requests refused because too many waited.", store.turnedAway)
    counter("store_abandoned_batches_total", "Batches given up for lack of room.", store.abandonedBatches)
    gauge("store_shut_for_room", "1 while changes are refused for lack of room.", store.isShutForRoom ? 1 : 0)

    gauge("connections", "Connections open.", server.connectionsOpen)
    gauge("sessions", "Connections that have authenticated.", server.sessionsOpen)
    counter("connections_accepted_total", "Connections accepted.", server.connectionsAccepted)
    counter(
      "connections_turned_away_total", "Connections closed because there were too many.", server.connectionsTurnedAway)
    counter("authentication_failures_total", "Proofs that were wrong.", server.authenticationFailures)
    counter("received_bytes_total", "Bytes from clients.", server.bytesIn)
    counter("sent_bytes_total", "Bytes to clients.", server.bytesOut)
    gauge(
      "received_turn_largest_bytes", "The most that was read of one connection before others had their turn.",
      server.largestTurnBytes)
    counter("writes_total", "Times answers were written to a connection.", server.flushes)
    counter("submissions_total", "Times requests were handed to the writer.", server.submissions)
    counter("pins_opened_total", "PINs opened for clients.", server.cardsOpened)
    counter("card_faults_total", "Deliveries whose cards did not open: run verify.", server.cardFaults)
    requests(server)

    let process = reading.process
    counter("process_processor_seconds_total", "Processor time of the server.", process.processorSeconds)
    gauge("process_own_memory_bytes", "Memory of its own, without mapped files.", process.ownMemoryBytes)
    gauge("process_resident_memory_bytes", "Memory with the pages of mapped files.", process.residentBytes)
    counter("process_written_bytes_total", "Bytes sent towards the disk.", process.writtenBytes)
    gauge("process_open_descriptors", "Open files and sockets.", process.openDescriptors)
    gauge("process_threads", "Threads.", process.threads)
  }

  private mutating func requests(_ server: LoopCounters) {
    begin("requests_total", "Requests answered.", "counter")
    for operation in [nil] + Operation.allCases.map(Optional.some) {
      for status in Status.allCases {
        let count = server.answerCount(operation, status)
        guard count > 0 else { continue }
        let name = operation.map { "\($0)" } ?? "unknown"
        text += "pinvault_requests_total{operation=\"\(name)\",status=\"\(status)\"} \(count)\n"
      }
    }
  }

  private mutating func counter(_ name: String, _ help: String, _ value: some Any) {
    begin(name, help, "counter")
    text += "pinvault_\(name) \(value)\n"
  }

  private mutating func gauge(_ name: String, _ help: String, _ value: some Any) {
    begin(name, help, "gauge")
    text += "pinvault_\(name) \(value)\n"
  }

  private mutating func begin(_ name: String, _ help: String, _ type: String) {
    text += "# HELP pinvault_\(name) \(help)\n# TYPE pinvault_\(name) \(type)\n"
  }

  private func seconds(_ nanoseconds: UInt64) -> Double { Double(nanoseconds) / 1e9 }
}

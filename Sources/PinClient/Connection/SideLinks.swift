import Synchronization

/// The connections of one client besides the shared one: closing the client closes them too.
final class SideLinks: Sendable {
  private struct WeakLink {
    weak var link: Link?
  }

  private struct State {
    var links: [WeakLink] = []
    var isClosed = false
  }

  private let configuration: PinClient.Configuration
  private let state = Mutex(State())

  init(_ configuration: PinClient.Configuration) { self.configuration = configuration }

  /// A connection for whoever holds it; it goes with its last reference. Closed from the start after `removeAll`.
  func make() -> Link {
    let link = Link(configuration)
    let isClosed = state.withLock { state in
      state.links.removeAll { $0.link == nil }
      if !state.isClosed { state.links.append(WeakLink(link: link)) }
      return state.isClosed
    }
    if isClosed { link.close(error: .notConnected(.closed)) }
    return link
  }

  /// All that there are, to be closed; there will be no more.
  func removeAll() -> [Link] {
    state.withLock { state in
      defer { state.links = [] }
      state.isClosed = true
      return state.links.compactMap(\.link)
    }
  }
}

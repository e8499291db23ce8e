/// A short list whose first element is kept in place, so that the usual list of one needs no allocation.
public struct Few<Element: Sendable>: Sendable, RandomAccessCollection {
  private var first: Element?
  private var rest: [Element] = []

  public init() {}

  public init(_ element: Element) { first = element }

  public init(_ elements: some Sequence<Element>) {
    for element in elements { append(element) }
  }

  public mutating func append(_ element: Element) {
    if first == nil { first = element } else { rest.append(element) }
  }

  public var startIndex: Int { 0 }
  public var endIndex: Int { first == nil ? 0 : rest.count + 1 }

  public subscript(index: Int) -> Element {
    if index == 0, let first { return first }
    return rest[index - 1]
  }
}

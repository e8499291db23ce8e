/// A short list whose first element is kept in place, so that the usual list of one needs no allocation.
@frozen
public struct Few<Element: Sendable>: Sendable, RandomAccessCollection {
  @usableFromInline var first: Element?
  @usableFromInline var rest: [Element] = []

  @inlinable
  public init() {}

  @inlinable
  public init(_ element: Element) { first = element }

  @inlinable
  public init(_ elements: some Sequence<Element>) {
    for element in elements { append(element) }
  }

  @inlinable
  public mutating func append(_ element: Element) {
    if first == nil { first = element } else { rest.append(element) }
  }

  @inlinable
  public var startIndex: Int { 0 }
  @inlinable
  public var endIndex: Int { first == nil ? 0 : rest.count + 1 }

  @inlinable
  public subscript(index: Int) -> Element {
    if index == 0, let first { return first }
    return rest[index - 1]
  }
}

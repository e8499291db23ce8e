import PinWords

/// What names a document, and what the document says; nil once that is purged.
///
/// A document may be replaced, and purged, between the question for its name and the reading of it: then the question is asked
/// again. Only one that is still named, and says nothing, was purged for good.
func readAsPresent<Thing, Content>(
  _ document: (Thing) -> DocumentName, of ask: () async throws -> Thing, read: (Thing) throws -> Content?
) async throws -> (Thing, Content?) {
  var thing = try await ask()
  while true {
    if let content = try read(thing) { return (thing, content) }
    let again = try await ask()
    if document(again) == document(thing) { return (again, nil) }
    thing = again
  }
}

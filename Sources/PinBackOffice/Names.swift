import PinWords

/// Hummingbird has a type of this name, too.
typealias RequestID = PinWords.RequestID

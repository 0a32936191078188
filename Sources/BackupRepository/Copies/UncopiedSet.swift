/// A set that could not be copied to another store.
package struct UncopiedSet: Codable, Equatable, Sendable {
    package var set: Timestamp
    package var reason: String

    package init(set: Timestamp, reason: String) {
        self.set = set
        self.reason = reason
    }
}

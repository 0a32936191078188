internal import ObjectStorage
internal import Platform

extension Repository {
    /// Returns true if dr did not write the unreadable object under the key of a set: where sets are signed, dr writes the
    /// signature first, so an object without one is an accident or another user's. It is foreign if it also is not a set
    /// of this repository, or is named after a time in the future. A set from before signing was turned on is not foreign.
    package func isForeign(_ name: Timestamp, at now: Timestamp) throws -> Bool {
        guard signing.isRequired, try !hasSignature(ofSet: name) else { return false }
        if scope.isFuture(name, at: now) { return true }
        var reading = self
        reading.signing = SetSigning()
        do {
            _ = try reading.set(name, void: nil)
            return false
        } catch let error as RepositoryError {
            return error.reason == .damaged
        }
    }

    private func hasSignature(ofSet name: Timestamp) throws -> Bool {
        var isFound = false
        try store.list(prefix: "\(Layout.setPrefix)\(name).", after: nil) { object in
            guard object.key.text.hasSuffix(".p7s") else { return .proceed }
            isFound = true
            return .stop
        }
        return isFound
    }
}

extension RepositoryError {
    /// One warning about all objects that dr did not write, under keys of sets; empty if there are none.
    package static func warning(aboutForeignSets names: [Timestamp]) -> [String] {
        guard let first = names.first else { return [] }
        let more = names.count > 1 ? " and \(Units.count(names.count - 1, "other"))" : ""
        return [
            "ignored '\(Layout.set(first))'\(more): dr did not write it\n"
                + "hint: another user can write to the store: change its credentials; then `dr drop \(first) "
                + "--reason \"not a backup set\"` removes it"
        ]
    }
}

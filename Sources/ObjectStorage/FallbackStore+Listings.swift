/// Listings of several stores as one.
extension FallbackStore {
    private static let page = 1000

    static func isOfOneStore(_ prefix: String) -> Bool { prefix.hasPrefix("marks/") }

    package func list(prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction) throws {
        if Self.isOfOneStore(prefix) { return try listOfTheFirst(prefix, after: after, body) }
        var hasBegun = false
        try patiently(unless: { hasBegun }) { attempt, errors -> Void? in
            var pages = places.indices.map { Page(place: $0, last: after) }
            while true {
                for index in pages.indices where pages[index].needsMore {
                    do {
                        try use(pages[index].place, as: attempt) {
                            try pages[index].fetch(prefix, Self.page, from: $0)
                        }
                    } catch {
                        if error is CancellationError { throw error }
                        errors[pages[index].place] = error
                        pages[index].isAtEnd = true
                    }
                }
                guard errors.count < places.count else { return nil }
                guard let next = pages.compactMap({ $0.objects.first }).min(by: { $0.key < $1.key }) else { return () }
                for index in pages.indices where pages[index].objects.first?.key == next.key {
                    pages[index].objects.removeFirst()
                }
                if isHidden(next.key, in: prefix) { continue }
                hasBegun = true
                guard try body(next) == .proceed else { return () }
            }
        }
    }

    /// Lists the first store that answers. If the listing breaks, it continues in the next store after the last key.
    private func listOfTheFirst(
        _ prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction
    ) throws {
        var last = after
        var hasBegun = false
        var refusal: (any Error)?
        try ofTheFirst(unless: { hasBegun }) { store in
            if let refusal { throw refusal }
            try store.list(prefix: prefix, after: last) { object in
                hasBegun = true
                last = object.key
                do { return try body(object) } catch {
                    refusal = error
                    throw error
                }
            }
        }
    }

    /// Marks of other stores do not appear in a listing of everything either.
    private func isHidden(_ key: ObjectKey, in prefix: String) -> Bool {
        guard "marks/".hasPrefix(prefix), key.text.hasPrefix("marks/") else { return false }
        return (try? use(0) { try $0.head(key) }).flatMap { $0 } == nil
    }

    package func enumerate(
        prefix: String, skipping skipped: String?, _ body: (ObjectInfo) throws -> Void
    ) throws {
        var hasBegun = false
        if Self.isOfOneStore(prefix) {
            var refusal: (any Error)?
            return try ofTheFirst(unless: { hasBegun }) { store in
                if let refusal { throw refusal }
                try store.enumerate(prefix: prefix, skipping: skipped) { object in
                    hasBegun = true
                    do { try body(object) } catch {
                        refusal = error
                        throw error
                    }
                }
            }
        }
        try patiently(unless: { hasBegun }) { attempt, errors -> Void? in
            for number in places.indices {
                var refusal: (any Error)?
                do {
                    try use(number, as: attempt) { store in
                        try store.enumerate(prefix: prefix, skipping: skipped) { object in
                            if number > 0, object.key.text.hasPrefix("marks/") { return }
                            hasBegun = true
                            do { try body(object) } catch {
                                refusal = error
                                throw error
                            }
                        }
                    }
                } catch {
                    if let refusal { throw refusal }
                    if error is CancellationError { throw error }
                    errors[number] = error
                }
            }
            return errors.count < places.count ? () : nil
        }
    }

    /// The next objects of one store.
    private struct Page {
        let place: Int
        var last: ObjectKey?
        var objects: ArraySlice<ObjectInfo> = []
        var isAtEnd = false

        init(place: Int, last: ObjectKey?) { (self.place, self.last) = (place, last) }

        var needsMore: Bool { objects.isEmpty && !isAtEnd }

        mutating func fetch(_ prefix: String, _ most: Int, from store: any ObjectStore) throws {
            var found: [ObjectInfo] = []
            try store.list(prefix: prefix, after: last) { object in
                found.append(object)
                return found.count < most ? .proceed : .stop
            }
            isAtEnd = found.count < most
            last = found.last?.key ?? last
            objects = found[...]
        }
    }
}

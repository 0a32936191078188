internal import Synchronization

/// A store for one short command that reads: it lists each small group of documents once, and answers further listings
/// from memory.
///
/// Marks of several kinds are one group, because a command asks for them in turn and most repositories have few. Kinds
/// with a mark for each set or run are in no group.
package final class RememberedListings: ObjectStore {
    private enum Group {
        case objects([ObjectInfo])
        /// It has more objects than one request returns.
        case large
    }

    private let store: any ObjectStore
    private let groups = Mutex([Span: Group]())

    /// Objects that are listed once: those with a prefix and behind a key.
    private struct Span: Hashable {
        var prefix: String
        var after: ObjectKey?

        func contains(_ prefix: String) -> Bool {
            prefix.hasPrefix(self.prefix) && after.map { $0.text.utf8.lexicographicallyPrecedes(prefix.utf8) } ?? true
        }
    }

    private static let spans = [
        Span(prefix: "sets/"), Span(prefix: "marks/d"), Span(prefix: "marks/p"),
        Span(prefix: "marks/", after: ObjectKey(trusted: "marks/recorded0")),  // checked: a constant
    ]
    /// S3 lists at most this many objects in one request.
    private static let most = 1000

    package init(_ store: any ObjectStore) { self.store = store }

    package var location: String { store.location }

    package func list(prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction) throws {
        guard let span = Self.spans.first(where: { $0.contains(prefix) }), let objects = try objects(in: span) else {
            return try store.list(prefix: prefix, after: after, body)
        }
        for object in objects where object.key.text.hasPrefix(prefix) && after.map({ $0 < object.key }) ?? true {
            guard try body(object) == .proceed else { return }
        }
    }

    /// - Returns: nil for a large group.
    private func objects(in span: Span) throws -> [ObjectInfo]? {
        let known = groups.withLock { $0[span] }
        switch known {
        case .objects(let objects): return objects
        case .large: return nil
        case nil: break
        }
        var objects: [ObjectInfo] = []
        try store.list(prefix: span.prefix, after: span.after) { object in
            objects.append(object)
            return objects.count < Self.most ? .proceed : .stop
        }
        let group: Group = objects.count < Self.most ? .objects(objects) : .large
        groups.withLock { $0[span] = group }
        if case .large = group { return nil }
        return objects
    }

    private func forget() { groups.withLock { $0 = [:] } }

    package func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws {
        try store.get(key, range: range, sink)
    }

    package func head(_ key: ObjectKey) throws -> ObjectInfo? { try store.head(key) }

    package func put(_ key: ObjectKey, _ content: [UInt8], options: PutOptions) throws -> ObjectInfo {
        forget()
        return try store.put(key, content, options: options)
    }

    package func upload(_ key: ObjectKey, _ options: PutOptions) throws -> any ObjectUpload {
        forget()
        return try store.upload(key, options)
    }

    package func delete(_ keys: [ObjectKey]) throws -> [ObjectStoreError] {
        forget()
        return try store.delete(keys)
    }
}

internal import Synchronization

/// A store for one short command that reads: it lists each small group of documents once, and answers further listings
/// from memory.
///
/// Marks of all kinds are one group, because a command asks for several kinds in turn and most repositories have few.
package final class RememberedListings: ObjectStore {
    private enum Group {
        case objects([ObjectInfo])
        /// It has more objects than one request returns.
        case large
    }

    private let store: any ObjectStore
    private let groups = Mutex([String: Group]())

    /// The groups that are listed once; the prefix of each.
    private static let prefixes = ["marks/", "sets/"]
    /// S3 lists at most this many objects in one request.
    private static let most = 1000

    package init(_ store: any ObjectStore) { self.store = store }

    package var location: String { store.location }

    package func list(prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction) throws {
        guard let group = Self.prefixes.first(where: prefix.hasPrefix), let objects = try objects(in: group) else {
            return try store.list(prefix: prefix, after: after, body)
        }
        for object in objects where object.key.text.hasPrefix(prefix) && after.map({ $0 < object.key }) ?? true {
            guard try body(object) == .proceed else { return }
        }
    }

    /// - Returns: nil for a large group.
    private func objects(in prefix: String) throws -> [ObjectInfo]? {
        let known = groups.withLock { $0[prefix] }
        switch known {
        case .objects(let objects): return objects
        case .large: return nil
        case nil: break
        }
        var objects: [ObjectInfo] = []
        try store.list(prefix: prefix, after: nil) { object in
            objects.append(object)
            return objects.count > Self.most ? .stop : .proceed
        }
        let group: Group = objects.count > Self.most ? .large : .objects(objects)
        groups.withLock { $0[prefix] = group }
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

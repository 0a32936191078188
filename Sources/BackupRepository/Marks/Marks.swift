internal import Cryptography
package import ObjectStorage

/// The marks of a repository: writes them, and goes through those of one kind one at a time. Calls block.
package struct Marks: Sendable {
    package let store: any ObjectStore

    package init(_ repository: Repository) { store = repository.store }
    init(_ store: any ObjectStore) { self.store = store }

    static func prefix(_ kind: String) -> String { "marks/\(kind)/" }

    static func key(_ kind: String, _ name: String) -> ObjectKey { ObjectKey(trusted: "marks/\(kind)/\(name).json") }

    /// The key of the one mark of a kind that a run can have.
    static func key(_ kind: String, ofRun run: String) -> ObjectKey {
        // A run's id comes out of a document, and need not be what it should.
        let isProper =
            (1...64).contains(run.utf8.count)
            && run.utf8.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            }
        return key(kind, isProper ? run : Digest(of: Array(run.utf8)).hex)
    }

    /// - Parameter id: random unless the mark is about something that has an identity of its own.
    @discardableResult
    package func put(_ mark: some Mark, id: String = RandomID.make()) throws -> ObjectInfo {
        let key = Self.key(mark.kind, "\(mark.at)-\(id)")
        return try store.put(key, try SealedDocument.encode(mark), options: PutOptions(.ifAbsent))
    }

    /// The keys of a kind, oldest first by the clocks of those who wrote them.
    package func list(_ kind: String) throws -> [ObjectInfo] {
        var objects: [ObjectInfo] = []
        try store.list(prefix: Self.prefix(kind), after: nil) { object in
            objects.append(object)
            return .proceed
        }
        return objects
    }

    /// - Returns: nil when there is no such mark (any more).
    func read<M: Mark>(_ key: ObjectKey, as type: M.Type = M.self) throws -> M? {
        for attempt in 1... {
            do {
                let mark = try SealedDocument.decode(
                    CheckedMark<M>.self, try store.read(key, limit: 256 << 20), name: key.text
                ).mark
                guard mark.kind == M.kind else {
                    throw RepositoryError.damaged(key.text, "it is a mark of another kind")
                }
                return mark
            } catch let error as ObjectStoreError where error.reason == .notFound {
                return nil
            } catch let error as RepositoryError where error.reason == .damaged && attempt < Retries.ofDamagedReads {
                continue
            } catch let error as ObjectStoreError
                where error.reason == .truncated && attempt < Retries.ofDamagedReads
            {
                continue
            }
        }
        return nil
    }

    /// Calls `body` for each mark of a kind, oldest first, holding one at a time.
    /// - Parameter unreadable: is told of each mark that is damaged; one that vanished meanwhile is passed over.
    package func forEach<M: Mark>(
        _ type: M.Type, unreadable: (RepositoryError) throws -> Void, _ body: (ObjectInfo, M) throws -> Void
    ) throws {
        for object in try list(M.kind) {
            try Task.checkCancellation()
            do {
                if let mark = try read(object.key, as: M.self) { try body(object, mark) }
            } catch let error as RepositoryError where error.reason == .damaged {
                try unreadable(error)
            }
        }
    }
}

/// A mark on its way in: ``RepositoryDocument`` for whichever kind it is.
private struct CheckedMark<M: Mark>: RepositoryDocument {
    let mark: M
    var defect: String? { mark.defect }

    init(from decoder: any Decoder) throws { mark = try M(from: decoder) }
}

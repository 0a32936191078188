/// A store that keeps objects in storage classes, and can move them to another one: S3.
///
/// A moved object keeps its key, content and metadata. An archived one can be listed, but not read before it is thawed:
/// the store then keeps a readable copy of it for some days.
package protocol TieringStore: ObjectStore {
    /// False for a store in front of others of which none has classes. Makes no request.
    var hasClasses: Bool { get }

    /// - Returns: nil if the object does not exist.
    func placement(of key: ObjectKey) throws -> ObjectPlacement?

    /// Moves an object to a class, by a copy onto itself.
    /// - Parameters:
    ///   - object: as listed; another content under its key is not moved.
    ///   - lock: the lock of the object, which a copy does not inherit.
    /// - Returns: true if the store keeps the version in the former class as well: the bucket has versions.
    /// - Throws: `.alreadyExists` if the object is another one; `.tooLarge` above ``largestMove``; `.unsupported` if the
    ///   store has no classes; `.archived` if the object is not readable.
    func move(_ object: ObjectInfo, to target: StorageClass, lock: PutOptions.Lock?) throws -> Bool

    /// The largest object that can be moved, in bytes.
    var largestMove: Int { get }

    /// Asks for a readable copy of an archived object, or extends the time of one that is there.
    /// - Returns: false if an earlier request is still being carried out.
    /// - Throws: `.unsupported` if the store cannot thaw, or not at this speed.
    func thaw(_ key: ObjectKey, days: Int, speed: ThawSpeed) throws -> Bool

    /// Learns from a small object of its own, which it removes again, whether the store has a class: it must report the
    /// class, and must not deliver an object that it archived.
    /// - Returns: the reason why not; nil if it has the class.
    func refusal(of target: StorageClass) throws -> String?
}

extension TieringStore {
    package var hasClasses: Bool { true }
}

extension ObjectStore {
    /// The store itself, or one behind it, that has storage classes; nil if none has, so that no object can be archived.
    package var tiering: (any TieringStore)? {
        guard let store = with((any TieringStore).self), store.hasClasses else { return nil }
        return store
    }

    /// The placement of an object in a store with or without classes.
    /// - Returns: nil if the object does not exist.
    package func anyPlacement(of key: ObjectKey) throws -> ObjectPlacement? {
        if let tiering { return try tiering.placement(of: key) }
        return try head(key).map { ObjectPlacement($0, .ready) }
    }
}

/// Where a store keeps an object.
package struct ObjectPlacement: Equatable, Sendable {
    package enum Reading: Equatable, Sendable {
        /// It can be read at any time.
        case ready
        /// It must be thawed first.
        case archived
        /// A thaw is in progress.
        case thawing
        /// It can be read until a time, in seconds since 1970; nil if the store does not say when that ends.
        case thawed(until: Int?)
    }

    package var object: ObjectInfo
    package var reading: Reading

    package init(_ object: ObjectInfo, _ reading: Reading) {
        self.object = object
        self.reading = reading
    }

    package var isReadable: Bool {
        switch reading {
        case .ready, .thawed: true
        case .archived, .thawing: false
        }
    }
}

internal import BackupRepository
internal import ObjectStorage
internal import Platform
internal import S3
internal import Synchronization

/// The objects of one backup that the bucket did not deliver. Tells when it is the bucket that fails, and not they.
final class ObjectFailures: Sendable {
    private struct Kind {
        /// The hashes of the keys: a component that is stored again beside a prune reads each of them again.
        private var keys: Set<Int> = []
        /// The first keys, for people.
        private(set) var first: [BucketKey] = []

        var count: Int { keys.count }

        mutating func add(_ key: BucketKey) -> Self {
            if keys.insert(key.hashValue).inserted, first.count < ObjectFailures.mostNamed { first.append(key) }
            return self
        }
    }

    /// Objects that the server refused, and transfers that failed while the bucket answered.
    private struct Kinds {
        var refused = Kind()
        var broken = Kind()
    }

    /// The most transfers that fail while the bucket answers.
    private static let mostBroken = 20
    private static let mostNamed = 3

    private let mostRefused: Int
    private let kinds = Mutex(Kinds())

    /// - Parameter mostRefused: the most objects that the server refuses. The manifest names each, and must stay short
    ///   enough to be read.
    init(mostRefused: Int = 100_000) { self.mostRefused = mostRefused }

    /// Counts a failure, once for each object.
    ///
    /// One object whose content is lost on the server, or is shorter than its length, must not end the backup; MinIO
    /// answers as if it had too many requests then.
    /// - Returns: true if the other objects can still be read; false if the bucket itself fails.
    /// - Throws: `ComponentError` if too many objects have failed.
    func isOfObjectAlone(_ error: ObjectStoreError, _ key: BucketKey, in bucket: S3Bucket) throws -> Bool {
        if error.isOfOneObject {
            let refused = kinds.withLock { $0.refused.add(key) }
            guard refused.count <= mostRefused else { throw tooMany(refused, error, in: bucket) }
            return true
        }
        guard [.unreachable, .throttled, .truncated].contains(error.reason) else { return false }
        let broken = kinds.withLock { $0.broken.add(key) }
        do { try bucket.list { _ in throw Answered() } } catch is Answered {} catch is ObjectStoreError { return false }
        guard broken.count <= Self.mostBroken else { throw tooMany(broken, error, in: bucket) }
        return true
    }

    private struct Answered: Error {}

    private func tooMany(_ kind: Kind, _ error: ObjectStoreError, in bucket: S3Bucket) -> ComponentError {
        let names = kind.first.map { "'\($0.text.printable)'" }.joined(separator: ", ")
        var failure = ComponentError(error, bucket.location)
        failure.detail =
            "\(kind.count) objects cannot be read while the bucket answers, the first ones are \(names): \(error.detail)"
        failure.hint =
            "if the server has lost their content, add their keys to `exclude:` of the component, such as '/KEY'; the log of "
            + "the server names all of them"
        return failure
    }
}

import Foundation
import ObjectStorage
import Platform
import Testing

@testable import Operations

/// The locks that packs keep when they move.
@Suite struct ObjectLocksTests {
    private static let now = 1_795_000_000
    private static let key = ObjectKey(trusted: "tree/packs/a.tar.gz")

    private enum Answer: Sendable {
        case lock(PutOptions.Lock)
        case refusal(ObjectStoreError.Reason)
    }

    /// A store with one answer about each lock, and a clock of its own.
    private final class LockedStore: RetainingStore, LayeredStore {
        let base: any ObjectStore
        private let time: Int?
        private let answer: Answer

        init(_ base: any ObjectStore, time: Int?, _ answer: Answer) {
            (self.base, self.time, self.answer) = (base, time, answer)
        }

        func retention(of key: ObjectKey) throws -> PutOptions.Lock? {
            switch answer {
            case .lock(let lock): return lock
            case .refusal(let reason):
                throw ObjectStoreError(reason, operation: "get the retention of", key: key, "no", store: location)
            }
        }
        func retain(_ key: ObjectKey, _ lock: PutOptions.Lock) throws {}
        func retentionSupport() throws -> RetentionSupport { RetentionSupport(isEnabled: true) }
        func storeTime() throws -> Int? { time }

        var location: String { base.location }
        func put(_ key: ObjectKey, _ content: [UInt8], options: PutOptions) throws -> ObjectInfo {
            try base.put(key, content, options: options)
        }
        func upload(_ key: ObjectKey, _ options: PutOptions) throws -> any ObjectUpload {
            try base.upload(key, options)
        }
        func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws {
            try base.get(key, range: range, sink)
        }
        func head(_ key: ObjectKey) throws -> ObjectInfo? { try base.head(key) }
        func list(prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction) throws {
            try base.list(prefix: prefix, after: after, body)
        }
        func delete(_ keys: [ObjectKey]) throws -> [ObjectStoreError] { try base.delete(keys) }
    }

    /// - Parameters:
    ///   - machine: seconds by which the clock of this machine is ahead.
    ///   - storeTime: the store's clock.
    private func locks(
        _ fixture: StackFixture, _ answer: Answer, machine: Int = 0, storeTime: Int? = Self.now
    ) async throws -> ObjectLocks {
        var session = fixture.session
        session.wrapsStore = { LockedStore($0, time: storeTime, answer) }
        return ObjectLocks(
            of: try await session.repository(),
            clock: WallClock { Date(timeIntervalSince1970: Double(Self.now + machine)) })
    }

    @Test func `a clock that is ahead costs no lock`() async throws {
        let fixture = try await StackFixture()
        let lock = PutOptions.Lock(mode: .governance, until: Self.now + 3600)
        for machine in [0, 86_400] {
            #expect(try await locks(fixture, .lock(lock), machine: machine).lock(of: Self.key) == lock)
        }
        #expect(try await locks(fixture, .lock(lock), storeTime: Self.now + 86_400).lock(of: Self.key) == lock)
        // It has ended, by each clock that is known.
        let ended = try await locks(fixture, .lock(lock), machine: 86_400, storeTime: nil)
        #expect(try ended.lock(of: Self.key) == nil && !ended.areHidden)
    }

    @Test func `locks that this machine may not read are noticed, and one that it cannot read stops the move`()
        async throws
    {
        let fixture = try await StackFixture()
        let hidden = try await locks(fixture, .refusal(.denied))
        #expect(try hidden.lock(of: Self.key) == nil && hidden.areHidden)
        let none = try await locks(fixture, .refusal(.unsupported))
        #expect(try none.lock(of: Self.key) == nil && !none.areHidden)
        let unreadable = try await locks(fixture, .refusal(.locked))
        #expect(throws: ObjectStoreError.self) { try unreadable.lock(of: Self.key) }
    }
}

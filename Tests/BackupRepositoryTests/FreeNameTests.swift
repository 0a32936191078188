import ObjectStorage
import Platform
import Testing

@testable import BackupRepository

@Suite struct FreeNameTests {
    private let taken = ObjectStoreError(.alreadyExists, operation: "put", key: nil, "it exists", store: "memory")

    @Test func `the name after one that is taken is that of the next second`() throws {
        #expect(try Timestamp(seconds: 59).next(after: taken) == Timestamp(seconds: 60))
    }

    /// A clock beyond the year 9999 is cut to its last second: a second run would look for a free name for ever.
    @Test func `after the last name there is none`() throws {
        let last = Timestamp(seconds: .max)
        let error = try #require(throws: ObjectStoreError.self) { try last.next(after: taken) }
        #expect(error.hint?.contains("set the clock") == true)
    }
}

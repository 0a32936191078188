import Cryptography
import ObjectStorage
import Testing

@testable import BackupRepository

/// The state of a run in the store, for displays on other machines.
@Suite struct LiveMarkTests {
    private static let at = Timestamp(seconds: 1_790_000_000)

    @Test func `the state of a run is replaced, and is one object`() throws {
        let marks = Marks(try Fixture().repository(MemoryStore(clock: Self.at.seconds)))
        for text in ["one", "two"] {
            try marks.putLive(run: "r", at: Self.at, tool: "dr test", whole: text, open: "")
        }
        #expect(try marks.live().marks.map { $0.mark?.document } == ["two"])
        #expect(try marks.live { _ in true }.marks.map { $0.mark?.document } == [nil])
    }

    @Test func `where backups are encrypted, only a key opens the texts`() throws {
        let owner = try Fixture.recipient("owner")
        let documentKey = DocumentKey.generate()
        let store = MemoryStore(clock: Self.at.seconds)
        let plain = try Fixture().repository(store)
        var writer = plain
        writer.encryption = .init(recipients: [owner.certificate], key: nil)
        writer.encryption.documentKeys = [documentKey]
        try Marks(writer).putLive(run: "r", at: Self.at, tool: "dr test", whole: "a secret", open: "in the open")
        let stored = String(decoding: try store.read(Marks.liveKey("r")), as: UTF8.self)
        #expect(!stored.contains("a secret"))
        #expect(try Marks(plain).live().marks.map { $0.mark?.document } == ["in the open"])
        var reader = plain
        reader.encryption.documentKeys = [documentKey]
        #expect(try Marks(reader).live().marks.map { $0.mark?.document } == ["a secret"])
        var holder = plain
        holder.encryption.key = owner.key
        #expect(try Marks(holder).live().marks.map { $0.mark?.document } == ["a secret"])
        // A machine without a document key cannot encrypt: it writes the open part alone.
        writer.encryption.documentKeys = []
        try Marks(writer).putLive(run: "r", at: Self.at, tool: "dr test", whole: "another secret", open: "still open")
        #expect(try Marks(holder).live().marks.map { $0.mark?.document } == ["still open"])
    }

    @Test func `a state that is too long is not written`() throws {
        let marks = Marks(try Fixture().repository(MemoryStore(clock: Self.at.seconds)))
        try marks.putLive(
            run: "r", at: Self.at, tool: "dr test", whole: String(repeating: "x", count: LiveMark.mostBytes), open: "")
        #expect(try marks.live().marks.isEmpty)
    }

    @Test func `unreadable objects, of earlier keys or newer, do not hide a state without a word`() throws {
        let store = MemoryStore(clock: Self.at.seconds)
        let marks = Marks(try Fixture().repository(store))
        let folder = Marks.liveKey("x").text.split(separator: "/").dropLast().joined(separator: "/")
        func junk(_ count: Int, _ name: String) throws {
            for number in 0..<count {
                let key = ObjectKey(trusted: "\(folder)/\(name)\(number).json")
                _ = try store.put(key, [1], options: PutOptions(.none))
            }
        }
        try junk(2500, "-")
        store.clock += 1
        try marks.putLive(run: "r", at: Self.at, tool: "dr test", whole: "state", open: "")
        store.clock += 1
        try junk(LiveMark.mostRuns, "0")
        let found = try marks.live()
        #expect(found.marks.map { $0.mark?.document } == ["state"] && found.isPartial)
        try junk(LiveMark.mostRead, "1")
        let hidden = try marks.live()
        #expect(hidden.marks.isEmpty && hidden.isPartial)
    }

    @Test func `only the newest states are read`() throws {
        let store = MemoryStore(clock: Self.at.seconds)
        let marks = Marks(try Fixture().repository(store))
        for number in 1...(LiveMark.mostRuns + 5) {
            store.clock += 1
            try marks.putLive(run: "r\(number)", at: Self.at, tool: "dr test", whole: "\(number)", open: "")
        }
        let found = try marks.live().marks.compactMap { $0.mark?.document }
        #expect(found.count == LiveMark.mostRuns && found.first == "\(LiveMark.mostRuns + 5)")
    }
}

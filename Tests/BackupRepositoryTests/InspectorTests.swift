import Foundation
import Lab
import Synchronization
import Testing

@testable import BackupRepository

/// Content that is checked while it is stored.
@Suite struct InspectorTests {
    /// Accepts a file if its last byte is `!`. Reports the number of bytes that it saw.
    private final class EndInspector: ContentInspector {
        private var last: UInt8?
        private var count = 0
        private let seen: @Sendable (Int) -> Void

        init(seen: @escaping @Sendable (Int) -> Void) { self.seen = seen }

        func write(_ bytes: RawSpan) {
            bytes.withUnsafeBytes { if let byte = $0.last { last = byte } }
            count += bytes.byteCount
        }

        func finish() -> [Damage] {
            seen(count)
            return last == UInt8(ascii: "!") ? [] : [Damage(path: "", reason: "its end is missing")]
        }
    }

    /// The inspected bytes of each reading, in order.
    private final class Seen: Sendable {
        private let sizes = Mutex([Int]())
        func add(_ size: Int) -> Int {
            sizes.withLock {
                $0.append(size)
                return $0.count
            }
        }
        var list: [Int] { sizes.withLock { $0 } }
    }

    private func content(_ size: Int) -> [UInt8] { Fixture.noise(size - 1, seed: UInt64(size)) + [UInt8(ascii: "?")] }

    private func whole(_ bytes: [UInt8]) -> [UInt8] { bytes.dropLast() + [UInt8(ascii: "!")] }

    private func source(_ fixture: Fixture, _ seen: Seen, afterReading: @escaping @Sendable (Int) -> Void = { _ in })
        -> StubSource
    {
        var source = StubSource(root: fixture.source.path)
        source.inspectorOf = { path in
            path.hasPrefix("checked") ? EndInspector { afterReading(seen.add($0)) } : nil
        }
        return source
    }

    private func age(_ file: URL) throws {
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -3600)], ofItemAtPath: file.path)
    }

    /// Small files are read in one piece, large ones as a stream.
    static let sizes = [900, 3_000_000]

    @Test(arguments: sizes) func `the backup skips a damaged old file immediately`(size: Int) async throws {
        let fixture = try Fixture()
        try fixture.write("checked", content(size))
        try fixture.write("checked-good", whole(content(size)))
        try fixture.write("other", "not looked at")
        try age(fixture.source.appending(path: "checked"))
        let repository = try fixture.repository()
        let seen = Seen()
        let report = try await fixture.backup(repository, source: source(fixture, seen))
        #expect(report.set.status == .partial)
        #expect(report.manifests["tree"]?.damage == [Damage(path: "checked", reason: "its end is missing")])
        #expect(seen.list == [size, size], "each was read once, in full")
        try await fixture.restore(repository, set: report.set, to: "out")
        try FileManager.default.removeItem(at: fixture.source.appending(path: "checked"))
        try await fixture.expectSame("out")
        #expect(try await fixture.verify(repository).findings.isEmpty)
        // Repaired, it is in the next backup. Intact content is not inspected again.
        try fixture.write("checked", whole(content(size)))
        let next = try await fixture.backup(repository, source: source(fixture, seen))
        #expect(next.set.status == .complete)
    }

    @Test(arguments: sizes) func `the backup reads a fresh file again until it is intact`(size: Int) async throws {
        let fixture = try Fixture()
        let bytes = content(size)
        try fixture.write("checked", bytes)
        let repository = try fixture.repository()
        let seen = Seen()
        let finished = whole(bytes)
        let report = try await fixture.backup(
            repository,
            source: source(fixture, seen) { number in
                // The writer finishes after the second reading.
                if number == 2 { try? fixture.write("checked", finished) }
            })
        #expect(report.set.status == .complete && seen.list == [size, size, size])
        try await fixture.restore(repository, set: report.set, to: "out")
        try await fixture.expectSame("out")
    }

    @Test(arguments: sizes) func `the backup skips a fresh file that stays damaged`(size: Int) async throws {
        let fixture = try Fixture()
        try fixture.write("checked", content(size))
        try fixture.write("other", "good")
        let seen = Seen()
        let report = try await fixture.backup(try fixture.repository(), source: source(fixture, seen))
        #expect(report.set.status == .partial && seen.list.count == 3)
        #expect(report.manifests["tree"]?.damage.map(\.path) == ["checked"])
    }

    /// Valid content can be invalid under another name: a chunk's name describes its content.
    @Test(arguments: sizes) func `known content is inspected under every name`(size: Int) async throws {
        let fixture = try Fixture()
        try fixture.write("checked", whole(content(size)))
        let repository = try fixture.repository()
        let seen = Seen()
        try await fixture.backup(repository, source: source(fixture, seen))
        try fixture.write("checked-copy", whole(content(size)))
        let report = try await fixture.backup(repository, source: source(fixture, seen))
        #expect(report.set.status == .complete && seen.list == [size, size])
    }

    @Test func `a file is inspected in pieces, and one that cannot be read is damaged`() throws {
        let fixture = try Fixture()
        let seen = Seen()
        try fixture.write("checked", whole(content(1000)))
        var buffer = [UInt8](repeating: 0, count: 64)
        func damage(_ name: String) -> [String] {
            EndInspector { _ = seen.add($0) }.inspect("name", at: "\(fixture.source.path)/\(name)", &buffer).map(\.path)
        }
        #expect(damage("checked") == [] && seen.list == [1000])
        #expect(damage("absent") == ["name"] && seen.list == [1000])
    }
}

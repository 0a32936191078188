import Archiving
import Foundation
import Lab
import Testing

/// Archives from outside, made by Python's tarfile, which writes whatever it is told to.
@Suite struct TarExtractionTests {
    private let folder: TemporaryFolder
    private var out: URL { folder.url.appending(path: "in/out") }

    init() throws {
        folder = try TemporaryFolder("tar-extraction")
        try FileManager.default.createDirectory(
            at: folder.url.appending(path: "in/out"), withIntermediateDirectories: true)
    }

    /// - Parameter body: Python that fills the archive `t`; `add(name, **fields)` adds a member.
    private func archive(_ body: String, mode: String = "w:gz") async throws -> [UInt8] {
        let script = """
            import io, sys, tarfile
            t = tarfile.open('x.tar', '\(mode)')
            def add(name, content=b'', **fields):
                info = tarfile.TarInfo(name)
                info.size = len(content)
                info.mtime = 1600000000
                for key, value in fields.items(): setattr(info, key, value)
                t.addfile(info, io.BytesIO(content))
            \(body)
            t.close()
            """
        let run = try await CommandRun.run(try LabTool.path("python"), ["-c", script], in: folder.url)
        try #require(run.status == 0, "\(run.errors)")
        return [UInt8](try Data(contentsOf: folder.url.appending(path: "x.tar")))
    }

    private func unpack(
        _ bytes: [UInt8], limits: ArchiveLimits = ArchiveLimits(plainBytes: 1 << 30)
    ) throws -> TarExtraction.Result {
        nonisolated(unsafe) var rest = bytes[...]
        let extraction = try TarExtraction(into: out.path, limits: limits)
        return try extraction.unpack {
            guard !rest.isEmpty else { return nil }
            defer { rest = rest.dropFirst(1000) }
            return Array(rest.prefix(1000))
        }
    }

    /// Every path below the folder around the target.
    private var everything: [String] {
        (FileManager.default.enumerator(atPath: folder.url.path)?.allObjects as? [String] ?? []).sorted()
    }

    @Test(arguments: ["w", "w:gz"]) func `files links and times of an archive are unpacked`(mode: String) async throws {
        let bytes = try await archive(
            """
            add('./data', type=tarfile.DIRTYPE, mode=0o755)
            add('data/ä', b'one', mode=0o640)
            add('data/deep/er/two', b'2' * 100000)
            add('data/hard', type=tarfile.LNKTYPE, linkname='data/deep/er/two')
            add('data/soft', type=tarfile.SYMTYPE, linkname='deep/../ä')
            """, mode: mode)
        let result = try unpack(bytes)
        #expect(result.files == 3 && result.bytes == 100_003 && result.newest == 1_600_000_000)
        #expect(try String(contentsOf: out.appending(path: "data/soft"), encoding: .utf8) == "one")
        let hard = try FileManager.default.attributesOfItem(atPath: out.appending(path: "data/hard").path)
        #expect(hard[.size] as? Int == 100_000 && hard[.referenceCount] as? Int == 2)
        #expect(hard[.modificationDate] as? Date == Date(timeIntervalSince1970: 1_600_000_000))
    }

    @Test(arguments: [
        ("add('../evil', b'x')", ArchiveRefusal.Reason.leaves),
        ("add('a/../../evil', b'x')", .leaves),
        ("add('/tmp/dr-evil', b'x')", .leaves),
        ("add('l', type=tarfile.SYMTYPE, linkname='../..')", .leaves),
        ("add('l', type=tarfile.SYMTYPE, linkname='/etc')", .leaves),
        ("add('d', type=tarfile.SYMTYPE, linkname='.'); add('d/x', b'x')", .leaves),
        ("add('h', type=tarfile.LNKTYPE, linkname='../x.tar')", .leaves),
        ("add('h', type=tarfile.LNKTYPE, linkname='nothing')", .malformed),
        ("add('s', type=tarfile.SYMTYPE, linkname='x'); add('h', type=tarfile.LNKTYPE, linkname='s')", .malformed),
        ("add('null', type=tarfile.CHRTYPE, devmajor=1, devminor=3)", .special),
        ("add('pipe', type=tarfile.FIFOTYPE)", .special),
        ("add('x', b'1'); add('x', b'2')", .malformed),
    ])
    func `a hostile archive is refused`(_ body: String, _ reason: ArchiveRefusal.Reason) async throws {
        let bytes = try await archive("add('first', b'1'); " + body)
        let error = try #require(throws: ArchiveRefusal.self) { try unpack(bytes) }
        #expect(error.reason == reason, "\(error)")
        #expect(!everything.contains { $0.contains("evil") || $0.hasSuffix("out/d/x") }, "\(everything)")
        #expect(!FileManager.default.fileExists(atPath: "/tmp/dr-evil"))
    }

    /// Cut after each of its parts: within the compressed stream, within a member, and between two members.
    @Test(arguments: ["w", "w:gz"], [0.01, 0.3, 0.5, 0.9, 0.99])
    func `a truncated archive is refused`(mode: String, share: Double) async throws {
        let bytes = try await archive(
            "for i in range(20): add(str(i), bytes(range(256)) * 16)", mode: mode)
        let whole = 20 * (512 + 4096)
        var end = Int(Double(mode == "w" ? whole : bytes.count) * share)
        if share == 0.99 { end = mode == "w" ? whole : bytes.count - 1 }  // between two members; without its trailer
        let error = try #require(throws: ArchiveRefusal.self) { try unpack(Array(bytes[..<end])) }
        #expect([.truncated, .malformed].contains(error.reason), "\(error)")
        if share >= 0.3 { #expect(error.reason == .truncated, "\(error)") }
    }

    @Test func `a byte that changed in a compressed archive is found`() async throws {
        var bytes = try await archive("add('x', bytes(range(256)) * 4096)")
        bytes[bytes.count - 6] ^= 1  // the checksum of the stream
        #expect(throws: ArchiveRefusal.self) { try unpack(bytes) }
    }

    @Test func `what is not a tar archive is refused`() throws {
        let error = #expect(throws: ArchiveRefusal.self) { try unpack(Array("no tar".utf8)) }
        #expect(error?.reason == .malformed || error?.reason == .truncated)
        #expect(throws: ArchiveRefusal.self) { try unpack([]) }
    }

    @Test func `an archive that unpacks to far more than its size is refused`() async throws {
        let bytes = try await archive("add('zeros', bytes(64 << 20))")
        var limits = ArchiveLimits(plainBytes: 1 << 30)
        limits.freeExpansion = 1 << 20
        let error = try #require(throws: ArchiveRefusal.self) { try unpack(bytes, limits: limits) }
        #expect(error.reason == .tooLarge)
        let size = try FileManager.default.attributesOfItem(atPath: out.appending(path: "zeros").path)[.size] as? Int
        #expect(size ?? .max < 40 << 20)
    }

    /// A gibibyte of holes and 512 bytes, in each form of a sparse file that has its map in extended headers.
    @Test(arguments: [
        """
        add('s', (b'1\\n%d\\n512\\n' % 2**30).ljust(512, b'\\0') + b'y' * 512, pax_headers={
            'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.name': 'zeros',
            'GNU.sparse.realsize': str(2**30 + 512)})
        """,
        """
        add('s', b'y' * 512, pax_headers={
            'GNU.sparse.map': '%d,512' % 2**30, 'GNU.sparse.name': 'zeros', 'GNU.sparse.size': str(2**30 + 512)})
        """,
    ])
    func `the holes of sparse files count as bytes that are unpacked`(_ body: String) async throws {
        let bytes = try await archive(body, mode: "w")
        var tight = ArchiveLimits(plainBytes: 1 << 40)
        tight.freeExpansion = 1 << 20
        for limits in [tight, ArchiveLimits(plainBytes: 1 << 20)] {
            let error = try #require(throws: ArchiveRefusal.self) { try unpack(bytes, limits: limits) }
            #expect(error.reason == .tooLarge, "\(error)")
            let file = out.appending(path: "zeros")
            let size = try FileManager.default.attributesOfItem(atPath: file.path)[.size] as? Int
            #expect(size ?? .max <= 4 << 20)
            try FileManager.default.removeItem(at: file)
        }
    }

    @Test(arguments: ["GNU_FORMAT", "PAX_FORMAT"], [(Int.max, 253_402_300_799), (.min, -253_402_300_799), (-5, -5)])
    func `an impossible time of a member is limited`(format: String, _ time: (written: Int, read: Int)) async throws {
        let bytes = try await archive("t.format = tarfile.\(format); add('x', b'1', mtime=\(time.written))")
        #expect(try unpack(bytes).newest == time.read)
    }

    @Test func `an archive larger than the disk or with too many entries is refused`() async throws {
        let bytes = try await archive("for i in range(100): add(str(i), b'x' * 1000)")
        #expect(
            try #require(throws: ArchiveRefusal.self) {
                try unpack(bytes, limits: ArchiveLimits(plainBytes: 50_000))
            }.reason == .tooLarge)
        try FileManager.default.removeItem(at: out)
        try FileManager.default.createDirectory(at: out, withIntermediateDirectories: true)
        var limits = ArchiveLimits(plainBytes: 1 << 30)
        limits.entries = 99
        #expect(try #require(throws: ArchiveRefusal.self) { try unpack(bytes, limits: limits) }.reason == .tooLarge)
    }

    @Test func `links that lead out are kept on request and never followed`() async throws {
        let bytes = try await archive(
            "add('l', type=tarfile.SYMTYPE, linkname='/etc'); add('m', type=tarfile.SYMTYPE, linkname='../..')")
        var limits = ArchiveLimits(plainBytes: 1 << 30)
        limits.keepsLinksOutside = true
        _ = try unpack(bytes, limits: limits)
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: out.appending(path: "l").path) == "/etc")
        try FileManager.default.removeItem(at: out)
        try FileManager.default.createDirectory(at: out, withIntermediateDirectories: true)
        let through = try await archive("add('l', type=tarfile.SYMTYPE, linkname='../..'); add('l/evil', b'x')")
        #expect(try #require(throws: ArchiveRefusal.self) { try unpack(through, limits: limits) }.reason == .leaves)
        #expect(!everything.contains { $0.contains("evil") })
    }
}

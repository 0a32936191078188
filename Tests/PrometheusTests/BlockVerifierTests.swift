import BackupRepository
import Cryptography
import Foundation
import Lab
import Testing

@testable import Prometheus

@Suite struct BlockVerifierTests {
    @Test(arguments: [1 << 20, 4096, 100, 16])
    func `real blocks are sound, whatever the size of the buffer`(bufferSize: Int) throws {
        for (kind, series, samples, oldest, newest) in [
            (BlockFixture.Kind.plain, 2, 10, 1_795_384_885_000, 1_795_386_085_000),
            (.tombstone, 2, 48, 1_794_132_085_000, 1_794_138_985_000),
            (.head, 506, 24_907, 1_795_400_940_859, 1_795_400_996_907),
        ] {
            let block = try BlockFixture(kind)
            let verifier = BlockVerifier(block.path, bufferSize: bufferSize)
            let report = try verifier.verify()
            #expect(report.damage == [])
            #expect(report.strays == [])
            #expect(report.series == series)
            #expect(report.chunks == series)
            #expect(report.samples == samples)
            #expect(report.oldest == oldest)
            #expect(report.newest == newest)
            #expect(report.meta?.ulid == kind.rawValue)
            #expect(try verifier.timeRange() == oldest...newest)
        }
    }

    @Test func `every flipped bit of a small block is found but one`() throws {
        let block = try BlockFixture(.tombstone)
        var missed: [String] = []
        for file in ["index", "chunks/000001", "tombstones"] {
            let sound = try block.bytes(file)
            for bit in 0..<sound.count * 8 {
                var flipped = sound
                flipped[bit / 8] ^= 1 << UInt8(bit % 8)
                try block.write(flipped, to: file)
                let damage = try BlockVerifier(block.path, bufferSize: 64).verify().damage
                if damage.isEmpty { missed.append("\(file) \(bit)") }
            }
            try block.write(sound, to: file)
        }
        // Index version 2 becomes 3, which readers treat alike.
        #expect(missed == ["index 32"])
    }

    @Test func `flipped bits of a larger block are found, in the file that has them`() throws {
        let block = try BlockFixture(.head)
        var random = SplitMix(seed: 11)
        for file in ["index", "chunks/000001"] {
            let sound = try block.bytes(file)
            for _ in 0..<40 {
                let bit = Int.random(in: 0..<sound.count * 8, using: &random)
                var flipped = sound
                flipped[bit / 8] ^= 1 << UInt8(bit % 8)
                try block.write(flipped, to: file)
                let damage = try BlockVerifier(block.path).verify().damage
                #expect(damage.first?.path == file, "\(file), bit \(bit)")
            }
            try block.write(sound, to: file)
        }
    }

    @Test(arguments: ["index", "chunks/000001", "tombstones", "meta.json"])
    func `every truncation is found`(file: String) throws {
        let block = try BlockFixture(.tombstone)
        let sound = try block.bytes(file)
        for length in 0..<sound.count {
            try block.write(Array(sound[..<length]), to: file)
            let damage = try BlockVerifier(block.path, bufferSize: 64).verify().damage
            #expect(damage.contains { $0.path == file }, "\(file) of \(length) bytes")
        }
    }

    @Test(arguments: ["index", "chunks/000001", "tombstones", "meta.json"])
    func `every byte put in or appended is found`(file: String) throws {
        let block = try BlockFixture(.plain)
        let sound = try block.bytes(file)
        for offset in stride(from: 0, through: sound.count, by: file == "meta.json" ? sound.count : 1) {
            var longer = sound
            longer.insert(0x7B, at: offset)
            try block.write(longer, to: file)
            #expect(try !BlockVerifier(block.path).verify().damage.isEmpty, "\(file), byte at \(offset)")
        }
    }

    @Test func `garbage of any kind is survived`() throws {
        let sound = try BlockFixture(.plain)
        let block = try BlockFixture(.plain)
        var random = SplitMix(seed: 7)
        for round in 0..<150 {
            for file in ["index", "chunks/000001", "tombstones", "meta.json"] {
                var content = try sound.bytes(file)
                switch round % 3 {
                case 0:
                    let count = Int.random(in: 0..<600, using: &random)
                    content = (0..<count).map { _ in .random(in: 0...255, using: &random) }
                case 1:
                    for _ in 0..<8 {
                        let extremes: [UInt8] = [0, 0x7F, 0x80, 0xFF]
                        content[.random(in: 0..<content.count, using: &random)] =
                            extremes.randomElement(using: &random) ?? 0
                    }
                default:
                    content.removeSubrange(.random(in: 0..<content.count, using: &random)...)
                }
                try block.write(content, to: file)
            }
            #expect(try !BlockVerifier(block.path, bufferSize: 64).verify().damage.isEmpty)
        }
    }

    @Test func `damage is named with its place and both checksums`() throws {
        let block = try BlockFixture(.plain)
        try block.edit("chunks/000001") { $0[15] ^= 0xFF }
        let damage = try BlockVerifier(block.path).verify().damage
        #expect(damage.count == 1)
        let found = try #require(damage.first)
        #expect(found.path == "chunks/000001")
        #expect(found.reason.hasPrefix("chunk at 8: CRC is "))
        let stored = try block.bytes("chunks/000001")
        let length = Int(stored[8])
        let crc = stored[(8 + 1 + 1 + length)...].prefix(4).map { UInt32($0) }.reduce(0) { $0 << 8 | $1 }
        #expect(found.reason.hasSuffix("should be \(crc.hex8)"))
    }

    @Test(arguments: [
        ("\"numSamples\": 10", "\"numSamples\": 11", "gives 11 samples, but there are 10"),
        ("\"numSeries\": 2", "\"numSeries\": 1", "gives 1 series, but there are 2"),
        ("\"numChunks\": 2", "\"numChunks\": 20", "gives 20 chunks, but there are 2"),
        ("\"version\": 1", "\"version\": 2", "is of version 2, which is not supported"),
        ("\"maxTime\": 1795386085001", "\"maxTime\": 1", "ends at 1, before it begins"),
        ("\"ulid\": \"01M8", "\"ulid\": \"01M9", "is that of block 01M933MGBA87K93QTCF53TYSRW"),
    ])
    func `verify reports contradictions in meta.json`(from: String, to: String, reason: String) throws {
        let block = try BlockFixture(.plain)
        try block.editMeta(from, to)
        #expect(try BlockVerifier(block.path).verify().damage.contains(Damage(path: "meta.json", reason: reason)))
    }

    @Test func `samples outside the block's limits are found`() throws {
        let block = try BlockFixture(.plain)
        try block.editMeta("\"maxTime\": 1795386085001", "\"maxTime\": 1795386085000")
        let damage = try BlockVerifier(block.path).verify().damage
        #expect(damage.map(\.path) == ["index"])
        #expect(damage.first?.reason.hasSuffix("1795386085000 lie outside the block") == true)
    }

    @Test(arguments: ["index", "chunks/000001", "meta.json", "chunks"])
    func `a missing part is found`(name: String) throws {
        let block = try BlockFixture(.plain)
        try FileManager.default.removeItem(at: block.url.appending(path: name))
        let damage = try BlockVerifier(block.path).verify().damage
        #expect(damage.contains { $0.path.hasPrefix(name) })
    }

    @Test func `a block without tombstones is sound, unless meta json counts some`() throws {
        let block = try BlockFixture(.plain)
        try FileManager.default.removeItem(at: block.url.appending(path: "tombstones"))
        // As a block from a Thanos bucket: members of another program in meta.json, a marker beside it.
        try block.editMeta("\"version\": 1", "\"version\": 1, \"thanos\": {\"labels\": {\"cluster\": \"x\"}}")
        try block.write(Array(#"{"version":1}"#.utf8), to: "deletion-mark.json")
        let report = try BlockVerifier(block.path).verify()
        #expect(report.damage == [])
        #expect(report.strays == ["deletion-mark.json"])

        let deleted = try BlockFixture(.tombstone)
        try FileManager.default.removeItem(at: deleted.url.appending(path: "tombstones"))
        #expect(
            try BlockVerifier(deleted.path).verify().damage
                == [Damage(path: "meta.json", reason: "gives 1 tombstones, but there are 0")])
        // A missing folder has no tombstones either, and is not intact.
        #expect(try BlockVerifier("/no/such/\(BlockFixture.Kind.plain.rawValue)").verify().damage.count > 1)
    }

    @Test func `a downsampled block is sound where Thanos writes, and its samples are not counted`() throws {
        let block = try BlockFixture(.plain)
        try block.edit("chunks/000001") { segment in
            // The first chunk becomes one of aggregates, with the right checksum.
            let (encoding, end) = (9, 10 + Int(segment[8]))
            segment[encoding] = 0xFF
            let crc = CRC32C.checksum(Array(segment[encoding..<end]).span.bytes)
            segment.replaceSubrange(end..<end + 4, with: withUnsafeBytes(of: crc.bigEndian) { Array($0) })
        }
        let report = try BlockVerifier(block.path, allowsAggregates: true).verify()
        #expect(report.damage == [])
        #expect(report.chunks == 2)
        #expect(report.samples < 10)
        let refused = try BlockVerifier(block.path).verify().damage
        #expect(refused.contains { $0.reason.contains("encoding 255 is unknown") })

        var segment = try block.bytes("chunks/000001")
        let path = "\(BlockFixture.Kind.plain.rawValue)/chunks/000001"
        for (allows, count) in [(true, 0), (false, 1)] {
            var verifier = ChunkSegmentVerifier(path: path, allowsAggregates: allows)
            verifier.write(segment.span.bytes)
            #expect(verifier.finish().count == count)
        }
        // Its checksum counts as that of any other chunk.
        segment[12] ^= 1
        var verifier = ChunkSegmentVerifier(path: path, allowsAggregates: true)
        verifier.write(segment.span.bytes)
        #expect(verifier.finish().count == 1)
    }

    @Test func `another block's chunks, sound by themselves, are found`() throws {
        let block = try BlockFixture(.head)
        let other = try BlockFixture(.plain)
        try block.write(other.bytes("chunks/000001"), to: "chunks/000001")
        let damage = try BlockVerifier(block.path).verify().damage
        #expect(damage.first?.path == "chunks/000001")
    }

    @Test func `a gap in the segments and a segment too many are found`() throws {
        let block = try BlockFixture(.plain)
        try block.write(block.bytes("chunks/000001"), to: "chunks/000002")
        #expect(
            try BlockVerifier(block.path).verify().damage
                == [Damage(path: "chunks/000002", reason: "chunk at 8 belongs to no series")])
        try FileManager.default.moveItem(
            at: block.url.appending(path: "chunks/000002"), to: block.url.appending(path: "chunks/000003"))
        #expect(
            try BlockVerifier(block.path).verify().damage.first
                == Damage(path: "chunks/000002", reason: "is missing"))
    }

    @Test func `a file that does not belong to a block is reported as a stray, not as damage`() throws {
        let block = try BlockFixture(.plain)
        try block.write([1], to: "notes.txt")
        try block.write([1], to: "chunks/1")
        let report = try BlockVerifier(block.path).verify()
        #expect(report.damage == [])
        #expect(report.strays == ["chunks/1", "notes.txt"])
    }

    @Test func `a link in place of a file is not followed`() throws {
        let block = try BlockFixture(.plain)
        let index = block.url.appending(path: "index")
        let elsewhere = block.folder.url.appending(path: "elsewhere")
        try FileManager.default.moveItem(at: index, to: elsewhere)
        try FileManager.default.createSymbolicLink(at: index, withDestinationURL: elsewhere)
        #expect(try BlockVerifier(block.path).verify().damage.contains { $0.path == "index" })
    }

    @Test func `a cancelled verification ends at once`() async throws {
        let block = try BlockFixture(.plain)
        let path = block.path
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try BlockVerifier(path).verify()
        }
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}

/// A small random generator with a seed (Steele, Lea and Flood, 2014), so that a failure can be reproduced.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}

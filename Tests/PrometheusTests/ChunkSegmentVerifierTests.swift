import BackupRepository
import Testing

@testable import Prometheus

@Suite struct ChunkSegmentVerifierTests {
    private static let path = "01M833T6307E15DZHSYBGTWVT3/chunks/000001"

    private func verify(_ bytes: [UInt8], pieces size: Int) -> (damage: [Damage], chunks: Int, samples: Int) {
        var verifier = ChunkSegmentVerifier(path: Self.path)
        for start in stride(from: 0, to: bytes.count, by: size) {
            verifier.write(Array(bytes[start..<min(bytes.count, start + size)]).span.bytes)
        }
        let (chunks, samples) = (verifier.chunks, verifier.samples)
        return (verifier.finish(), chunks, samples)
    }

    @Test(arguments: [1, 2, 7, 63, 4096, 1 << 20])
    func `a real segment is sound in pieces of any size`(size: Int) throws {
        let result = verify(try BlockFixture(.head).bytes("chunks/000001"), pieces: size)
        #expect(result.damage == [])
        #expect(result.chunks == 506)
        #expect(result.samples == 24_907)
    }

    @Test(arguments: [1, 5, 4096])
    func `every flipped bit and every truncation is found`(size: Int) throws {
        let sound = try BlockFixture(.plain).bytes("chunks/000001")
        for bit in 0..<sound.count * 8 {
            var flipped = sound
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!verify(flipped, pieces: size).damage.isEmpty, "bit \(bit)")
        }
        // A truncation between chunks leaves an intact segment: only the index can show it.
        let firstEnd = 8 + 1 + 1 + Int(sound[8]) + 4
        for length in 0..<sound.count where length != 8 && length != firstEnd {
            #expect(!verify(Array(sound[..<length]), pieces: size).damage.isEmpty, "\(length) bytes")
        }
    }

    @Test func `a chunk is named by its place`() throws {
        var bytes = try BlockFixture(.head).bytes("chunks/000001")
        bytes[bytes.count - 6] ^= 1
        let damage = verify(bytes, pieces: 1000).damage
        #expect(damage.count == 1)
        #expect(damage.first?.path == Self.path)
        #expect(damage.first?.reason.contains(": CRC is ") == true)
    }

    @Test func `a ruined segment does not fill the report`() throws {
        var bytes = try BlockFixture(.head).bytes("chunks/000001")
        for index in stride(from: 12, to: bytes.count, by: 20) { bytes[index] ^= 0x55 }
        #expect((1...17).contains(verify(bytes, pieces: 4096).damage.count))
    }

    @Test(arguments: [
        ("01M833T6307E15DZHSYBGTWVT3/chunks/000001", true), ("a/01M833T6307E15DZHSYBGTWVT3/chunks/000912", true),
        ("01M833T6307E15DZHSYBGTWVT3/chunks/1", false), ("01M833T6307E15DZHSYBGTWVT3/chunks/000000", false),
        ("chunks/000001", false), ("01m833T6307E15DZHSYBGTWVT3/chunks/000001", false), ("", false),
        ("01M833T6307E15DZHSYBGTWVT3/index", false),
    ])
    func `segments are known by their path`(path: String, isSegment: Bool) {
        #expect(ChunkSegmentVerifier.applies(to: path) == isSegment)
    }

    @Test(arguments: [
        ("20261123T022455Z-6afcdc643342c0ef", true), ("20261123T022455Z-6AFCDC643342C0EF", false),
        ("20261123T022455-6afcdc643342c0ef0", false), ("notes", false), ("", false),
    ])
    func `snapshots are known by their name`(name: String, isSnapshot: Bool) {
        #expect(BlockName.isSnapshot(name) == isSnapshot)
    }
}

import Archiving
import Documents
import Testing

@testable import Loki

/// The checks, on chunks and indexes that a real Loki wrote.
@Suite struct RealFilesTests {
    @Test func `all real files are sound`() {
        #expect(LokiFixture.chunks.count == 10)
        #expect(LokiFixture.indexes.count == 9)
        for file in LokiFixture.chunks + LokiFixture.indexes { #expect(file.damage() == []) }
    }

    @Test(arguments: LokiFixture.chunks)
    func `every flipped bit of a chunk is found and named`(file: LokiFixture.File) {
        let step = max(1, file.bytes.count / 199)
        for place in stride(from: 0, to: file.bytes.count, by: step) {
            var bytes = file.bytes
            bytes[place] ^= 1 << UInt8(place & 7)
            let damage = file.damage(bytes)
            #expect(damage.count == 1 && damage[0].hasPrefix("\(file.path): chunk: CRC is "), "at \(place)")
        }
    }

    /// Independently of the checksum of the whole: each part has its own, or must match the part beside it.
    @Test(arguments: LokiFixture.chunks)
    func `the inside of a chunk is checked by itself`(file: LokiFixture.File) throws {
        let name = try #require(ChunkName(String(file.path.dropFirst("chunks/".count))))
        _ = try file.bytes.withUnsafeBytes { try ChunkContent.check($0, as: name) }
        let metadata = Int(file.bytes[2]) << 8 | Int(file.bytes[3])
        // From the second frame's header; the version and encoding of the data are verified by the file's checksum
        // alone.
        let unproved = [metadata + 8, metadata + 9]
        for place in stride(from: 0, to: file.bytes.count, by: max(1, file.bytes.count / 499))
        where !unproved.contains(place) {
            var bytes = file.bytes
            bytes[place] ^= 0x10
            #expect(throws: ChunkDefect.self, "at \(place)") {
                try bytes.withUnsafeBytes { try ChunkContent.check($0, as: name) }
            }
        }
    }

    @Test(arguments: LokiFixture.chunks)
    func `a chunk cut short or grown is found`(file: LokiFixture.File) {
        for count in [0, 1, 3, 4, 20, file.bytes.count / 2, file.bytes.count - 33, file.bytes.count - 1] {
            #expect(file.damage(Array(file.bytes.prefix(count))).count == 1, "\(count)")
        }
        #expect(file.damage(file.bytes + [0]).count == 1)
    }

    /// The checksum in a name does not cover tenant and stream: the metadata do.
    @Test(arguments: LokiFixture.chunks.filter { $0.path.split(separator: "/").count == 4 })
    func `a chunk under another tenant stream or name is found`(file: LokiFixture.File) {
        let parts = file.path.split(separator: "/").map(String.init)
        #expect(file.damage(path: "chunks/t3/\(parts[2])/\(parts[3])").first?.contains("userID is 't") == true)
        #expect(
            file.damage(path: "chunks/\(parts[1])/865beecf51f7dc0e/\(parts[3])").first?.contains("fingerprint is ")
                == true)
        #expect(
            file.damage(path: "chunks/\(parts[1])/\(parts[2])/a.bak").first?.contains(
                "its name is not a valid chunk name") == true)
        for other in LokiFixture.chunks where other.path != file.path && other.bytes != file.bytes {
            #expect(!file.damage(path: other.path).isEmpty)
        }
    }

    @Test(arguments: LokiFixture.indexes)
    func `a damaged or half written index is found`(file: LokiFixture.File) {
        for count in [0, 1, 10, file.bytes.count / 2, file.bytes.count - 1] {
            #expect(file.damage(Array(file.bytes.prefix(count))).count == 1, "\(count)")
        }
        // gzip's header of ten bytes holds a time and a system, which have no checksum.
        for place in stride(from: 10, to: file.bytes.count, by: max(1, file.bytes.count / 97)) {
            var bytes = file.bytes
            bytes[place] ^= 0x04
            // Deflate has bits without a meaning.
            let plain = try? GzipStream.decode(bytes, limit: 1 << 20)
            if let plain, plain == (try? GzipStream.decode(file.bytes, limit: 1 << 20)) { continue }
            #expect(file.damage(bytes).first?.contains("index: ") == true, "at \(place)")
        }
    }

    @Test func `a compacted index is proved by its name`() throws {
        let files = LokiFixture.indexes.filter { $0.path.contains("-compactor-") }
        #expect(files.count == 2)
        for file in files {
            let path = file.path
            let wrong = path.replacing("1c23e406", with: "1c23e407").replacing("b6475d15", with: "b6475d16")
            #expect(file.damage(path: wrong).first?.contains("its name gives") == true)
            let late = path.replacing("1795401174724", with: "1795401174725").replacing("1795402914675", with: "1")
            #expect(file.damage(path: late).first?.contains("times") == true)
        }
    }

    @Test(arguments: [
        ("1795402914.674", 1_795_402_914_674), ("1795402914.6", 1_795_402_914_600), ("0", 0), ("-1.5", -1500),
        ("1.2345", nil), ("1e3", nil), ("\"1\"", nil),
    ])
    func `times are read from their digits`(text: String, milliseconds: Int?) throws {
        #expect(ChunkContent.milliseconds(try JSONValue(parsing: text)) == milliseconds)
    }

    /// A literal and a copy, a frame to skip and a frame that is not compressed.
    @Test func `snappy frames of both kinds are opened`() throws {
        func frame(_ kind: UInt8, _ body: [UInt8]) -> [UInt8] { [kind, UInt8(body.count), 0, 0] + body }
        let header: [UInt8] = [0xFF, 6, 0, 0] + Array("sNaPpY".utf8)
        // Thrice the same, by a literal and a copy that overlaps itself: 36 bytes.
        let block: [UInt8] = [36, 11 << 2] + Array("Wikipedia is".utf8) + [23 << 2 | 2, 12, 0]
        let plain = Array("Wikipedia isWikipedia isWikipedia is".utf8)
        let crc = withUnsafeBytes(of: Snappy.masked(LokiFixture.crc(plain)).littleEndian) { [UInt8]($0) }
        let stream = header + frame(0, crc + block) + frame(0xFE, [0, 0]) + frame(1, crc + plain)
        #expect(try Snappy.decodeFrames(stream[...], limit: 100) == plain + plain)
        #expect(throws: ChunkDefect.self) { try Snappy.decodeFrames(stream[...], limit: 71) }
        for place in stream.indices where place > 17 && place < 35 {
            var damaged = stream
            damaged[place] ^= 1
            #expect(throws: ChunkDefect.self) { try Snappy.decodeFrames(damaged[...], limit: 100) }
        }
    }
}

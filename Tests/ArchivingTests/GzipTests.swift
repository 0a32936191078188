import Foundation
import Lab
import Testing
@testable import Archiving

@Suite struct GzipTests {
    enum Content: CaseIterable, Sendable {
        case text, noise, zeros

        func bytes(_ count: Int) -> [UInt8] {
            var state: UInt64 = 0x9E37_79B9_7F4A_7C15
            return (0..<count).map { index in
                switch self {
                case .text: return Array("prometheus_tsdb_head_samples 12345\n".utf8)[index % 35]
                case .zeros: return 0
                case .noise:
                    state ^= state << 13
                    state ^= state >> 7
                    state ^= state << 17
                    return UInt8(truncatingIfNeeded: state >> 32)
                }
            }
        }
    }

    @Test(arguments: Content.allCases, [0, 1, 1000, 65_536, 196_605, 200_000, 1 << 20])
    func `every gzip member decodes to its original content`(content: Content, count: Int) async throws {
        let plain = content.bytes(count)
        var encoder = GzipEncoder()
        var member: [UInt8] = []
        encoder.encode(plain.span.bytes, into: &member)
        var decoder = GzipDecoder()
        var back: [UInt8] = []
        try decoder.decode(member.span.bytes, count: count, into: &back)
        #expect(back == plain)
        // Two consecutive members are one stream: for dr, and for gzip.
        let stream = member + member
        #expect(try GzipStream.decode(stream, limit: count * 2) == plain + plain)
        let folder = try TemporaryFolder("gzip")
        let file = folder.url.appending(path: "x.gz")
        try Data(stream).write(to: file)
        let script = "gzip -dc '\(file.path)' > '\(folder.path)/x'"
        #expect(try await CommandRun.run("/bin/sh", ["-c", script]).status == 0)
        #expect([UInt8](try Data(contentsOf: folder.url.appending(path: "x"))) == plain + plain)
    }

    /// A mebibyte, and a usual member of small files.
    @Test(arguments: [1 << 20, 70_000]) func `the encoder stores content that hardly compresses`(count: Int) {
        func size(_ plain: [UInt8]) -> Int {
            var encoder = GzipEncoder()
            var member: [UInt8] = []
            encoder.encode(plain.span.bytes, into: &member)
            return member.count
        }
        let noise = Content.noise.bytes(count)
        // Six bits of each byte are random: gzip saves a quarter, so the data are compressed.
        let loose = noise.map { $0 & 0x3F }
        // One byte in ten is a zero: gzip saves a tenth, so the data are stored.
        let dense = noise.enumerated().map { $0.offset % 10 == 0 ? 0 : $0.element }
        #expect(size(noise) >= noise.count && size(noise) < noise.count + 1000)
        #expect(size(dense) >= dense.count)
        #expect(size(loose) < loose.count * 8 / 10)
        #expect(size(Content.text.bytes(count)) < count / 50)
    }

    /// The number of values, each as frequent as the others.
    @Test(arguments: [(1, false), (64, false), (79, false), (80, true), (256, true)])
    func `bytes are evenly spread over eighty values`(values: Int, isSpread: Bool) {
        let bytes = (0..<values * 32).map { UInt8($0 % values) }
        #expect(GzipEncoder.isEvenlySpread(bytes) == isSpread)
    }

    @Test(arguments: Content.allCases) func `every kind of damage is found`(content: Content) throws {
        let plain = content.bytes(3000)
        var encoder = GzipEncoder()
        var member: [UInt8] = []
        encoder.encode(plain.span.bytes, into: &member)
        var decoder = GzipDecoder()
        for position in member.indices {
            for bit in 0..<8 {
                var damaged = member
                damaged[position] ^= 1 << bit
                var back: [UInt8] = []
                // Flips in the header's time, in ignored flags and in the system do not change the content.
                if (try? decoder.decode(damaged.span.bytes, count: plain.count, into: &back)) != nil {
                    #expect(back == plain, "bit \(bit) of byte \(position)")
                }
            }
        }
        for count in member.indices {
            var back: [UInt8] = []
            #expect(throws: GzipError.self) {
                try decoder.decode(member.span.bytes.extracting(first: count), count: plain.count, into: &back)
            }
        }
        for wrong in [0, plain.count - 1, plain.count + 1] {
            var back: [UInt8] = []
            #expect(throws: GzipError.self) { try decoder.decode(member.span.bytes, count: wrong, into: &back) }
        }
        #expect(throws: GzipError.tooLarge) { try GzipStream.decode(member, limit: 2999) }
    }
}

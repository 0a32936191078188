internal import Glibc
internal import Testing

@testable import Mover

@Suite struct GatheredOutputTests {
    @Test(arguments: [0, 1, 5, 63, 64, 65, 200])
    func `pieces of all lengths are written whole and in order`(count: Int) throws {
        let pieces = (0..<count).map { piece in
            (0..<(piece * 997) % 9000).map { UInt8(truncatingIfNeeded: $0 &+ piece) }
        }
        var ends: [CInt] = [0, 0]
        #expect(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        for end in ends { #expect(fcntl(end, F_SETFL, O_NONBLOCK) == 0) }
        var output = GatheredOutput(pieces)
        var arrived: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 7001)
        // The pipe is smaller than the pieces, so some writes are partial.
        while !output.isEmpty {
            let written = output.write(to: ends[1])
            try #require(written > 0 || errno == EAGAIN)
            let got = read(ends[0], &buffer, buffer.count)
            arrived += buffer.prefix(max(0, got))
        }
        while case let got = read(ends[0], &buffer, buffer.count), got > 0 { arrived += buffer.prefix(got) }
        #expect(arrived == Array(pieces.joined()))
    }
}

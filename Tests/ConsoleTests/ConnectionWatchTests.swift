import Glibc
import Testing

@testable import Console

/// The connections that the server ends so that others find room.
@Suite struct ConnectionWatchTests {
    /// Both ends of a connection.
    private final class Pair {
        let server: CInt
        let client: CInt

        init() throws {
            var ends: [CInt] = [-1, -1]
            try #require(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends) == 0)
            (server, client) = (ends[0], ends[1])
        }

        deinit {
            close(server)
            close(client)
        }

        /// True if the server ended it.
        var isEnded: Bool {
            var byte: UInt8 = 0
            return recv(client, &byte, 1, CInt(MSG_DONTWAIT)) == 0
        }
    }

    private func watch(_ change: (inout WebServer.Settings) -> Void) -> ConnectionWatch {
        var settings = WebServer.Settings()
        change(&settings)
        return ConnectionWatch(settings)
    }

    /// Opens connections with the numbers 0, 1, …
    private func open(_ count: Int, from network: [UInt8], in watch: ConnectionWatch) throws -> [Pair] {
        try (0..<count).map { number in
            let pair = try Pair()
            watch.opened(UInt(number), socket: pair.server, network: network)
            return pair
        }
    }

    @Test func `one network has a part of the connections`() throws {
        let watch = watch { $0.connectionsOfNetwork = 3 }
        let pairs = try open(5, from: [192, 0, 2, 1], in: watch)
        #expect(pairs.map(\.isEnded) == [true, true, false, false, false])
        let other = try Pair()
        watch.opened(100, socket: other.server, network: [192, 0, 2, 2])
        #expect(!other.isEnded && pairs.count(where: \.isEnded) == 2)
    }

    @Test func `a network whose connections are all at work gets no more`() throws {
        let watch = watch { $0.connectionsOfNetwork = 2 }
        let pairs = try open(2, from: [192, 0, 2, 1], in: watch)
        for number in 0..<2 { watch.enter(.working, UInt(number)) }
        let late = try Pair()
        watch.opened(2, socket: late.server, network: [192, 0, 2, 1])
        #expect(late.isEnded && !pairs.contains(where: \.isEnded))
    }

    @Test(arguments: [[127, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0, 0]])
    func `the loopback address may have all connections`(network: [UInt8]) throws {
        let watch = watch { ($0.connections, $0.connectionsOfNetwork) = (4, 2) }
        let pairs = try open(5, from: network, in: watch)
        #expect(pairs.map(\.isEnded) == [true, false, false, false, false])
    }

    @Test func `a connection that has asked before is ended last`() throws {
        let watch = watch { $0.connections = 2 }
        let pairs = try open(1, from: [127, 0, 0, 1], in: watch)
        watch.enter(.working, 0)
        watch.enter(.reading, 0)
        let silent = try Pair(), new = try Pair()
        watch.opened(10, socket: silent.server, network: [127, 0, 0, 1])
        watch.opened(11, socket: new.server, network: [127, 0, 0, 1])
        #expect(silent.isEnded && !pairs[0].isEnded && !new.isEnded)
    }
}

import Foundation
import Lab
import Mover
import Platform
import Testing

@Suite struct MoverPresenceTests {
    private struct Nothing: Conversation.Answering {
        func answer(_ request: [UInt8], _ call: Call, in conversation: Conversation) async throws {}
    }

    @Test func `a mover tells how long it has been without its coordinator`() async throws {
        let folder = try TemporaryFolder("mover")
        let socket = "\(folder.path)/s"
        let presence = MoverPresence(socket: socket)
        #expect(presence.absence == nil)
        let start = ContinuousClock.now
        let pool = BlockingPool(threads: 4)
        let server = MoverServer(at: socket, idle: .milliseconds(300), answering: Nothing(), pool: pool)
        try await pool.run { try server.run() }
        // The file is no older than the mover, however long the machine took. The clocks may disagree by a second.
        let absence = try #require(presence.absence)
        #expect(.seconds(absence) <= ContinuousClock.now - start + .seconds(2))
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -60)], ofItemAtPath: "\(socket).seen")
        #expect(try #require(presence.absence) >= 59)
    }
}

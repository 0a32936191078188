import Foundation
import Lab
import Platform
import Testing

@testable import Drills

/// The ports of a drill's servers, and who else may have them.
@Suite struct DrillServerTests {
    private let folder: TemporaryFolder
    private let pool = BlockingPool(threads: 4)

    init() throws { folder = try TemporaryFolder("drill-server") }

    private func server(_ port: ReservedPort, _ command: String...) -> DrillServer {
        DrillServer(
            "loki", command: command, port: port, ready: "/ready", patience: Patience.long, folder: folder.path,
            environment: ProcessInfo.processInfo.environment, pool: pool)
    }

    private func stranger(on port: UInt16? = nil) async throws -> StandInServer {
        try await StandInServer("stranger", port: port, contract: nil) { _ in .text(200, "ready\n") }
    }

    @Test func `a port is held until it is released`() throws {
        let first = try ReservedPort(avoiding: [])
        #expect(!first.isFree && !first.isFixed)
        let refused = #expect(throws: DrillError.self) { try ReservedPort(first.number, for: "loki") }
        #expect(refused?.detail.contains("port \(first.number) of 127.0.0.1 is in use") == true)
        first.release()
        #expect(first.isFree)
        #expect(try ReservedPort(first.number, for: "loki").isFixed)
    }

    /// As a program does that is being started: it has the socket open until it becomes another program.
    @Test func `a released port is free while another process still has it open`() throws {
        let port = try ReservedPort(avoiding: [])
        let duplicate = try #require(port.descriptor.map { dup($0) })
        defer { close(duplicate) }
        #expect(!port.isFree)
        port.release()
        #expect(port.isFree)
    }

    @Test func `the live stacks ports are not chosen`() throws {
        // All but a hundred of those that the kernel gives: without looking, one of the many would be chosen.
        let range = try String(contentsOfFile: "/proc/sys/net/ipv4/ip_local_port_range", encoding: .utf8)
            .split(whereSeparator: \.isWhitespace).compactMap { UInt16($0) }
        let live = Set((range[0]...range[1]).filter { $0 % 100 != 7 })
        #expect(!live.contains(try ReservedPort(avoiding: live).number))
    }

    /// Chosen, released for the server, and taken by somebody before that listens.
    @Test func `a port that is taken before the start is not asked for anything`() async throws {
        let port = try ReservedPort(avoiding: [])
        port.release()
        let stranger = try await stranger(on: port.number)
        let error = await #expect(throws: DrillError.self) { try await server(port, "/bin/sleep", "600").start() }
        let own = ProcessInfo.processInfo.processIdentifier
        #expect(error?.detail.contains("port \(port.number) of 127.0.0.1 is in use by '") == true)
        #expect(error?.detail.contains("(process \(own))") == true)
        #expect(error?.hint?.contains("run the drill again") == true)
        await stranger.stop()
    }

    /// A program that the listening process started may have the same socket open, and is not the one to end.
    @Test func `a child that inherited the socket is not named`() async throws {
        let port = try ReservedPort(avoiding: [])
        // posix_spawn passes on descriptors that are not close-on-exec, and a duplicate is not.
        let listener = try #require(port.descriptor.map { dup($0) })
        defer { close(listener) }
        port.release()
        try #require(listen(listener, 1) == 0)
        var children: [pid_t] = []
        defer {
            for child in children {
                kill(child, SIGKILL)
                waitpid(child, nil, 0)
            }
        }
        for _ in 0..<3 {
            var child: pid_t = 0
            let arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("600"), nil]
            defer { for argument in arguments { free(argument) } }
            try #require(posix_spawn(&child, "/bin/sleep", nil, nil, arguments, environ) == 0)
            children.append(child)
        }
        let own = Int(ProcessInfo.processInfo.processIdentifier)
        #expect(ListeningProcess.on(port.number)?.id == own)
        #expect(ListeningProcess.oldest(of: children.map(Int.init) + [own])?.id == own)
    }

    /// The stranger comes between the last look and the server's own attempt: it answers, and it is not the server.
    @Test func `a process that answered before the server started is not taken for the server`() async throws {
        let port = try ReservedPort(avoiding: [])
        let taker = folder.url.appending(path: "taken")
        // A server that takes its time: meanwhile this process, which was there before it, takes the port.
        let slow = server(port, "/bin/sh", "-c", "touch \(taker.path); exec sleep 600")
        let starting = Task { try await slow.start() }
        while !FileManager.default.fileExists(atPath: taker.path) { try await Task.sleep(for: .milliseconds(5)) }
        let stranger = try await stranger(on: port.number)
        let error = await #expect(throws: DrillError.self) { try await starting.value }
        #expect(error?.detail.contains("(process \(ProcessInfo.processInfo.processIdentifier))") == true)
        await stranger.stop()
    }

    @Test func `a server that did not start can be started again`() async throws {
        let port = try ReservedPort(avoiding: [])
        let failing = server(port, "/bin/sh", "-c", "echo no such option; exit 3")
        for _ in 0..<2 {
            let error = await #expect(throws: DrillError.self) { try await failing.start() }
            #expect(error?.detail.contains("no such option") == true)
        }
    }
}

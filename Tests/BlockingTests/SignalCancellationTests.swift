import Blocking
import Foundation
import Testing

@Suite(.serialized) struct SignalCancellationTests {
    /// A shell that started the tests under `nohup` has SIGHUP ignored, and it stays so.
    private static let ignoresHangup: Bool = {
        let lines = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8))?.split(separator: "\n") ?? []
        let mask = lines.first { $0.hasPrefix("SigIgn:") }?.split(separator: "\t").last ?? "0"
        return (UInt64(mask, radix: 16) ?? 0) & 1 << UInt64(SIGHUP - 1) != 0
    }()

    @Test(arguments: [SIGINT, SIGTERM] + (ignoresHangup ? [] : [SIGHUP]))
    func `a signal cancels the work`(number: CInt) async {
        // The tests can be interrupted again afterwards.
        defer { for number in [SIGINT, SIGTERM, SIGHUP] where !Self.ignoresHangup { signal(number, SIG_DFL) } }
        await #expect(throws: CancellationError.self) {
            try await cancellingOnSignals {
                kill(getpid(), number)
                try await Task.sleep(for: .seconds(600))
            }
        }
    }

    @Test func `a write to a closed pipe fails and the next program gets the default back`() async throws {
        try await cancellingOnSignals {}
        defer { for number in [SIGINT, SIGTERM, SIGHUP] where !Self.ignoresHangup { signal(number, SIG_DFL) } }
        var ends: [CInt] = [-1, -1]
        try #require(pipe(&ends) == 0)
        close(ends[0])
        #expect(write(ends[1], "x", 1) == -1 && errno == EPIPE)
        close(ends[1])
        // The shell itself would not die of a SIGPIPE that was ignored when it started.
        #expect(system("sh -c 'kill -PIPE $$; exit 3'") & 0x7F == 0)
        #expect(system("kill -PIPE $$; exit 3") & 0x7F == SIGPIPE)
    }
}

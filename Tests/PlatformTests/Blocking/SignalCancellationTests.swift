import Foundation
import Platform
import Testing

@Suite struct SignalCancellationTests {
    @Test func `a write to a closed pipe fails and the next program gets the default back`() async throws {
        try await cancellingOnSignals {}
        // Restore the default actions, so that the tests can be interrupted again.
        for number in [SIGINT, SIGTERM, SIGHUP] { signal(number, SIG_DFL) }
        var ends: [CInt] = [-1, -1]
        try #require(pipe(&ends) == 0)
        close(ends[0])
        #expect(write(ends[1], "x", 1) == -1 && errno == EPIPE)
        close(ends[1])
        // A shell that was started with SIGPIPE ignored would continue and exit with 3.
        #expect(system("kill -PIPE $$; exit 3") & 0x7F == SIGPIPE)
    }
}

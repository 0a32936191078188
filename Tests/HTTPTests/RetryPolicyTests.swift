import HTTP
import Testing

@Suite struct RetryPolicyTests {
    let policy = RetryPolicy(attempts: 4, base: .milliseconds(100), cap: .seconds(1))

    @Test(arguments: [(1, 100), (2, 200), (3, 400), (4, 800), (5, 1000), (60, 1000)])
    func `the ceiling doubles up to the cap`(_ attempt: Int, _ milliseconds: Int) {
        #expect(policy.delay(after: attempt, jitter: 1) == .milliseconds(milliseconds))
        #expect(policy.delay(after: attempt, jitter: 0) == .zero)
    }

    @Test func `a server's wish is a lower bound, within reason`() {
        #expect(policy.delay(after: 1, retryAfter: .seconds(5), jitter: 0.5) == .seconds(5))
        #expect(policy.delay(after: 1, retryAfter: .seconds(86400), jitter: 0.5) == .seconds(60))
        #expect(policy.delay(after: 3, retryAfter: .milliseconds(1), jitter: 1) == .milliseconds(400))
    }

    @Test func `the last try is not followed by a wait`() throws {
        #expect(try RetryPolicy(attempts: 2, base: .zero).wait(after: 1))
        #expect(try RetryPolicy(attempts: 2, base: .zero).wait(after: 2) == false)
    }

    @Test(arguments: [("120", 120), ("Fri, 24 May 2013 00:00:30 GMT", 30), ("soon", nil), ("-5", 0)])
    func `Retry-After holds seconds or a date`(_ text: String, _ seconds: Int?) {
        let headers = HTTPHeaders([("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("retry-after", text)])
        #expect(HTTPResponse(status: 503, headers: headers).retryAfter == seconds.map { .seconds($0) })
    }

    @Test(arguments: [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
        ("Sun Nov  6 08:49:37 1994", 784_111_777), ("yesterday", nil), ("", nil),
    ])
    func `dates in all three forms of RFC 9110`(_ text: String, _ seconds: Int?) {
        #expect(HTTPDate.parse(text) == seconds)
    }
}

import Foundation
import Testing

@testable import Components

@Suite struct CheckResultTests {
    @Test func `verdicts are words in documents`() throws {
        let result = CheckResult("prometheus_ready", component: nil, .skipped, measured: "-", target: "HTTP 200")
        let text = String(decoding: try JSONEncoder().encode(result), as: UTF8.self)
        #expect(text.contains(#""verdict":"skipped""#))
        #expect(!text.contains("component"))
    }
}

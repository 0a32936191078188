import Foundation
import Testing

@testable import Notifications

@Suite struct NoticeTests {
    @Test func `events are words in documents`() throws {
        let notice = Notice(.stepFailed, severity: .critical, at: .distantPast, stack: "s", summary: "it failed")
        let text = String(decoding: try JSONEncoder().encode(notice), as: UTF8.self)
        #expect(text.contains(#""event":"step_failed""#))
    }
}

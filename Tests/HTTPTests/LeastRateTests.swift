import Testing

@testable import HTTP

@Suite struct LeastRateTests {
    /// A measurement of a transfer (seconds since its start, bytes moved so far), or an event.
    private enum Step {
        case look(Double, Int)
        case pause
        case own(Duration)
    }

    /// - Returns: for each measurement, true if too little has moved.
    private func judge(_ steps: [Step], rate: Int, window: Duration) -> [Bool] {
        let start = ContinuousClock.now
        var limit = LeastRate(rate: rate, window: window)
        var verdicts: [Bool] = []
        for step in steps {
            switch step {
            case .look(let seconds, let total):
                verdicts.append(limit.isMissed(total: total, at: start.advanced(by: .seconds(seconds))))
            case .pause: limit.pause()
            case .own(let time): limit.exclude(time)
            }
        }
        return verdicts
    }

    @Test func `a window with too few bytes is missed, and no shorter time is judged`() {
        let steps: [Step] = [.look(0, 0), .look(30, 10), .look(59, 59), .look(60, 5999)]
        #expect(judge(steps, rate: 100, window: .seconds(60)) == [false, false, false, true])
        #expect(judge(steps.dropLast() + [.look(60, 6000)], rate: 100, window: .seconds(60)).last == false)
    }

    @Test func `a good start does not excuse a trickle after it`() {
        let steps: [Step] = [.look(0, 0), .look(60, 1_000_000), .look(120, 1_000_060)]
        #expect(judge(steps, rate: 100, window: .seconds(60)) == [false, false, true])
    }

    @Test func `a pause and time that this side took do not count`() {
        let steps: [Step] = [
            .look(0, 100), .pause, .look(500, 100), .own(.seconds(100)), .look(640, 110), .look(660, 120),
        ]
        #expect(judge(steps, rate: 100, window: .seconds(60)) == [false, false, false, true])
    }

    @Test func `a body that is sent again begins a new window`() {
        #expect(
            judge([.look(0, 50_000), .look(61, 10), .look(100, 20)], rate: 100, window: .seconds(60)) == [
                false, false, false,
            ])
    }

    @Test(arguments: [(0, Duration.seconds(60)), (100, .seconds(Int64.max))])
    func `no limit, and one that no number holds`(_ rate: Int, _ window: Duration) {
        #expect(judge([.look(0, 0), .look(1e6, 0)], rate: rate, window: window) == [false, false])
    }
}

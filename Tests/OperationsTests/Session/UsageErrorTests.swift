import Platform
import Testing

@Suite struct UsageErrorTests {
    @Test func `the hint stands on a line of its own`() {
        #expect("\(UsageError("no set"))" == "no set")
        #expect("\(UsageError("no set", hint: "run `dr backup`"))" == "no set\nhint: run `dr backup`")
    }
}

import Platform
import Testing

@Suite struct UsageErrorTests {
    @Test func `the hint is on a separate line`() {
        #expect("\(UsageError("no set"))" == "no set")
        #expect("\(UsageError("no set", hint: "run `dr backup`"))" == "no set\nhint: run `dr backup`")
    }
}

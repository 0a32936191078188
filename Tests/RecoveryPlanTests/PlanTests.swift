import Testing

@testable import RecoveryPlan

@Suite struct PlanTests {
    @Test func aStepAbortsUnlessItSaysOtherwise() {
        #expect(Step().onFailure == .abort)
        #expect(Step().retry.attempts == 1)
    }
}

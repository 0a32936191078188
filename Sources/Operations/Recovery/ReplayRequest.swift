package import Foundation

/// How a plan is to be replayed.
package struct ReplayRequest {
    /// T0 to T2 as they were given.
    package struct Moments {
        package var failed: Date?
        package var detected: Date?
        package var declared: Date?

        package init(failed: Date? = nil, detected: Date? = nil, declared: Date? = nil) {
            (self.failed, self.detected, self.declared) = (failed, detected, declared)
        }
    }

    /// Of the plan, over its own values.
    package var parameters: [String: String] = [:]
    package var moments = Moments()
    /// Goes on with a run that was not finished.
    package var resumes = false
    /// Which one; nil for the newest.
    package var run: String?
    /// Although the plan or its parameters are not what they were.
    package var allowsChangedPlan = false

    package init(parameters: [String: String] = [:], moments: Moments = Moments()) {
        self.parameters = parameters
        self.moments = moments
    }
}

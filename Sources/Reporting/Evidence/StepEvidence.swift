package import RecoveryPlan

/// The record of one step.
package struct StepEvidence: Codable, Equatable, Sendable {
    package var id: String
    package var about: String?
    /// "done", "failed", "skipped", "rolled back", "interrupted", "not begun".
    package var outcome: String
    package var attempts: Int
    /// Seconds from the start of the run; nil if the step did not begin.
    package var began: Double?
    package var seconds: Double?
    /// The forecast from earlier runs; nil if there are none.
    package var forecast: TimeForecast?
    /// The result of the step, or the cause of its failure.
    package var summary: String?

    package init(
        id: String, about: String? = nil, outcome: String, attempts: Int, began: Double? = nil, seconds: Double? = nil,
        forecast: TimeForecast? = nil, summary: String? = nil
    ) {
        self.id = id
        self.about = about
        self.outcome = outcome
        self.attempts = attempts
        self.began = began
        self.seconds = seconds
        self.forecast = forecast
        self.summary = summary
    }
}

/// The control run of a drill: a fault was injected, and the same checks had to detect it.
package struct NegativeControl: Codable, Equatable, Sendable {
    /// The injected fault in one line: "a byte of pack 01hx… was flipped".
    package var damage: String
    /// The steps and checks that had to detect the fault.
    package var expected: [String]
    /// The steps and checks that failed.
    package var red: [String]
    package var noticed: Bool
    /// The messages of those that failed: "tree: pack … is not in the store". Nil in older journals.
    package var why: [String]?

    package init(damage: String, expected: [String], red: [String], noticed: Bool, why: [String]? = nil) {
        self.damage = damage
        self.expected = expected
        self.red = red
        self.noticed = noticed
        self.why = why
    }
}

/// The comparison that shows that a drill did not change the live stack.
package struct LiveStackProof: Codable, Equatable, Sendable {
    package struct Component: Codable, Equatable, Sendable {
        package var component: String
        package var before: String
        package var after: String

        package init(component: String, before: String, after: String) {
            self.component = component
            self.before = before
            self.after = after
        }
    }

    package var components: [Component]

    package init(components: [Component]) { self.components = components }

    package var isUntouched: Bool { components.allSatisfy { $0.before == $0.after } }
}

package import RecoveryPlan

/// One step, as it went.
package struct StepEvidence: Codable, Equatable, Sendable {
    package var id: String
    package var about: String?
    /// "done", "failed", "skipped", "rolled back", "interrupted", "not begun".
    package var outcome: String
    package var attempts: Int
    /// Seconds from the start of the run; nil where it was not begun.
    package var began: Double?
    package var seconds: Double?
    /// From earlier runs; nil where there are none.
    package var forecast: TimeForecast?
    /// What it did, or why it failed.
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

/// A drill's second half: something was damaged on purpose, and the same checks had to notice.
package struct NegativeControl: Codable, Equatable, Sendable {
    /// What was damaged, in a line: "a byte of pack 01hx… was flipped".
    package var damage: String
    /// Where the damage had to be noticed: a step or a check.
    package var expected: [String]
    /// What did go red.
    package var red: [String]
    package var noticed: Bool
    /// What each that went red said: "tree: pack … is not in the store". Nil in older journals.
    package var why: [String]?

    package init(damage: String, expected: [String], red: [String], noticed: Bool, why: [String]? = nil) {
        self.damage = damage
        self.expected = expected
        self.red = red
        self.noticed = noticed
        self.why = why
    }
}

/// That a drill left the live stack alone.
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

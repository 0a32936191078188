/// What `${...}` in a plan may stand for, besides the plan's own parameters.
package struct PlanScope: Sendable {
    package enum Purpose: Sendable {
        /// To be shown or judged: a parameter without a value is left as `${name}`.
        case look
        /// To be run: every parameter must have a value.
        case run
    }

    package var purpose: Purpose
    package var stack: String
    /// Of the command line, over the plan's own values.
    package var overrides: [String: String]
    /// The configured components, and of each the settings that are plain text.
    package var components: [String: [String: String]]
    /// Nil while nothing runs.
    package var run: String?
    /// The backup set that is restored; nil while none is chosen.
    package var set: String?

    package init(
        _ purpose: Purpose, stack: String = "monitoring", overrides: [String: String] = [:],
        components: [String: [String: String]] = [:], run: String? = nil, set: String? = nil
    ) {
        self.purpose = purpose
        self.stack = stack
        self.overrides = overrides
        self.components = components
        self.run = run
        self.set = set
    }
}

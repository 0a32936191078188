/// The values for `${...}` in a plan, besides the plan's own parameters.
package struct PlanScope: Sendable {
    package enum Purpose: Sendable {
        /// The plan is shown or reviewed: a parameter without a value stays `${name}`.
        case look
        /// The plan is run: each parameter must have a value.
        case run
    }

    package var purpose: Purpose
    package var stack: String
    /// Values from the command line, which override the plan's.
    package var overrides: [String: String]
    /// The configured components with their plain-text settings.
    package var components: [String: [String: String]]
    /// The id of the run; nil if the plan is not run.
    package var run: String?
    /// The backup set to restore; nil if none is chosen yet.
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

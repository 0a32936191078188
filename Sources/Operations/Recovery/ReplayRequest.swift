package import FoundationEssentials

/// The options of a run of a plan.
package struct ReplayRequest {
    /// The given times T0 to T2.
    package struct Moments {
        package var failed: Date?
        package var detected: Date?
        package var declared: Date?

        package init(failed: Date? = nil, detected: Date? = nil, declared: Date? = nil) {
            (self.failed, self.detected, self.declared) = (failed, detected, declared)
        }
    }

    package enum Purpose: Sendable {
        /// The plan is carried out.
        case run
        /// Nothing is changed.
        case preview
        /// Everything is read from the store, to show that it is there.
        case rehearsal
    }

    package var purpose = Purpose.run
    /// Plan parameters, which override the plan's values.
    package var parameters: [String: String] = [:]
    package var moments = Moments()
    /// Resumes an unfinished run.
    package var resumes = false
    /// The id of a new run; nil for a random one.
    package var id: String?
    /// The id of the run to resume; nil for the newest.
    package var run: String?
    /// Resumes even if the plan or its parameters changed.
    package var allowsChangedPlan = false
    /// Uses the newest set left, although this machine committed a newer one that is gone or damaged.
    package var acceptsOlder = false
    /// Reads unencrypted packs, although there are recipients.
    package var allowsClear = false

    /// The folder that contains the journals of earlier runs in `runs`, for the forecast and the changes of the plan; nil for
    /// the journals of this machine.
    package var history: String?

    package init(parameters: [String: String] = [:], moments: Moments = Moments()) {
        self.parameters = parameters
        self.moments = moments
    }
}

package import RecoveryPlan

/// T0 to T6 in RFC 3339 to the millisecond, by the wall clock; nil if the run did not reach the clock.
package struct Clocks: Codable, Equatable, Sendable {
    package var failed: String?
    package var detected: String?
    package var declared: String?
    package var started: String?
    package var targetReady: String?
    package var dataRestored: String?
    package var validated: String?

    package init() {}

    /// The clocks in order, with their usual names.
    package var named: [(name: String, what: String, moment: String?)] {
        [
            ("T0", "failed", failed), ("T1", "detected", detected), ("T2", "declared", declared),
            ("T3", "started", started), ("T4", "target ready", targetReady), ("T5", "data restored", dataRestored),
            ("T6", "validated", validated),
        ]
    }
}

/// The recovery time in seconds: allowed, forecast and measured.
package struct TimeObjective: Codable, Equatable, Sendable {
    package var allowed: Double?
    /// "failed", "declared" or "started": selects the time below that is compared with the RTO.
    package var from: String
    package var sinceFailed: Double?
    package var sinceDeclared: Double?
    package var sinceStarted: Double?
    package var forecast: TimeForecast?
    /// The measured minus the expected time; nil without a forecast, without a validation, and in older journals.
    package var forecastError: Double?
    /// Nil if there is no objective or the run was not validated.
    package var met: Bool?

    package init(
        allowed: Double?, from: String, sinceFailed: Double? = nil, sinceDeclared: Double? = nil,
        sinceStarted: Double? = nil, forecast: TimeForecast? = nil, met: Bool? = nil
    ) {
        self.allowed = allowed
        self.from = from
        self.sinceFailed = sinceFailed
        self.sinceDeclared = sinceDeclared
        self.sinceStarted = sinceStarted
        self.forecast = forecast
        self.met = met
    }

    package var judged: Double? {
        switch from {
        case "failed": sinceFailed
        case "started": sinceStarted
        default: sinceDeclared
        }
    }
}

/// The data loss in seconds: allowed and measured.
package struct LossObjective: Codable, Equatable, Sendable {
    package struct Component: Codable, Equatable, Sendable {
        package var component: String
        /// The time of the newest validated datum, RFC 3339; nil if none is validated.
        package var newest: String?
        /// The time from that to the failure.
        package var loss: Double?

        package init(component: String, newest: String?, loss: Double?) {
            self.component = component
            self.newest = newest
            self.loss = loss
        }
    }

    package var allowed: Double?
    package var components: [Component]
    /// The largest loss of a component; nil if one is unknown.
    package var worst: Double?
    /// The skew between the newest data of the components.
    package var skew: Double?
    package var met: Bool?

    package init(allowed: Double?, components: [Component], worst: Double?, skew: Double?, met: Bool?) {
        self.allowed = allowed
        self.components = components
        self.worst = worst
        self.skew = skew
        self.met = met
    }
}

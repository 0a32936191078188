/// The meaning of a notification for channels that keep an open item: an incident, an alert, a page.
extension Notice {
    package enum Effect: Equatable, Sendable {
        /// A failure began or continues.
        case raises
        /// An operator or `dr` works on the failure.
        case acknowledges
        /// The failure is over.
        case closes
        /// For information only.
        case informs
        case tries
    }

    /// The common identity of all notifications about one matter, so that the last one closes the item that the first
    /// one opened.
    package var topic: String {
        switch event {
        case .backupFailed: "\(stack)/backup"
        case .checkFailed: "\(stack)/check"
        case .slaMissed: "\(stack)/sla\(facts["objective"].map { "/\($0)" } ?? "")"
        case .componentDown, .componentRecovered: "\(stack)/component/\(facts["component"] ?? "")"
        case .reportMissing: "\(stack)/report"
        case .test: "\(stack)/test"
        default: "\(stack)/\(run ?? scenario ?? "recovery")"
        }
    }
}

extension Notice.Event {
    package var effect: Notice.Effect {
        switch self {
        case .backupFailed, .checkFailed, .slaMissed, .componentDown, .reportMissing, .disasterDeclared, .stepFailed,
            .objectiveAtRisk, .recoveryFailed,
            .incidentOpened,
            .incidentEscalated:
            .raises
        case .recoveryStarted: .acknowledges
        case .recoveryCompleted, .incidentResolved, .componentRecovered: .closes
        case .postmortemScheduled, .drillCompleted: .informs
        case .test: .tries
        }
    }

    /// The title for operators: "Disaster declared".
    package var title: String {
        let words = rawValue.replacing("_", with: " ")
        return words.prefix(1).uppercased() + words.dropFirst()
    }
}

/// What a notice means for channels that keep something open: an incident, an alert, a page.
extension Notice {
    package enum Effect: Equatable, Sendable {
        /// Something is wrong, or still is.
        case raises
        /// Somebody is at work on it.
        case acknowledges
        /// It is over.
        case closes
        /// For the record.
        case informs
        case tries
    }

    /// The same for all notices about one matter, so that the last closes what the first opened.
    package var topic: String {
        switch event {
        case .backupFailed: "\(stack)/backup"
        case .checkFailed: "\(stack)/check"
        case .slaMissed: "\(stack)/sla"
        case .test: "\(stack)/test"
        default: "\(stack)/\(run ?? scenario ?? "recovery")"
        }
    }
}

extension Notice.Event {
    package var effect: Notice.Effect {
        switch self {
        case .backupFailed, .checkFailed, .slaMissed, .disasterDeclared, .stepFailed, .objectiveAtRisk, .recoveryFailed,
            .incidentOpened,
            .incidentEscalated:
            .raises
        case .recoveryStarted: .acknowledges
        case .recoveryCompleted, .incidentResolved: .closes
        case .postmortemScheduled, .drillCompleted: .informs
        case .test: .tries
        }
    }

    /// For people: "Disaster declared".
    package var title: String {
        let words = rawValue.replacing("_", with: " ")
        return words.prefix(1).uppercased() + words.dropFirst()
    }
}

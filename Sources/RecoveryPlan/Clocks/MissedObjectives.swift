internal import FoundationEssentials
internal import Platform

extension ObjectivesJudgement {
    /// The objectives that the run missed, with the measured and the allowed time: "RTO exceeded (5 h 2 min of 4 h)".
    package var missedObjectives: [String] {
        var missed: [String] = []
        if rtoMet == false, let rto, let taken {
            missed.append("RTO exceeded (\(Self.text(taken)) of \(Self.text(rto)))")
        }
        if rpoMet == false, let rpo {
            // Data of unknown age fail the objective without a figure.
            if let worstLoss, worstLoss > rpo {
                missed.append("RPO exceeded (\(Self.text(worstLoss)) of \(Self.text(rpo)))")
            } else {
                missed.append("RPO of \(Self.text(rpo)) not met: \(unmeasured.joined(separator: ", "))")
            }
        }
        return missed
    }

    /// Seconds from the start of the RTO to the validation.
    private var taken: Double? {
        switch rtoFrom {
        case .failed: sinceFailed
        case .declared: sinceDeclared
        case .started: sinceStarted
        }
    }

    private var unmeasured: [String] {
        losses.compactMap { loss in
            if !loss.isValidated { return "\(loss.component) is not validated" }
            return loss.seconds == nil ? "the age of the restored data of \(loss.component) is not known" : nil
        }
    }

    /// A duration as "5 h 2 min". Durations under a minute have up to two decimals.
    private static func text(_ seconds: Double) -> String {
        guard seconds >= 59.995 else {
            let text = Units.fixed(seconds, 2)
            return "\(text.replacing(/\.?0+$/, with: "")) s"
        }
        let whole = Int(clamping: seconds.rounded())
        let parts = [(whole / 3600, "h"), (whole / 60 % 60, "min"), (whole % 60, "s")]
        return parts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: " ")
    }
}

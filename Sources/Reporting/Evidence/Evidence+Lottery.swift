internal import RecoveryPlan

extension Evidence {
    /// The first contradiction between the draws of a drill and its course, found by drawing again; nil if there is none.
    var lotteryDefect: String? {
        guard let lottery else { return nil }
        if let defect = lottery.defect { return defect }
        guard lottery.scenario == subject.scenario else { return "the draws are those of another scenario" }
        guard ledger == nil || ledger?.previous == lottery.ledger else {
            return "the seed was made from another entry of the ledger than the one before the drill"
        }
        func last(_ purpose: String) -> String? {
            lottery.draws.last { $0.purpose == purpose || $0.purpose.hasPrefix("\(purpose) ") }?.result
        }
        if let set = last("set"), set != subject.set { return "the drill did not use the drawn set \(set)" }
        guard let negativeControl, let fault = last("fault") else { return nil }
        for part in ["\(fault) pack", "\(fault) component"] {
            guard let drawn = last(part), !negativeControl.damage.contains(drawn) else { continue }
            // The name of a damaged pack begins with its component.
            return "the control run did not use the drawn fault: '\(drawn)' for '\(part)'"
        }
        return nil
    }
}

extension Lottery {
    /// Adds the later draws of the same seed. Another seed makes the record contradict itself.
    func joined(with later: Lottery) -> Lottery {
        var joined = self
        if later.seed != seed || later.set != set || later.scenario != scenario { joined.seed = "changed" }
        joined.draws += later.draws
        if let more = later.chosen { joined.chosen = (chosen ?? [:]).merging(more) { $1 } }
        return joined
    }
}

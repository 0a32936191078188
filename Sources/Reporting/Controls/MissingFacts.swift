internal import RecoveryPlan

/// The facts that requirements ask for beside a test that passed: each is a line if it is missing.
extension ControlFacts {
    /// A removed entry may be a test that failed.
    var brokenLedger: [String] {
        guard let first = ledgerBreaks.first else { return [] }
        let more = ledgerBreaks.count > 1 ? ", and \(ledgerBreaks.count - 1) more" : ""
        return ["the ledger does not show all runs (\(first)\(more))"]
    }

    var untestedComponents: [String] {
        guard components != nil else { return ["the components of the stack are not recorded"] }
        return untested.isEmpty ? [] : ["not tested within a year: \(untested.joined(separator: ", "))"]
    }

    var criticality: [String] {
        declared.criticality == nil ? ["the criticality is not recorded (evidence: criticality)"] : []
    }

    var objectiveOwner: [String] {
        declared.objectiveOwner == nil
            ? ["the owner of the objectives is not recorded (evidence: objective_owner)"] : []
    }

    var participants: [String] {
        (declared.participants ?? []).isEmpty ? ["the participants are not recorded (evidence: participants)"] : []
    }

    var signOff: [String] { review == nil ? ["a sign-off is not recorded (reviewed, in actions.yaml)"] : [] }

    var offNetworkCopy: [String] {
        declared.offNetworkCopy == nil ? ["a copy off the network is not recorded (evidence: off_network_copy)"] : []
    }

    /// A test that did not pass needs an action.
    var correctiveActions: [String] {
        guard actions.isEmpty, let failed = recent(.yearly).first(where: { $0.isTest && !$0.succeeded }) else {
            return []
        }
        return [
            "no corrective action is recorded for the \(failed.activity.rawValue) of \(failed.day): \(failed.verdict)"
        ]
    }

    /// A verification of the structure alone would not notice a changed byte in a pack.
    var verifications: [String] {
        let found = recent(.yearly).filter { $0.activity == .verification && $0.succeeded }
        if found.isEmpty { return ["no verification of the stored backups is in the history"] }
        return found.contains { $0.share ?? 0 > 0 }
            ? [] : ["no verification read the stored data: dr verify --read-data"]
    }

    var backups: [String] {
        recent(.yearly).contains { $0.activity == .backup && $0.succeeded } ? [] : ["no backups are in the history"]
    }

    /// The plans that changed after their last test that passed.
    var changedPlans: [String] {
        plans.sorted { $0.key < $1.key }.compactMap { scenario, digest in
            guard let tested = history.first(where: { $0.isTest && $0.succeeded && $0.scenario == scenario }) else {
                return "the plan '\(scenario)' was not tested"
            }
            return tested.plan == digest ? nil : "the plan '\(scenario)' changed after its test of \(tested.day)"
        }
    }
}

extension TestRecord {
    var objectives: [String] {
        [rtoMet == nil ? "RTO" : nil, rpoMet == nil ? "RPO" : nil].compactMap { $0 }.map {
            "an \($0) is not set or was not measured"
        }
    }

    var missedObjectives: [String] {
        [rtoMet == false ? "the RTO" : nil, rpoMet == false ? "the RPO" : nil].compactMap { $0 }.map {
            "\($0) was exceeded on \(day)"
        }
    }

    var controlRun: [String] {
        detected == true ? [] : ["no control run showed that the checks detect damage"]
    }

    var severalChecks: [String] { (checks ?? 0) > 1 ? [] : ["fewer than two checks passed"] }

    var reconciliation: [String] {
        reconciled == true ? [] : ["restored data were not compared with data recorded at the backup"]
    }
}

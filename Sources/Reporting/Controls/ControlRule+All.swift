internal import RecoveryPlan

/// The requirements. `docs/evidence.md` explains them; the wording is a paraphrase, the text of each rule is authoritative.
extension ControlRule {
    static let all: [ControlRule] = dora + european + soc2 + iso + nist + others

    private static let dora = [
        ControlRule(
            standard: "DORA (EU) 2022/2554", control: "art. 11(6)",
            asks: "continuity and recovery plans are tested at least yearly and after substantive changes",
            missing: { _, facts in facts.changedPlans }),
        ControlRule(
            standard: "DORA (EU) 2022/2554", control: "art. 12(1), (2)",
            asks:
                "scope and minimum frequency of backups follow criticality; backup and restore are tested periodically",
            missing: { _, facts in facts.criticality + facts.untestedComponents }),
        ControlRule(
            standard: "DORA (EU) 2022/2554", control: "art. 12(3)",
            asks: "backups are restored on systems that are physically and logically segregated from the source",
            accepts: {
                [Segregation.Verdict.shown.rawValue, Segregation.Verdict.inPart.rawValue].contains($0.segregation)
            },
            missing: { test, facts in
                let logical =
                    test.segregation == Segregation.Verdict.shown.rawValue
                    ? [] : ["segregation is shown in part: see the report of \(test.run ?? test.day)"]
                let physical =
                    facts.declared.separation == nil
                    ? ["the physical separation is not recorded (evidence: separation)"] : []
                return logical + physical
            }, absence: "no test that passed was on another host than the one that made the backup"),
        ControlRule(
            standard: "DORA (EU) 2022/2554", control: "art. 12(6)",
            asks: "each function has an RTO and an RPO, which tests measure",
            missing: { test, facts in test.objectives + test.missedObjectives + facts.objectiveOwner }),
        ControlRule(
            standard: "DORA (EU) 2022/2554", control: "art. 12(7)",
            asks: "a recovery has multiple checks, reconciliations included",
            missing: { test, _ in test.severalChecks + test.reconciliation }),
    ]

    private static let european = [
        ControlRule(
            standard: "RTS (EU) 2024/1774", control: "art. 25(2)",
            asks: "tests use severe but plausible scenarios and challenge the assumptions of the plans",
            missing: { test, facts in test.controlRun + facts.participants }),
        ControlRule(
            standard: "RTS (EU) 2024/1774", control: "art. 25(5)",
            asks: "results are documented; deficiencies are addressed and reported",
            missing: { _, facts in facts.correctiveActions + facts.signOff }),
        ControlRule(
            standard: "NIS2 CIR (EU) 2024/2690", control: "annex 4.2",
            asks:
                "a backup plan, a copy off the network, integrity checks, and tests of recovery with corrective actions",
            missing: { _, facts in facts.offNetworkCopy + facts.verifications + facts.correctiveActions }),
    ]

    private static let soc2 = [
        ControlRule(
            standard: "SOC 2 (TSC 2017)", control: "A1.2",
            asks: "backup and recovery infrastructure is maintained and watched",
            missing: { _, facts in facts.backups + facts.verifications }),
        ControlRule(
            standard: "SOC 2 (TSC 2017)", control: "A1.3",
            asks: "recovery from likely threats is tested across the components",
            missing: { test, facts in test.controlRun + facts.untestedComponents }),
    ]

    private static let iso = [
        ControlRule(
            standard: "ISO/IEC 27001:2022", control: "A.8.13", asks: "backups are kept and tested by an agreed policy",
            missing: { _, facts in facts.untestedComponents }),
        ControlRule(
            standard: "ISO/IEC 27001:2022", control: "A.5.30",
            asks: "ICT readiness is tested against the continuity objectives",
            missing: { test, facts in test.objectives + test.missedObjectives + facts.untestedComponents }),
        ControlRule(
            standard: "ISO 22301:2019", control: "8.5",
            asks: "exercises at planned intervals have objectives, a scenario, participants, an outcome and actions",
            missing: { test, facts in
                test.objectives + facts.participants + facts.correctiveActions + facts.signOff + facts.changedPlans
            }),
    ]

    private static let nist = [
        ControlRule(
            standard: "NIST CSF 2.0", control: "PR.DS-11",
            asks: "backups of all data sources are made and tested at least yearly",
            missing: { _, facts in facts.untestedComponents }),
        ControlRule(
            standard: "NIST CSF 2.0", control: "RC.RP-03",
            asks: "the integrity of backups is verified before they are used to restore"),
        ControlRule(
            standard: "NIST SP 800-53 r5", control: "CP-4",
            asks: "the plan is tested, the results are reviewed, corrective actions follow",
            missing: { _, facts in facts.signOff + facts.correctiveActions }),
        ControlRule(
            standard: "NIST SP 800-53 r5", control: "CP-4(3)", asks: "tests are automated",
            accepts: { $0.activity == .drill }, absence: "no drill passed"),
        ControlRule(
            standard: "NIST SP 800-53 r5", control: "CP-4(4)", asks: "a test is a full recovery to a known state",
            missing: { test, facts in test.reconciliation + facts.untestedComponents }),
        ControlRule(
            standard: "NIST SP 800-53 r5", control: "CP-4(5)", asks: "the system is disturbed to challenge the plan",
            accepts: { $0.detected == true }, absence: "no drill with a control run that detected its fault passed",
            limit: "the control run damages the copy that is drilled, not the system"),
    ]

    private static let others = [
        ControlRule(
            standard: "CIS Controls v8.1", control: "11.5", asks: "recovery is tested quarterly for a sample",
            cadence: .quarterly),
        ControlRule(
            standard: "PCI DSS 4.0.1", control: "12.10.1, 12.10.2",
            asks: "the incident response plan includes recovery and is tested yearly",
            limit: "a test shows the restore element of the incident response plan only"),
        ControlRule(
            standard: "BSI IT-Grundschutz", control: "CON.3.A15",
            asks: "tests show regularly that data come back without errors and in reasonable time",
            missing: { test, _ in
                test.reconciliation + (test.rtoMet == nil ? ["an RTO is not set or was not measured"] : [])
                    + (test.rtoMet == false ? ["the RTO was exceeded on \(test.day)"] : [])
            }),
    ]
}

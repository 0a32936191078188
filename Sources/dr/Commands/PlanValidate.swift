import ArgumentParser
import Documents
import FoundationEssentials
import Kubernetes
import Operations
import RecoveryPlan

struct PlanValidate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate", abstract: "Check the plans for errors.",
        discussion: """
            Reports every error with its file, line and column, and runs nothing. Exit code 2: a plan has an error. \
            Warnings, such as a program that is not installed on this machine, do not count. A built-in plan for \
            components that this stack does not have counts only if it is named. With --cluster, exit code 1: a \
            cluster of the plan does not fit.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var parameters: PlanParameters

    @Flag(
        name: .long,
        help: """
            Also check the plan's Kubernetes clusters: reachable, permissions, a server-side dry run of the manifests, \
            storage classes, quotas, namespaces that are terminating.
            """)
    var cluster = false

    @Argument(help: "Name or alias of the scenario (default: all).")
    var scenario: String?

    func validate() throws {
        if cluster, scenario == nil { throw ValidationError("--cluster needs a scenario") }
        if scenario == nil, !parameters.assignments.isEmpty {
            throw ValidationError("--param needs a scenario: plans have different parameters")
        }
    }

    func run() async throws {
        let session = try Session(options)
        let library = try session.planLibrary()
        let entries = try scenario.map { [try library.entry(for: $0)] } ?? library.entries
        let scope = session.planScope(.look, overrides: try parameters.values())
        var reports = entries.map { entry -> Report in
            let review = PlanReview(entry.text, in: scope, session.planSurroundings())
            let lacks = scenario == nil ? review.lacking(of: entry) : []
            let findings = lacks.isEmpty ? review.findings : review.findings.filter { $0.severity != .error }
            return Report(scenario: entry.scenario, file: entry.text.file, lacks: lacks, findings)
        }
        if scenario == nil {
            for (file, complaints) in Dictionary(grouping: library.complaints, by: \.location.file).sorted(by: {
                $0.key < $1.key
            }) {
                reports.append(Report(scenario: nil, file: file, complaints.map { Finding(.error, $0) }))
            }
        }
        var clusterFindings: [ClusterFinding]?
        if cluster, let entry = entries.first, reports.allSatisfy(\.isValid),
            let plan = PlanReview(entry.text, in: scope, session.planSurroundings()).plan
        {
            let preflight = PlanPreflight(plan: plan, context: session.preflightContext(for: plan))
            let findings = try await preflight.run()
            if !preflight.usesCluster {
                Output(options: options).note("\(entry.scenario): the plan uses no cluster, so none was checked")
            }
            clusterFindings = findings
            reports[0].add(findings)
        }
        try Output(options: options).result(Result(plans: reports)) {
            reports.map(\.text).joined(separator: "\n")
        }
        if reports.contains(where: { !$0.isValid }) {
            throw clusterFindings?.hasErrors == true ? ExitStatus.failed : ExitStatus.usage
        }
    }

    struct Result: Encodable {
        var plans: [Report]
    }

    struct Report: Encodable {
        var scenario: String?
        var file: String
        var isValid: Bool
        /// Components that this built-in plan needs and this stack does not have.
        var lacks: [String]
        var findings: [Item]

        init(scenario: String?, file: String, lacks: [String] = [], _ findings: [Finding]) {
            self.scenario = scenario
            self.file = file
            self.lacks = lacks
            self.findings = findings.map(Item.init)
            isValid = !findings.contains { $0.severity == .error }
        }

        /// Adds the findings on the plan's clusters.
        mutating func add(_ found: [ClusterFinding]) {
            findings += found.map { finding in
                Item(
                    Finding(
                        finding.severity == .error ? .error : .warning,
                        Diagnostic(Location(file: file), finding.words, hint: finding.hint)))
            }
            isValid = isValid && !found.hasErrors
        }

        struct Item: Encodable {
            var severity: Finding.Severity
            /// From 1; 0 for the file as a whole.
            var line: Int
            var column: Int
            var message: String
            var hint: String?

            init(_ finding: Finding) {
                severity = finding.severity
                line = finding.diagnostic.location.line
                column = finding.diagnostic.location.column
                message = finding.diagnostic.message
                hint = finding.diagnostic.hint
            }
        }

        var text: String {
            let lines = findings.map { item in
                let place = item.line == 0 ? file : "\(file):\(item.line):\(item.column)"
                let hint = item.hint.map { "\n  hint: \($0)" } ?? ""
                return "\(place): \(item.severity): \(item.message)\(hint)"
            }
            let verdict =
                lacks.isEmpty
                ? isValid ? "valid" : "INVALID" : "not for this stack, which has no \(lacks.joined(separator: ", "))"
            return (lines + ["\(scenario ?? file): \(verdict)"]).joined(separator: "\n")
        }
    }
}

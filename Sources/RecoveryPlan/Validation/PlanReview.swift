package import Documents

/// The findings on a plan before it runs: its references, its longest duration, and the programs this machine lacks.
///
/// ``PlanText/read(in:)`` reports the errors that the plan's text alone shows.
package struct PlanReview: Sendable {
    /// The environment that the plan runs in.
    package struct Surroundings: Sendable {
        /// Names of the configured components.
        package var components: [String]
        /// Names of the available checks; nil if they are not known.
        package var checks: [String]?
        /// The environment of programs, including `PATH`.
        package var environment: [String: String]
        /// The folder of the configuration, in which programs run.
        package var folder: String?
        /// The configuration's RTO, for a plan that does not set one.
        package var rto: Period?

        package init(
            components: [String], checks: [String]?, environment: [String: String], folder: String? = nil,
            rto: Period? = nil
        ) {
            self.components = components
            self.checks = checks
            self.environment = environment
            self.folder = folder
            self.rto = rto
        }
    }

    /// The plan, if it could be read. It can run if ``errors`` is empty.
    package private(set) var plan: Plan?
    /// In the order of the file.
    package private(set) var findings: [Finding] = []

    package init(_ text: PlanText, in scope: PlanScope, _ surroundings: Surroundings) {
        do throws(DocumentError) {
            let plan = try text.read(in: scope)
            self.plan = plan
            let survey = PlanSurvey(plan: plan, file: text.file, surroundings)
            findings = survey.findings.sorted { $0.diagnostic.location < $1.diagnostic.location }
        } catch {
            findings = error.diagnostics.map { Finding(.error, $0) }
        }
    }

    package var errors: [Diagnostic] { findings.filter { $0.severity == .error }.map(\.diagnostic) }

    /// The components that the stack lacks, if the plan has no other error: the plan is for another stack.
    ///
    /// Empty if the plan can run, or has other errors.
    package var lacking: [String] {
        let absent = errors.map(\.absent)
        return absent.contains(nil) ? [] : Set(absent.compactMap { $0 }).sorted()
    }

    /// Returns the plan if it can run.
    /// - Throws: `DocumentError` with every error.
    package func checked() throws(DocumentError) -> Plan {
        guard let plan, errors.isEmpty else { throw DocumentError(errors) }
        return plan
    }
}

/// One finding of a review.
package struct Finding: Equatable, Sendable {
    package enum Severity: String, Codable, Sendable {
        /// The plan cannot run.
        case error
        /// The plan may still work, for example on another machine.
        case warning
    }

    package var severity: Severity
    package var diagnostic: Diagnostic

    package init(_ severity: Severity, _ diagnostic: Diagnostic) {
        self.severity = severity
        self.diagnostic = diagnostic
    }
}

extension Location: Comparable {
    package static func < (left: Self, right: Self) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

package import Documents

/// All that can be said against a plan before it is run: what it refers to, how long it may take, what this machine
/// lacks. What a plan's text alone can tell is found when it is read, see ``PlanText/read(in:)``.
package struct PlanReview: Sendable {
    /// What the plan meets when it is run.
    package struct Surroundings: Sendable {
        /// Names of the configured components.
        package var components: [String]
        /// Names of the checks that there are; nil where nobody knows.
        package var checks: [String]?
        /// The environment that programs get, `PATH` with it.
        package var environment: [String: String]
        /// The folder of the configuration: programs run there.
        package var folder: String?
        /// The configuration's objective, for a plan that has none of its own.
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

    /// The plan, where it could be read; it may be run where ``errors`` is empty.
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

    /// Components that the stack would have to have, where nothing else is wrong with the plan: it is one for another
    /// stack. Empty where it can be run, and where it is wrong anywhere.
    package var lacking: [String] {
        let absent = errors.map(\.absent)
        return absent.contains(nil) ? [] : Set(absent.compactMap { $0 }).sorted()
    }

    /// - Returns: the plan, fit to be run.
    /// - Throws: `DocumentError` with every error.
    package func checked() throws(DocumentError) -> Plan {
        guard let plan, errors.isEmpty else { throw DocumentError(errors) }
        return plan
    }
}

/// One thing that a review found.
package struct Finding: Equatable, Sendable {
    package enum Severity: String, Codable, Sendable {
        /// The plan is refused.
        case error
        /// It may still work, on another machine for one.
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

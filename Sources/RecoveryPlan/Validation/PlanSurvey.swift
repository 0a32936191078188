internal import Documents
internal import FoundationEssentials
internal import Platform

/// Finds errors and warnings in a plan that could be read, including its skipped steps.
struct PlanSurvey {
    let plan: Plan
    let file: String
    let surroundings: PlanReview.Surroundings

    init(plan: Plan, file: String, _ surroundings: PlanReview.Surroundings) {
        self.plan = plan
        self.file = file
        self.surroundings = surroundings
    }

    var findings: [Finding] {
        let steps = plan.steps.flatMap { step in step.actions.flatMap { findings(on: $0, in: step, isUsed: true) } }
        let leftOut = plan.leftOut.flatMap { left in
            left.step.actions.flatMap { findings(on: $0, in: left.step, isUsed: false) }
        }
        return steps + leftOut + time + name + unknownChecks(plan.checks, at: Location(file: file))
    }

    // MARK: References of actions

    /// - Parameter isUsed: true if the step belongs to this run. Components and programs of other steps may be missing.
    private func findings(on action: AnyAction, in step: Step, isUsed: Bool) -> [Finding] {
        switch action.action {
        case let wait as WaitAction:
            wait.condition.map { findings(on: $0, in: step, isUsed: isUsed) } ?? []
        case let restore as RestoreAction where isUsed: unknownComponent(restore.component, at: action.location)
        case let check as CheckAction: unknownChecks(check.names, at: action.location)
        case let kubectl as KubectlAction:
            kubectl.isWithinGiven && kubectl.within.duration > step.timeout.duration
                ? [tooLate(kubectl, in: step, at: action.location)] : []
        case let thaw as ThawAction:
            tooShort(thaw.request.tier, in: step, at: action.location)
                + (isUsed ? thaw.request.components.flatMap { unknownComponent($0, at: action.location) } : [])
        case let run as RunAction:
            shellReferences(run, at: action.location) + (isUsed ? missingProgram(run, at: action.location) : [])
        default: []
        }
    }

    /// A time limit that the step's time-out always ends first.
    private func tooLate(_ kubectl: KubectlAction, in step: Step, at location: Location) -> Finding {
        Finding(
            .warning,
            Diagnostic(
                location, "'within' is \(kubectl.within), but the step's time-out of \(step.timeout) ends it first",
                hint: "lower 'within', or raise 'timeout'"))
    }

    /// A thaw that the step's time-out usually ends first.
    private func tooShort(_ tier: ThawRequest.Tier, in step: Step, at location: Location) -> [Finding] {
        guard step.timeout.duration < tier.usualTime.duration else { return [] }
        return [
            Finding(
                .warning,
                Diagnostic(
                    location,
                    "a thaw at speed \(tier.rawValue) takes up to \(tier.usualTime) in class GLACIER, but the step's "
                        + "time-out of \(step.timeout) ends it first",
                    hint: "set the step's 'timeout' to more; DEEP_ARCHIVE takes up to 12h, with Bulk 48h"))
        ]
    }

    private func unknownComponent(_ name: String, at location: Location) -> [Finding] {
        guard !isOpen(name), !surroundings.components.contains(name) else { return [] }
        return [Finding(.error, .noComponent(name, at: location, among: surroundings.components))]
    }

    private func unknownChecks(_ names: [String], at location: Location) -> [Finding] {
        guard let known = surroundings.checks else { return [] }
        return names.filter { !isOpen($0) && !known.contains($0) }.map { name in
            Finding(
                .error,
                Diagnostic(location, "there is no check '\(name)'\(Spelling.advice(for: name, among: known))"))
        }
    }

    private func missingProgram(_ run: RunAction, at location: Location) -> [Finding] {
        guard let name = run.words.first, !isOpen(name) else { return [] }
        var environment = surroundings.environment
        if let path = run.environment["PATH"] {
            // A secret is resolved only when the plan runs.
            guard case .text(let text) = path, !isOpen(text) else { return [] }
            environment["PATH"] = text
        }
        let folder = run.directory ?? surroundings.folder
        guard !isOpen(folder ?? "") else { return [] }
        let complaint: String
        switch Program.search(name, environment: environment, in: folder) {
        case .found: return []
        case .denied(let path): complaint = "this user is not allowed to run '\(path)'"
        case .missing where name.contains("/"): complaint = "there is no program '\(name)' on this machine"
        case .missing: complaint = "'\(name)' is not in the PATH"
        }
        return [
            Finding(
                .warning,
                Diagnostic(location, complaint, hint: "install it on the machine that runs the plan"))
        ]
    }

    /// Warns of `${name}` in a script, which is the shell's own variable there, and probably empty.
    private func shellReferences(_ run: RunAction, at location: Location) -> [Finding] {
        guard let script = run.shell else { return [] }
        return plan.declared.map(\.name).filter { script.contains("${\($0)}") }.map { name in
            Finding(
                .warning,
                Diagnostic(
                    location, "'${\(name)}' in a shell script is the shell's variable, not the parameter",
                    hint: "write $DR_PARAM_\(name.uppercased())"))
        }
    }

    /// Returns true if the value is not known yet, see ``PlanScope/Purpose``.
    private func isOpen(_ text: String) -> Bool { text.contains("${") }

    // MARK: The plan as a whole

    /// Reports a plan whose own time-outs and retries allow it to exceed its RTO.
    private var time: [Finding] {
        guard let rto = plan.objectives.rto ?? surroundings.rto else { return [] }
        let path = StepGraph(plan.steps).criticalPath { Double($0.longestDuration) }
        let (seconds, allowed) = (Int(clamping: path.length), Int(clamping: rto.duration.components.seconds))
        guard seconds > allowed, let first = path.steps.first else { return [] }
        let location = plan.steps.first { $0.id == first }?.location ?? Location(file: file)
        return [
            Finding(
                .error,
                Diagnostic(
                    location,
                    "with its time-outs and retries \(path.steps.joined(separator: " → ")) may take "
                        + "\(Period.seconds(seconds)), which exceeds the RTO of \(rto)",
                    hint: "lower 'timeout' or 'retry' on this path, or run steps concurrently"))
        ]
    }

    /// Warns if the file name is not a name of the plan: operators look for a plan by its file name.
    private var name: [Finding] {
        let stem = URL(filePath: file).deletingPathExtension().lastPathComponent
        guard !plan.names.contains(stem) else { return [] }
        return [
            Finding(
                .warning,
                Diagnostic(
                    Location(file: file), "the file is not named after its scenario",
                    hint: "rename it to \(plan.scenario).yaml, or add the alias '\(stem)'"))
        ]
    }
}

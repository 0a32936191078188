internal import FoundationEssentials
internal import Platform
internal import Components
internal import RecoveryPlan

/// The evidence as texts and widths for the templates, which contain no logic.
struct ReportView {
    struct Fact { var name: String, value: String }
    struct Bar {
        var id: String, outcome: String, attempts: Int, seconds: String, forecast: String, summary: String
        /// The percentage of the drawing's width.
        var left: String, width: String
        var tone: String, isBad: Bool, isQuiet: Bool
        /// The seconds as a plain number.
        var time: String
    }
    struct Check {
        var name: String, component: String, verdict: String, measured: String, target: String, detail: String
        var tone: String, isBad: Bool, isQuiet: Bool
        var time: String
    }
    struct Loss { var component: String, newest: String, loss: String }
    struct Moment { var name: String, what: String, moment: String }
    struct Control {
        var standard: String, control: String, asks: String, parts: String
        var verdict: String, tone: String, reason: String, shown: String, due: String
    }

    var title: String
    var verdict: String
    var tone: String
    var reasons: [String]
    var facts: [Fact]
    var moments: [Moment]
    var times: [Fact]
    var losses: [Loss]
    var lossFacts: [Fact]
    var bars: [Bar]
    /// The position of the RTO in the drawing in percent; nil if it lies outside or there is none.
    var limit: String?
    var limitText: String
    var checks: [Check]
    var negative: NegativeControl?
    var negativeVerdict: String
    var negativeExpected: String
    var negativeRed: String
    var negativeWhy: [String]
    var liveStack: [Fact]
    var hasLiveStack: Bool
    var deviations: [String]
    var hasDeviations: Bool
    var actions: [CorrectiveAction]
    var hasActions: Bool
    var segregation: [Fact]
    var hasSegregation: Bool
    var controls: [Control]
    /// False for reports of schema 1, whose controls are labels.
    var hasVerdicts: Bool
    var isGood: Bool
    var stepCount: Int, failedSteps: Int, skippedSteps: Int
    var checkCount: Int, failedChecks: Int, skippedChecks: Int
    var failedVerdict: Int
    var testCount: Int, failureCount: Int, skippedCount: Int
    var head: String
    var lineCount: Int
    var digest: String

    /// - Parameter digest: the SHA-256 of the evidence's document.
    init(_ evidence: Evidence, digest: String) {
        let subject = evidence.subject
        title = "\(evidence.kind == .drill ? "Drill" : "Recovery") of \(subject.stack): \(subject.scenario)"
        verdict = evidence.verdict.rawValue
        tone = evidence.verdict.tone
        reasons = evidence.reasons
        facts = [
            Fact(name: "Run", value: subject.run), Fact(name: "Procedure", value: subject.procedure ?? "-"),
            Fact(name: "Components", value: subject.components.joined(separator: ", ")),
            Fact(name: "Backup set", value: subject.set), Fact(name: "Set SHA-256", value: subject.setDigest),
        ]
        if let sets = subject.sets {
            let parts = sets.sorted { $0.key < $1.key }.map { "\($0.key) from \($0.value)" }
            facts.append(Fact(name: "Sets by component", value: parts.joined(separator: ", ")))
            let digests = (subject.setDigests ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
            facts.append(Fact(name: "SHA-256 of these sets", value: digests.joined(separator: ", ")))
        }
        facts += [
            Fact(name: "Plan SHA-256", value: subject.planDigest)
        ]
        if let change = subject.planChange {
            facts.append(Fact(name: "Plan since run \(change.run)", value: change.summary))
        }
        facts += [
            Fact(
                name: "Parameters",
                value: subject.parameters.isEmpty
                    ? "-" : subject.parameters.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }.joined(separator: ", ")),
            Fact(name: "Run by", value: "\(subject.person) on \(subject.host)"),
            Fact(name: "Tool", value: subject.tool),
        ]
        if let ledger = evidence.ledger?.number { facts.append(Fact(name: "Ledger entry", value: "\(ledger)")) }
        if let lottery = evidence.lottery { facts.append(Fact(name: "Drawn at random", value: lottery.text)) }
        if let review = evidence.review {
            facts.append(Fact(name: "Reviewed by", value: "\(review.by), \(review.at)"))
        }
        if let bare = subject.bare { facts.append(Fact(name: "Bare environment", value: bare.text)) }
        moments = evidence.clocks.named.map { Moment(name: $0.name, what: $0.what, moment: $0.moment ?? "-") }
        times = Self.times(evidence.rto)
        losses = evidence.rpo.components.map {
            Loss(component: $0.component, newest: $0.newest ?? "not validated", loss: Spell.seconds($0.loss))
        }
        lossFacts = [
            Fact(name: "Allowed", value: Spell.seconds(evidence.rpo.allowed)),
            Fact(name: "Worst", value: Spell.seconds(evidence.rpo.worst)),
            Fact(name: "Skew", value: Spell.seconds(evidence.rpo.skew)),
            Fact(name: "Met", value: Spell.met(evidence.rpo.met)),
        ]
        let axis = TimelineAxis(evidence)
        bars = evidence.steps.map { Bar($0, axis) }
        limit = axis.limit.map { Spell.percent($0) }
        limitText = evidence.rto.allowed.map { "RTO: \(Spell.seconds($0))" } ?? "no RTO"
        checks = evidence.checks.map(Check.init)
        negative = evidence.negativeControl
        negativeVerdict = evidence.negativeControl.map { $0.noticed ? "detected" : "NOT detected" } ?? ""
        negativeExpected = evidence.negativeControl?.expected.joined(separator: ", ") ?? ""
        negativeRed = evidence.negativeControl?.red.joined(separator: ", ") ?? ""
        negativeWhy = evidence.negativeControl?.why ?? []
        liveStack =
            evidence.liveStack?.components.map {
                Fact(
                    name: $0.component,
                    value: $0.before == $0.after ? "unchanged" : "CHANGED: \($0.before), now \($0.after)")
            } ?? []
        hasLiveStack = !liveStack.isEmpty
        deviations = evidence.deviations
        hasDeviations = !deviations.isEmpty
        actions = evidence.correctiveActions
        hasActions = !actions.isEmpty
        controls = evidence.controls.map {
            Control(
                standard: $0.standard, control: $0.control, asks: $0.asks,
                parts: $0.parts?.joined(separator: ", ") ?? "", verdict: $0.verdict?.rawValue ?? "",
                tone: $0.verdict?.tone ?? "", reason: $0.reason ?? "", shown: $0.lastShown ?? "-",
                due: $0.nextDue ?? "-")
        }
        hasVerdicts = evidence.schema != Evidence.firstSchema
        segregation = evidence.segregation.map(Self.facts) ?? []
        hasSegregation = !segregation.isEmpty
        isGood = evidence.verdict == .passed
        failedVerdict = isGood ? 0 : 1
        (stepCount, failedSteps, skippedSteps) = (bars.count, bars.count(where: \.isBad), bars.count(where: \.isQuiet))
        (checkCount, failedChecks, skippedChecks) = (
            checks.count, checks.count(where: \.isBad), checks.count(where: \.isQuiet)
        )
        testCount = stepCount + checkCount + 1
        failureCount = failedSteps + failedChecks + failedVerdict
        skippedCount = skippedSteps + skippedChecks
        head = evidence.journal.head
        lineCount = evidence.journal.lines.count
        self.digest = digest
    }

    private static func facts(_ segregation: Segregation) -> [Fact] {
        [Fact(name: "Verdict", value: segregation.verdict.rawValue)]
            + segregation.reasons.map { Fact(name: "Reason", value: $0) }
            + [Fact(name: "Run", value: segregation.run.text)]
            + segregation.sources.sorted { $0.key < $1.key }.map {
                Fact(name: "Backup set \($0.key)", value: $0.value.text)
            }
    }

    private static func times(_ rto: TimeObjective) -> [Fact] {
        var facts = [
            Fact(name: "Allowed, since \(rto.from)", value: Spell.seconds(rto.allowed)),
            Fact(name: "Since declared", value: Spell.seconds(rto.sinceDeclared)),
            Fact(name: "Since failed", value: Spell.seconds(rto.sinceFailed)),
            Fact(name: "Since started", value: Spell.seconds(rto.sinceStarted)),
        ]
        facts.append(Fact(name: "Forecast", value: Spell.range(rto.forecast)))
        if let error = rto.forecastError, let forecast = rto.forecast {
            facts.append(Fact(name: "Forecast error", value: Spell.error(error, forecast)))
        }
        facts.append(Fact(name: "Met", value: Spell.met(rto.met)))
        return facts
    }
}

extension ReportView.Bar {
    fileprivate init(_ step: StepEvidence, _ axis: TimelineAxis) {
        id = step.id
        outcome = step.outcome
        attempts = step.attempts
        seconds = Spell.seconds(step.seconds)
        forecast = Spell.range(step.forecast)
        summary = step.summary ?? ""
        left = Spell.percent(axis.position(step.began ?? 0))
        width = Spell.percent(max(0.003, axis.position(step.seconds ?? 0)))
        tone =
            switch step.outcome {
            case "done": "good"
            case "skipped", "not begun": "quiet"
            default: "bad"
            }
        isBad = tone == "bad"
        isQuiet = tone == "quiet"
        time = Spell.plain(step.seconds ?? 0)
    }
}

extension ReportView.Check {
    fileprivate init(_ result: CheckResult) {
        name = result.name
        component = result.component ?? ""
        verdict = result.verdict == .failed && !result.isCritical ? "warning" : result.verdict.rawValue
        measured = result.measured
        target = result.target
        detail = result.detail ?? ""
        tone =
            switch result.verdict {
            case .passed: "good"
            case .skipped: "quiet"
            case .failed: "bad"
            }
        // A failed check that is not critical is a warning.
        isBad = result.verdict == .failed && result.isCritical
        isQuiet = result.verdict == .skipped
        time = Spell.plain(result.seconds)
    }
}

extension Evidence.Verdict {
    fileprivate var tone: String {
        switch self {
        case .passed: "good"
        case .late, .partial: "warn"
        case .failed, .inconclusive: "bad"
        }
    }
}

extension ControlFinding.Verdict {
    fileprivate var tone: String {
        switch self {
        case .met: "good"
        case .inPart: "warn"
        case .notShown: "quiet"
        }
    }
}

/// The drawing's time axis: as long as the run and, unless it is far longer, the RTO.
private struct TimelineAxis {
    private let length: Double
    /// The fraction of the axis.
    let limit: Double?

    init(_ evidence: Evidence) {
        let end = evidence.steps.map { ($0.began ?? 0) + ($0.seconds ?? 0) }.max() ?? 0
        let run = max(end, evidence.rto.sinceStarted ?? 0, 0.001)
        // The drawing starts with the run, so the part of the RTO that passed before is subtracted.
        let before =
            evidence.rto.judged.flatMap { judged in evidence.rto.sinceStarted.map { max(0, judged - $0) } } ?? 0
        let allowed = evidence.rto.allowed.map { max(0, $0 - before) }
        if let allowed, allowed < run * 6 {
            length = max(run, allowed) * 1.02
            limit = allowed / length
        } else {
            length = run
            limit = nil
        }
    }

    func position(_ seconds: Double) -> Double { min(1, max(0, seconds / length)) }
}

/// Formats numbers as text.
enum Spell {
    static func seconds(_ seconds: Double?) -> String {
        guard let seconds else { return "-" }
        if seconds < 0 { return "-" + self.seconds(-seconds) }
        if seconds < 10 { return Units.fixed(seconds, 2) + " s" }
        if seconds < 120 { return Units.fixed(seconds, 1) + " s" }
        let whole = Int(clamping: seconds.rounded())
        let (hours, minutes) = (whole / 3600, whole / 60 % 60)
        if hours >= 48 { return "\(hours / 24) d \(hours % 24) h" }
        return hours > 0 ? "\(hours) h \(minutes) min" : "\(minutes) min \(whole % 60) s"
    }

    static func range(_ range: TimeForecast?) -> String {
        guard let range else { return "no data" }
        guard !range.isLowerBound else {
            return "at least \(seconds(range.low)) (\(range.samples > 0 ? "rehearsal" : "waits of the plan"))"
        }
        guard range.samples > 0 else { return "\(seconds(range.expected)) (waits of the plan)" }
        guard range.hasRange else { return "\(seconds(range.expected)) (one sample, no range)" }
        return "\(seconds(range.expected)) (\(seconds(range.low)) to \(seconds(range.high)), "
            + "\(range.samples) sample\(range.samples == 1 ? "" : "s"))"
    }

    /// The error of a forecast, as a share of it, and the narrowest band that contains the measured time.
    static func error(_ error: Double, _ forecast: TimeForecast) -> String {
        let actual = forecast.expected + error
        var words = (error < 0 ? "" : "+") + seconds(error)
        if forecast.expected > 0 {
            words += " (\(error < 0 ? "" : "+")\(Units.fixed(error / forecast.expected * 100, 0)) %)"
        }
        guard let band50 = forecast.band50, let band90 = forecast.band90 else { return words }
        return words
            + (band50.contains(actual)
                ? ", in the 50 % band" : band90.contains(actual) ? ", in the 90 % band" : ", outside the 90 % band")
    }

    static func plain(_ seconds: Double) -> String { Units.fixed(seconds, 3) }

    static func met(_ met: Bool?) -> String { met.map { $0 ? "yes" : "NO" } ?? "not judged" }

    static func percent(_ fraction: Double) -> String { Units.fixed(fraction * 100, 2) }
}

extension Lottery {
    /// The drawn values and the chosen ones, and the seed.
    fileprivate var text: String {
        let drawn = draws.filter { ["set", "fault"].contains($0.purpose.split(separator: " ").first ?? "") }
        var last: [String: String] = [:]
        for draw in drawn { last[String(draw.purpose.prefix { $0 != " " })] = draw.result }
        let parts =
            last.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            + (chosen ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key) \($0.value) (chosen, not drawn)" }
        return (parts + ["seed \(seed)"]).joined(separator: ", ")
    }
}

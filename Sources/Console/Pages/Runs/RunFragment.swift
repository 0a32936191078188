import Operations
import Platform
import RecoveryPlan

/// The part of a run's page that changes while the run works. The live page replaces it as a whole.
struct RunFragment {
    private struct View {
        struct Fact {
            var name: String
            var value: String
            var tone = ""
        }

        struct Step {
            var id: String
            var wave: String
            var tone: String
            var word: String
            var status: NoteText
            var about: String?
            var needs: String
            var usual: String
            var isCritical: Bool
        }

        struct Transfer {
            var component: String
            var phase: String
            var text: String
            var rate: String
            var left: String
            /// Percent; nil if the whole is not known.
            var share: Int?
        }

        struct Line {
            var time: String
            var text: String
            var tone: String
        }

        var badge: String
        var tone: String
        var headline: String
        var news: NoteText?
        var reasons: [NoteText]
        var facts: [Fact]
        var graph: String?
        var noGraph: String?
        var path: String?
        var steps: [Step]
        var moreSteps: String?
        var burnDown: String?
        var burnDownText: String
        var transfers: [Transfer]
        var hasTransfers: Bool
        var checks: String?
        var log: [Line]
        var withheld: NoteText?
    }

    static func html(_ entry: LiveRuns.Entry) throws -> String { try template.render(view(entry)) }

    /// The state in one sentence, for the status line that a screen reader speaks.
    static func sentence(_ entry: LiveRuns.Entry) -> String {
        let run = entry.run
        let running = run.steps.filter(\.state.isActive).map(\.id)
        var text = "\(RunWords.badge(entry).word), \(run.count(.done)) of \(run.steps.count + run.moreSteps) steps done"
        if !running.isEmpty { text += "; now \(running.prefix(4).joined(separator: ", "))" }
        return text
    }

    // MARK: View

    private static func view(_ entry: LiveRuns.Entry) -> View {
        let run = entry.run
        let badge = RunWords.badge(entry)
        let graph = run.hasGraph && !run.steps.isEmpty ? RunGraphPicture.svg(run) : nil
        let path = run.criticalPath
        return View(
            badge: badge.word, tone: badge.tone, headline: headline(run), news: news(entry).map(NoteText.init),
            reasons: run.end?.reasons.map(NoteText.init) ?? [],
            facts: facts(entry), graph: graph,
            noGraph: graph == nil ? "The journal of this run does not record which steps need which." : nil,
            path: run.end == nil && run.hasGraph && path.count > 1 ? pathText(path) : nil,
            steps: steps(run),
            moreSteps: run.moreSteps > 0 ? "and \(Units.count(run.moreSteps, "more step"))" : nil,
            burnDown: BurnDownPicture.svg(run), burnDownText: burnDownText(run),
            transfers: run.transfers.map(transfer), hasTransfers: !run.transfers.isEmpty, checks: checks(run),
            log: run.log.reversed().map { line in
                View.Line(time: RunWords.duration(line.seconds), text: line.text, tone: line.isUrgent ? "warn" : "")
            },
            withheld: run.withholdsTexts
                ? NoteText(
                    "Backups in this store are encrypted, and this console has no key: the copy in the store shows "
                        + "states and times, no messages. The journal on \(run.host) has them.") : nil)
    }

    /// The most steps of a critical path that the page names.
    private static let mostOnPath = 40

    private static func pathText(_ path: [String]) -> String {
        let rest = path.count - mostOnPath
        let more = rest > 0 ? " → and \(Units.count(rest, "step"))" : ""
        return path.prefix(mostOnPath).joined(separator: " → ") + more
    }

    private static func headline(_ run: WatchedRun) -> String {
        let parts = [RunBoard.timeLeft(run), RunBoard.outlook(run)].compactMap { $0 }
        guard run.end == nil else { return "after \(RunWords.duration(run.elapsed))" }
        return parts.isEmpty ? "running for \(RunWords.duration(run.elapsed))" : parts.joined(separator: ", ")
    }

    private static func news(_ entry: LiveRuns.Entry) -> String? {
        let run = entry.run
        switch entry.news {
        case .ended, .current: return nil
        case .died:
            return "The process of this run no longer exists, and its journal has no end: it was killed. "
                + (run.isDrill ? "A drill cannot be resumed." : "Resume it on \(run.host) with --resume \(run.id).")
        case .silent(let seconds):
            return "No news since \(RunWords.moment(run.heardAt)), \(RunWords.duration(seconds)) ago. "
                + "The run may go on without a connection to the store, or it was killed. The times below are computed. "
                + "Look at \(run.host)."
        }
    }

    private static func facts(_ entry: LiveRuns.Entry) -> [View.Fact] {
        let run = entry.run
        var facts: [View.Fact] = []
        if let rto = run.rto, let left = run.rtoLeft {
            let allowed = RunWords.duration(rto)
            facts.append(
                left >= 0
                    ? .init(name: "Time left", value: "\(RunWords.duration(left)) of \(allowed)")
                    : .init(name: "RTO exceeded by", value: "\(RunWords.duration(-left)) of \(allowed)", tone: "bad"))
        }
        if let remaining = run.remaining {
            let value = (run.unknown > 0 ? "at least " : "about ") + RunWords.duration(remaining)
            facts.append(.init(name: "Forecast to go", value: value, tone: (run.spare ?? 0) < 0 ? "warn" : ""))
        }
        facts.append(.init(name: run.end == nil ? "Running for" : "Took", value: RunWords.duration(run.elapsed)))
        let total = run.steps.count.addingClamped(run.moreSteps)
        facts.append(.init(name: "Steps done", value: "\(run.count(.done)) of \(total)"))
        let lost = run.count(.failed) + run.count(.skipped)
        if lost > 0 { facts.append(.init(name: "Failed or skipped", value: "\(lost)", tone: "bad")) }
        facts.append(.init(name: "Restores", value: run.sets))
        let person = run.person.isEmpty ? "" : "\(run.person) on "
        facts.append(.init(name: "Run by", value: "\(person)\(run.host), process \(run.process)"))
        facts.append(.init(name: "Started", value: RunWords.moment(run.startedAt)))
        return facts
    }

    private static func steps(_ run: WatchedRun) -> [View.Step] {
        let critical = Set(run.end == nil ? run.criticalPath : [])
        let words = RunWords(run)
        return run.waves.enumerated().flatMap { wave, steps in
            steps.map { index in
                let step = run.steps[index]
                return View.Step(
                    id: step.id, wave: run.hasGraph ? "\(wave + 1)" : "", tone: RunWords.tone(step.state),
                    word: RunWords.word(step.state), status: NoteText(words.status(step)),
                    about: step.about,
                    needs: step.needs.isEmpty ? "–" : RunWords.list(step.needs),
                    usual: step.expected.map { (step.isUntimed ? "at least " : "") + RunWords.duration($0) } ?? "–",
                    isCritical: critical.contains(step.id))
            }
        }
    }

    private static func transfer(_ transfer: WatchedTransfer) -> View.Transfer {
        var text = "–"
        var share: Int?
        if transfer.totalBytes > 0 {
            text = "\(Units.bytes(transfer.bytes)) of \(Units.bytes(transfer.totalBytes))"
            share = Int(clamping: Double(min(transfer.bytes, transfer.totalBytes)) * 100 / Double(transfer.totalBytes))
        } else if transfer.totalFiles > 0 {
            text = "\(transfer.files) of \(transfer.totalFiles) files"
            share = Int(clamping: Double(min(transfer.files, transfer.totalFiles)) * 100 / Double(transfer.totalFiles))
        }
        return View.Transfer(
            component: transfer.component, phase: transfer.phase.isEmpty ? "restoring" : transfer.phase, text: text,
            rate: transfer.rate.map { "\(Units.bytes(Int(clamping: $0)))/s" } ?? "–",
            left: transfer.secondsLeft.map(RunWords.duration) ?? "–", share: share)
    }

    private static func burnDownText(_ run: WatchedRun) -> String {
        if run.rto == nil, run.burnDown.isEmpty {
            return "There is no RTO and no earlier run of this plan, so there is nothing to compare."
        }
        return [
            run.rto == nil ? "No RTO is configured" : "The falling line is the time left of the RTO",
            run.burnDown.isEmpty
                ? "no earlier run shows how long the steps take"
                : "the other line is the forecast of what is left to do",
        ].joined(separator: "; ") + "."
    }

    private static func checks(_ run: WatchedRun) -> String? {
        guard run.checksPassed + run.checksFailed > 0 else { return nil }
        let failed = run.failedChecks.isEmpty ? "" : ": \(run.failedChecks.joined(separator: ", "))"
        return "\(run.checksPassed) passed, \(run.checksFailed) failed\(failed)"
    }

    private static let template = Template(
        """
        <p class="r-head"><span class="r-badge {{tone}}">{{badge}}</span> <strong>{{headline}}</strong></p>
        {{#news}}<p class="r-note bad">{{{html}}}</p>{{/news}}
        {{#withheld}}<p class="r-note">{{{html}}}</p>{{/withheld}}
        {{#reasons}}<p class="r-note">{{{html}}}</p>{{/reasons}}
        <dl class="r-facts">
        {{#facts}}<div><dt>{{name}}</dt><dd class="{{tone}}">{{value}}</dd></div>{{/facts}}
        </dl>
        <section aria-labelledby="h-steps">
        <h2 id="h-steps">Steps</h2>
        {{#graph}}<div class="r-scroll r-card" id="graph" tabindex="0" role="group" aria-label="Graph of the steps, scrolls sideways">{{{.}}}</div>{{/graph}}
        {{#noGraph}}<p class="quiet">{{.}}</p>{{/noGraph}}
        {{#path}}<p><strong>Critical path:</strong> {{.}}</p>{{/path}}
        <div class="r-scroll" id="steps" tabindex="0" role="group" aria-label="Table of the steps">
        <table class="r-table stack-table"><caption class="hidden">Steps with their state, the steps that they need, and their usual duration</caption>
        <thead><tr><th scope="col">Step</th><th scope="col">Wave</th><th scope="col">State</th><th scope="col">Detail</th><th scope="col">Needs</th><th scope="col">Usually</th></tr></thead>
        <tbody>
        {{#steps}}<tr><th scope="row">{{id}}{{#isCritical}} <span class="r-critical">critical</span>{{/isCritical}}</th><td data-label="Wave">{{wave}}</td><td data-label="State"><span class="r-badge {{tone}}">{{word}}</span></td><td class="r-detail" data-label="Detail"><span>{{{status.html}}}</span>{{#about}}<br><span class="quiet">{{.}}</span>{{/about}}</td><td data-label="Needs">{{needs}}</td><td data-label="Usually">{{usual}}</td></tr>
        {{/steps}}
        </tbody></table>
        </div>
        {{#moreSteps}}<p class="quiet">{{.}}</p>{{/moreSteps}}
        </section>
        {{#hasTransfers}}
        <section aria-labelledby="h-transfers">
        <h2 id="h-transfers">Transfers</h2>
        <div class="r-scroll" id="transfers" tabindex="0" role="group" aria-label="Table of the transfers">
        <table class="r-table stack-table"><caption class="hidden">Restores that transfer data now</caption>
        <thead><tr><th scope="col">Component</th><th scope="col">Phase</th><th scope="col">Done</th><th scope="col">Rate</th><th scope="col">Left</th></tr></thead>
        <tbody>
        {{#transfers}}<tr><th scope="row">{{component}}</th><td data-label="Phase">{{phase}}</td><td data-label="Done"><span>{{text}}</span>{{#share}} <progress max="100" value="{{.}}" aria-label="Share done">{{.}} %</progress>{{/share}}</td><td data-label="Rate">{{rate}}</td><td data-label="Left">{{left}}</td></tr>
        {{/transfers}}
        </tbody></table>
        </div>
        </section>
        {{/hasTransfers}}
        <section aria-labelledby="h-burn">
        <h2 id="h-burn">Burn-down of the recovery time</h2>
        {{#burnDown}}<div class="r-scroll r-card" id="burn" tabindex="0" role="group" aria-label="Chart, scrolls sideways">{{{.}}}</div>{{/burnDown}}
        <p class="quiet">{{burnDownText}}</p>
        </section>
        {{#checks}}<section aria-labelledby="h-checks"><h2 id="h-checks">Checks</h2><p>{{.}}</p></section>{{/checks}}
        <section aria-labelledby="h-log">
        <h2 id="h-log">Log</h2>
        <div class="r-scroll r-card r-log" id="log" tabindex="0" role="group" aria-label="Log, the newest line first">
        <ol>
        {{#log}}<li class="{{tone}}"><time>{{time}}</time> {{text}}</li>
        {{/log}}
        </ol>
        </div>
        </section>
        """)
}

internal import Platform

extension WatchedRun {
    /// Returns the run with everything within its bounds: numbers that can be computed with, texts and lists that a page
    /// has room for, and names without control characters. A run from the store or from a journal is data from outside.
    package func bounded() -> WatchedRun {
        var run = self
        run.id = id.name
        run.stack = stack.name
        run.scenario = scenario.name
        run.sets = sets.text
        run.person = person.name
        run.host = host.name
        run.verdict = verdict?.name
        run.boot = boot.name
        run.tool = tool.name
        run.startedAt = startedAt.moment
        run.heardAt = heardAt.moment
        run.elapsed = elapsed.length
        run.rto = rto?.length
        run.rtoLead = rtoLead.length
        run.checksExpected = checksExpected?.length
        run.moreSteps = min(max(0, moreSteps), 1 << 30)
        if steps.count > Self.mostSteps {
            run.moreSteps = run.moreSteps.addingClamped(steps.count - Self.mostSteps)
        }
        run.steps = steps.prefix(Self.mostSteps).map(\.bounded)
        run.milestones = Array(milestones.prefix(8))
        run.checksPassed = min(max(0, checksPassed), 1 << 30)
        run.checksFailed = min(max(0, checksFailed), 1 << 30)
        run.failedChecks = failedChecks.prefix(Self.mostNeeds).map(\.name)
        run.end = end.map { RunEnd($0.verdict, reasons: $0.reasons.prefix(20).map(\.text)) }
        run.log = log.suffix(Self.mostLines).map {
            LogLine(seconds: $0.seconds.length, text: $0.text.text, isUrgent: $0.isUrgent)
        }
        run.burnDown = burnDown.suffix(Self.mostPoints).map {
            BurnPoint(seconds: $0.seconds.length, remaining: $0.remaining.length)
        }
        run.transfers = transfers.prefix(Self.mostTransfers).map(\.bounded)
        run.defects = defects.prefix(8).map(\.text)
        return run
    }

    /// Returns a copy without texts in which operators, servers and actions wrote names or values, for a store whose
    /// backups are encrypted: names of steps and components, states and times stay.
    package func withoutTexts() -> WatchedRun {
        var run = self
        run.withholdsTexts = true
        run.person = ""
        run.log = []
        run.failedChecks = []
        run.defects = []
        run.end = end.map { RunEnd($0.verdict, reasons: []) }
        for index in run.steps.indices {
            run.steps[index].about = nil
            run.steps[index].remark = nil
            run.steps[index].result = nil
        }
        return run
    }
}

extension WatchedStep {
    fileprivate var bounded: WatchedStep {
        var step = self
        step.id = id.name
        step.needs = needs.prefix(WatchedRun.mostNeeds).map(\.name)
        step.about = about?.text
        step.work = work?.text
        step.remark = remark?.text
        step.result = result?.text
        step.attempt = min(max(0, attempt), 1 << 30)
        step.failures = min(max(0, failures), 1 << 30)
        step.began = began?.length
        step.ended = ended?.length
        step.expected = expected?.length
        step.bytes = bytes.map { min(max(0, $0), 1 << 60) }
        return step
    }
}

extension WatchedTransfer {
    fileprivate var bounded: WatchedTransfer {
        var transfer = self
        func count(_ number: Int) -> Int { min(max(0, number), 1 << 60) }
        transfer.component = component.name
        transfer.phase = phase.name
        transfer.files = count(files)
        transfer.totalFiles = count(totalFiles)
        transfer.bytes = count(bytes)
        transfer.totalBytes = count(totalBytes)
        transfer.rate = rate.flatMap { $0.isFinite && $0 > 0 ? min($0, 1e15) : nil }
        return transfer
    }
}

extension Double {
    /// A span of at most ten years in seconds.
    fileprivate var length: Double { isFinite ? min(max(0, self), 315_576_000) : 0 }
    /// A time in seconds since 1970, up to the year 9999.
    fileprivate var moment: Double { isFinite ? min(max(0, self), 253_402_300_799) : 0 }
}

extension String {
    fileprivate var name: String { clipped(to: WatchedRun.longestName) }
    fileprivate var text: String { clipped(to: WatchedRun.longestText) }

    private func clipped(to most: Int) -> String {
        // Most texts are short; a scalar may take four bytes.
        let part = utf8.count <= most ? self : String(String(unicodeScalars.prefix(most)))
        return part.printableLines + (part.utf8.count < utf8.count ? "…" : "")
    }
}

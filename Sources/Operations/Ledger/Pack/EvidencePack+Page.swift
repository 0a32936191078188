import BackupRepository
import Cryptography
import Platform

extension PackSummary {
    /// The counts and the entries to look at, a line each.
    var text: [String] {
        var lines = counts.map { "\($0.activity.rawValue) \($0.verdict): \($0.runs)" }
        for (name, numbers) in [
            ("failures", failures), ("inconclusive", inconclusive), ("did not finish", unfinished),
            ("unreadable objects", unreadable),
        ] where !numbers.isEmpty {
            let more = numbers.count > 20 ? " and \(numbers.count - 20) more" : ""
            let noun = numbers.count == 1 ? "entry" : "entries"
            let named = numbers.prefix(20).map(String.init).joined(separator: ", ")
            lines.append("\(name): \(noun) \(named)\(more)")
        }
        return lines
    }
}

extension EvidencePack {
    /// The pack as a page. The same pack always gives the same bytes.
    /// - Parameter sha256: of the JSON.
    func page(sha256: Digest) throws -> String {
        let period = "\(from?.readable ?? "the first entry") to \(to?.readable ?? "the newest entry")"
        let page = Page(
            title: "Evidence of \(stack): \(period)", picture: "",
            tables: [
                facts(period, sha256), summaryTable, notable, sample, reportTable,
                remarks, actionTable, entryTable,
            ], notes: notes)
        return try page.html()
    }

    private func facts(_ period: String, _ sha256: Digest) -> Table {
        var table = Table([("EVIDENCE OF A PERIOD", .left), ("", .left)])
        table.add(["stack", stack])
        table.add(["period (UTC)", period])
        table.add(["repository", repository])
        table.add(["made", "\(made.readable) on \(host) by \(tool)"])
        table.add(["SHA-256 of pack.json", sha256.hex])
        table.add(["entry before the period", ledger.before?.description ?? "none: the ledger begins in the period"])
        table.add(["first entry", ledger.first?.description ?? "none in the period"])
        table.add(["last entry", ledger.last?.description ?? "none in the period"])
        table.add(["entry after the period", ledger.after?.description ?? "none: it is the newest"])
        table.add(["whole ledger", "\(ledger.entries) entries, \(ledger.findings.count) defects"])
        table.add([
            "signatures",
            ledger.requiresSignatures
                ? "\(ledger.signed) of \(ledger.entries) entries are signed by trusted signers"
                : "not required: the chain of hashes alone protects the ledger",
        ])
        return table
    }

    private var summaryTable: Table {
        var table = Table([("ACTIVITY", .left), ("RESULT", .left), ("RUNS", .right)])
        for count in summary.counts { table.add([count.activity.rawValue, count.verdict, "\(count.runs)"]) }
        return table
    }

    private var notable: Table {
        var table = Table([("TO LOOK AT", .left), ("ENTRY", .right), ("TIME (UTC)", .left), ("REASON", .left)])
        let byNumber = Dictionary(entries.map { ($0.number, $0) }) { first, _ in first }
        for (name, numbers) in [
            ("failure", summary.failures), ("inconclusive", summary.inconclusive),
            ("did not finish", summary.unfinished), ("unreadable", summary.unreadable),
        ] {
            for number in numbers {
                let entry = byNumber[number]?.entry
                table.add([
                    "\(name)\(entry.map { ": \($0.activity.rawValue)" } ?? "")", "\(number)", entry?.at.readable ?? "-",
                    entry?.reason ?? entry?.verdict ?? "-",
                ])
            }
        }
        return table
    }

    private var sample: Table {
        var table = Table([("BACKUP SET", .left), ("STATUS", .left), ("ENTRY", .right), ("RESTORED BY", .left)])
        for set in sets {
            table.add([
                "\(set.name)", set.status ?? "not in the repository any more", set.entry.map(String.init) ?? "none",
                set.restoredBy.map { "entry \($0)" }.joined(separator: ", "),
            ])
        }
        return table
    }

    private var reportTable: Table {
        var table = Table([("REPORT OF RUN", .left), ("ENTRY", .right), ("STATE", .left), ("SET", .left)])
        for report in reports {
            table.add([
                report.run, "\(report.entry)",
                report.reason.map { "\(report.state.rawValue): \($0)" }
                    ?? report.state.rawValue, report.setChoice ?? "-",
            ])
        }
        return table
    }

    private var remarks: Table {
        var table = Table([("RUN", .left), ("DEVIATION", .left)])
        for remark in deviations { table.add([remark.run, remark.text]) }
        return table
    }

    private var actionTable: Table {
        var table = Table([("RUN", .left), ("ACTION", .left), ("OWNER", .left), ("DUE", .left), ("DONE", .left)])
        for action in actions {
            table.add([action.run, action.action, action.owner, action.due, action.done ? "yes" : "no"])
        }
        return table
    }

    private var entryTable: Table {
        var table = Table([
            ("ENTRY", .right), ("TIME (UTC)", .left), ("ACTIVITY", .left), ("RESULT", .left), ("HOST", .left),
            ("RUN", .left),
        ])
        for packed in entries {
            guard let entry = packed.entry else {
                table.add(["\(packed.number)", "-", "-", "not an entry", "-", "-"])
                continue
            }
            table.add([
                "\(packed.number)", entry.at.readable, entry.activity.rawValue,
                entry.phase == .ended ? entry.verdict ?? "ended" : entry.phase.rawValue, entry.host, entry.run,
            ])
        }
        return table
    }

    private var notes: [String] {
        ledger.findings.map { "Defect of the ledger: \($0.number.map { "entry \($0): " } ?? "")\($0.reason)" } + [
            "Every run of the period is an entry. Each entry names the SHA-256 of the one before it, so that no entry "
                + "can be left out between the entries before and after the period.",
            "The pack supports an assessment. It does not state that a rule is complied with.",
        ]
    }
}

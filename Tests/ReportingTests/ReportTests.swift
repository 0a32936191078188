import Foundation
import FoundationXML
import Components
import RecoveryPlan
import Testing

@testable import Reporting

@Suite struct ReportTests {
    @Test(arguments: Report.Format.allCases)
    func `the same evidence makes the same bytes`(_ format: Report.Format) throws {
        let first = try Report(.example).rendered(as: format)
        #expect(first == (try Report(.example).rendered(as: format)))
        var changed = Evidence.example
        changed.steps[0].seconds = 31
        #expect(first != (try Report(changed).rendered(as: format)))
    }

    @Test func `text cannot become markup`() throws {
        var evidence = Evidence.example
        evidence.steps[0].summary = "<script>alert(1)</script> | a\n`b`"
        let html = String(decoding: try Report(evidence).rendered(as: .html), as: UTF8.self)
        #expect(!html.contains("<script>"))
        #expect(html.contains("&lt;script&gt;alert(1)"))
        let markdown = String(decoding: try Report(evidence).rendered(as: .markdown), as: UTF8.self)
        #expect(markdown.contains("&lt;script>alert(1)&lt;/script> \\| a \\`b\\`"))
    }

    @Test func `the JUnit report counts failed checks as failures`() throws {
        let bytes = try Report(.example).rendered(as: .junit)
        let parser = XMLCount()
        #expect(parser.parse(bytes))
        #expect(parser.counts["testcase"] == 6)
        #expect(parser.counts["failure"] == 2)
        #expect(parser.counts["skipped"] == 1)
    }

    @Test func `the page names its document`() throws {
        let report = try Report(.example)
        let html = String(decoding: try report.rendered(as: .html), as: UTF8.self)
        #expect(html.contains("<meta name=\"dr-evidence-sha256\" content=\"\(report.digest)\">"))
        #expect(html.hasPrefix("<!DOCTYPE html>"))
    }
}

extension Evidence {
    static var example: Evidence {
        var clocks = Clocks()
        clocks.failed = "2026-11-23T02:00:00.000Z"
        clocks.declared = "2026-11-23T02:05:00.000Z"
        clocks.started = "2026-11-23T02:06:00.000Z"
        return Evidence(
            kind: .drill, verdict: .failed, reasons: ["check 'loki_ready' failed"],
            subject: .init(
                run: "run-1", stack: "lab", scenario: "complete_cluster_loss", procedure: "full_cluster_restore",
                components: ["prometheus", "loki"], set: "20261123T010000Z", setDigest: "aa", planDigest: "bb",
                parameters: ["platform": "host"], person: "ops", host: "vault", tool: "dr 1"),
            clocks: clocks,
            rto: TimeObjective(allowed: 14_400, from: "declared", sinceDeclared: 1830, sinceStarted: 1770),
            rpo: LossObjective(
                allowed: 3600,
                components: [.init(component: "prometheus", newest: "2026-11-23T01:30:00.000Z", loss: 1800)],
                worst: 1800, skew: 12, met: true),
            steps: [
                StepEvidence(id: "declare", outcome: "done", attempts: 1, began: 0, seconds: 30),
                StepEvidence(
                    id: "prometheus", outcome: "done", attempts: 2, began: 30, seconds: 1700,
                    forecast: TimeForecast([1200, 1400, 1600, 1900])),
                StepEvidence(id: "jaeger", outcome: "skipped", attempts: 0),
            ],
            checks: [
                CheckResult(
                    "prometheus_ready", component: "prometheus", .passed, measured: "HTTP 200", target: "HTTP 200"),
                CheckResult("loki_ready", component: "loki", .failed, measured: "HTTP 503", target: "HTTP 200"),
            ],
            negativeControl: nil, liveStack: nil, deviations: ["prometheus needed two attempts"],
            correctiveActions: [CorrectiveAction(action: "look at loki", owner: "sre", due: "2026-12-01")],
            controls: ControlFinding.all(ControlFacts(at: Date(), history: [], components: nil)),
            journal: JournalReference(head: "cc", lines: ["{}"]))
    }
}

/// Counts elements; false if the text is not XML.
private final class XMLCount: NSObject, XMLParserDelegate {
    private(set) var counts: [String: Int] = [:]

    func parse(_ bytes: [UInt8]) -> Bool {
        let parser = XMLParser(data: Data(bytes))
        parser.delegate = self
        return parser.parse()
    }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        counts[name, default: 0] += 1
    }
}

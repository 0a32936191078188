internal import Documents
internal import FoundationEssentials
internal import Mustache
internal import Platform

/// A Mustache template for the body of a webhook, so that a receiver gets the JSON document that it expects.
///
/// Every value is escaped for the inside of a JSON string; `facts_json` and `metadata` are whole JSON objects.
package struct WebhookTemplate: Sendable {
    private let template: MustacheTemplate

    /// The names that a template can use, beside `facts.NAME`.
    private static let names: Set<String> = [
        "event", "title", "severity", "timestamp", "timestamp_ms", "stack", "scenario", "run", "message", "summary",
        "status_page", "facts", "facts_json", "alert_type", "source", "metadata",
    ]

    /// The alert document of the operations runbook, by the name `runbook`.
    package static let runbook = """
        {"alert_type": "{{alert_type}}", "severity": "{{severity}}", "message": "{{message}}", \
        "timestamp": "{{timestamp_ms}}", "source": "{{source}}"{{#metadata}}, "metadata": {{.}}{{/metadata}}}
        """

    /// - Parameter text: a template, or `runbook`.
    /// - Throws: ``Defect`` if the text is not a template, or if its result is not JSON for every event.
    package init(_ text: String) throws(Defect) {
        let text = text == "runbook" ? Self.runbook : text
        if let name = Self.unknownName(in: text) {
            throw Defect(
                "the template uses '\(name)', which does not exist"
                    + Spelling.advice(for: name, among: Self.names.sorted()))
        }
        do { template = try MustacheTemplate(text, escape: MustacheTemplate.plain) } catch {
            throw Defect("the template is not valid Mustache: \(error)")
        }
        for notice in Self.samples {
            do { _ = try JSONValue(parsing: [UInt8](render(notice).utf8)) } catch {
                throw Defect("the template does not make valid JSON for event '\(notice.event.rawValue)': \(error)")
            }
        }
    }

    package struct Defect: Error, Equatable, CustomStringConvertible {
        package var description: String
        init(_ description: String) { self.description = description }
    }

    func render(_ notice: Notice) -> String {
        var values: [String: Any] = [
            "event": notice.event.rawValue, "title": notice.event.title, "severity": notice.severity.rawValue,
            "timestamp": notice.timestamp, "timestamp_ms": notice.timestampWithMilliseconds,
            "stack": Self.escaped(notice.stack), "message": Self.escaped(notice.alert?.message ?? notice.summary),
            "summary": Self.escaped(notice.summary),
            "facts": notice.facts.mapValues { Self.escaped($0) },
            "facts_json": Self.object(notice.facts),
            "alert_type": Self.escaped(notice.alert?.type ?? notice.event.rawValue),
            "source": Self.escaped(notice.alert?.source ?? "dr"),
        ]
        for (name, value) in [("scenario", notice.scenario), ("run", notice.run), ("status_page", notice.statusPage)] {
            if let value { values[name] = Self.escaped(value) }
        }
        if let alert = notice.alert {
            if let metadata = alert.metadata { values["metadata"] = metadata }
        } else {
            values["metadata"] = Self.object(notice.facts)
        }
        return template.render(values)
    }

    /// Notices with everything that a value can contain, and with as little as possible.
    private static var samples: [Notice] {
        let hostile = "a \"quoted\" \\ text\nof two lines, {{event}} and \u{1} <b>"
        return Notice.Event.allCases.flatMap { event in
            var full = Notice(
                event, severity: .critical, at: .init(timeIntervalSince1970: 0), stack: hostile, scenario: hostile,
                run: hostile, summary: hostile, facts: ["component": hostile, hostile: hostile], statusPage: hostile)
            full.alert = .init(type: hostile, source: hostile, message: hostile, metadata: #"{"critical": true}"#)
            let bare = Notice(event, severity: .info, at: .init(timeIntervalSince1970: 0), stack: "", summary: "")
            return [full, bare]
        }
    }

    /// Returns a name in the template that has no value; nil if every name has one.
    private static func unknownName(in text: String) -> String? {
        var rest = text[...]
        while let open = rest.firstRange(of: "{{"), let close = rest[open.upperBound...].firstRange(of: "}}") {
            let tag = rest[open.upperBound..<close.lowerBound].filter { !" {&#^/".contains($0) }
            rest = rest[close.upperBound...]
            guard let first = tag.first, !"!%.>=".contains(first) else { continue }
            let name = String(tag.prefix { $0 != "." })
            if !names.contains(name) { return name }
        }
        return nil
    }

    private static func text(_ value: JSONValue) -> String { String(decoding: value.compact, as: UTF8.self) }

    private static func object(_ facts: [String: String]) -> String {
        text(.object(facts.mapValues { .string($0) }))
    }

    /// The text as it stands between the quotes of a JSON string.
    private static func escaped(_ text: String) -> String {
        String(Self.text(.string(text)).dropFirst().dropLast())
    }
}

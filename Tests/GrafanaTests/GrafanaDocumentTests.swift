import Documents
import Testing

@testable import Grafana

@Suite struct GrafanaDocumentTests {
    @Test(arguments: [
        (0, "1970-01-01"), (-1, "1969-12-31"), (951_782_400_000, "2000-02-29"), (951_868_799_999, "2000-02-29"),
        (951_868_800_000, "2000-03-01"), (1_795_000_000_000, "2026-11-18"), (4_107_542_400_000, "2100-03-01"),
    ])
    func `a time has a day`(_ milliseconds: Int, _ day: String) {
        #expect(GrafanaDocument.day(milliseconds) == day)
    }

    @Test func `permissions are those of the object by name`() {
        let items: [JSONValue] = [
            ["role": "Viewer", "permission": 1, "inherited": true],
            ["userId": 7, "userLogin": "ann", "permission": 4, "inherited": false, "teamId": 0, "team": ""],
            ["teamId": 3, "team": "Ops", "permission": 2, "userId": 0, "userLogin": ""],
            ["role": "Editor", "permission": 2],
        ]
        #expect(
            GrafanaDocument.permissions(items) == [
                ["permission": 2, "role": "Editor"], ["permission": 2, "team": "Ops"],
                ["permission": 4, "user": "ann"],
            ])
    }

    @Test func `redacted fields are found at any depth`() {
        let settings: JSONValue = [
            "url": "[REDACTED]", "title": "it says [REDACTED]", "http": ["auth": ["secret": "[REDACTED]"]],
            "list": [["token": "[REDACTED]"], 1],
        ]
        #expect(GrafanaDocument.redacted(settings) == ["http.auth.secret", "list.0.token", "url"])
    }

    /// Windows of time that overlap, are full, or hold more events of one moment than one answer.
    @Test(arguments: [10, 999, 1000, 5000])
    func `annotations are all found once`(_ count: Int) throws {
        for spread in [0, 1, 60_000] {
            let all = (0..<count).map { number -> (id: Int, time: Int, end: Int) in
                let time = 1_000_000 + number * spread
                return (number, time, number % 7 == 0 ? time + 100_000_000 : time)
            }
            var requests = 0
            let walk = AnnotationWalk { window, limit in
                requests += 1
                return all.filter { $0.time <= window.upperBound && $0.end >= window.lowerBound }
                    .sorted { ($0.end, $0.time) > ($1.end, $1.time) }.prefix(limit).map {
                        ["id": JSONValue($0.id), "time": JSONValue($0.time), "timeEnd": JSONValue($0.end)]
                    }
            }
            var found: [Int] = []
            try walk.run(over: 1...2_000_000_000_000) { found.append($0["id"]?.integer ?? -1) }
            #expect(found.sorted() == Array(0..<count), "spread \(spread)")
            #expect(requests < 150)
        }
    }
}

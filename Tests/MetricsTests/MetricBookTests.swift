import Documents
import Foundation
import Metrics
import Testing

@Suite struct MetricBookTests {
    private func family(_ values: [String: Double], _ kind: MetricFamily.Kind = .gauge) -> MetricFamily {
        MetricFamily(
            "dr_x", kind, help: "X.",
            samples: values.sorted { $0.key < $1.key }.map { .init(["activity": $0.key], .number($0.value)) })
    }

    private func values(_ book: MetricBook) -> [String: Double] {
        var values: [String: Double] = [:]
        for sample in book.families.first?.samples ?? [] {
            if case .number(let value) = sample.value { values[sample.labels["activity"] ?? ""] = value }
        }
        return values
    }

    @Test func `replaced, merged and added samples differ in what stays`() {
        var book = MetricBook([family(["backup": 1, "prune": 2])])
        book.merge(family(["prune": 3, "drill": 4]))
        #expect(values(book) == ["backup": 1, "prune": 3, "drill": 4])
        book.replace(family(["verify": 5]))
        #expect(values(book) == ["verify": 5])
        book.add(family(["verify": 2, "backup": 1]))
        #expect(values(book) == ["verify": 7, "backup": 1])
    }

    @Test func `a family that changed its kind starts again`() {
        var book = MetricBook([family(["backup": 1])])
        book.add(family(["backup": 2], .counter))
        #expect(values(book) == ["backup": 2])
    }

    @Test func `histograms with the same bounds add up, and others start again`() {
        var first = MetricHistogram(bounds: [1, 2])
        first.observe(1)
        var second = MetricHistogram(bounds: [1, 2])
        second.observe(5)
        first.add(second)
        #expect(first.counts == [1, 0, 1] && first.cumulative == [1, 1, 2] && first.sum == 6 && first.count == 2)
        var other = MetricHistogram(bounds: [1])
        other.observe(0.5)
        first.add(other)
        #expect(first == other)
    }

    @Test func `a book survives JSON, and damaged buckets are refused`() throws {
        var histogram = MetricHistogram(bounds: [1])
        histogram.observe(3)
        let book = MetricBook([
            MetricFamily("dr_h", .histogram, help: "H.", samples: [.init([:], .histogram(histogram))])
        ])
        let data = try JSONEncoder().encode(book)
        #expect(try JSONDecoder().decode(MetricBook.self, from: data) == book)
        for damage in [#""counts":[0]"#, #""counts":[0,-1]"#] {
            let text = String(decoding: data, as: UTF8.self).replacing(#""counts":[0,1]"#, with: damage)
            #expect(throws: (any Error).self) { try JSONDecoder().decode(MetricBook.self, from: Data(text.utf8)) }
        }
    }

    @Test func `OTLP has strings for 64-bit numbers, and types by the family`() throws {
        let request = OTLPMetrics.request(
            MetricTextTests.families, resource: ["service.name": "dr"], version: "1", start: 10, now: 20)
        let scope = request["resourceMetrics"]?.array?.first?["scopeMetrics"]?.array?.first
        let metrics = scope?["metrics"]?.array ?? []
        #expect(metrics.count == 3)
        let sum = metrics[1]["sum"]
        #expect(sum?["isMonotonic"] == true && sum?["aggregationTemporality"] == 2)
        let point = sum?["dataPoints"]?.array?.first
        #expect(point?["startTimeUnixNano"] == "10000000000" && point?["timeUnixNano"] == "20000000000")
        let bucket = metrics[2]["histogram"]?["dataPoints"]?.array?.first
        #expect(bucket?["bucketCounts"] == ["1", "2", "1"] && bucket?["count"] == "4")
        #expect(metrics[0]["gauge"]?["dataPoints"]?.array?.first?["startTimeUnixNano"] == nil)
        #expect(metrics[0]["unit"] == "s")
    }
}

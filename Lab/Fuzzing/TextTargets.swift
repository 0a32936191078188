internal import Components
internal import Documents
internal import Foundation
package import Lab
internal import Platform
internal import RecoveryPlan
internal import ShippedPlans
internal import StackConfiguration

/// The JSON parser: each text that it accepts is written and read again as the same value.
package struct JSONTarget: FuzzTarget {
    package static let name = "json"
    private static let seeds: [[UInt8]] = [
        #"{"a":[1,-2.5e3,true,null,{"k":"v\u00e9\n"}],"b":"","c":{"d":[[],{}]}}"#,
        #"[{"dashboard":{"panels":[{"id":1,"targets":[{"expr":"rate(x[5m])"}]}],"uid":"u"},"meta":{"version":2}}]"#,
        #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"job":"j"},"value":[1.5,"2"]}]}}"#,
    ].map { Array($0.utf8) }

    package func input(_ random: inout CorpusRandom) -> [UInt8] {
        let seed = Self.seeds[random.below(Self.seeds.count)]
        return random.below(2) == 0
            ? JSONMutation.apply(toText: seed, &random)
            : ByteMutation.apply(to: seed, splicing: Self.seeds, &random)
    }

    package func run(_ input: [UInt8], in place: FuzzPlace) throws {
        guard let value = try? JSONValue(parsing: input) else { return }
        _ = try? JSONValue(parsing: input, keeping: ["a", "data"])
        _ = value.integer
        for text in [value.document, value.compact] {
            guard (try? JSONValue(parsing: text)) == value else {
                throw FuzzFinding("a JSON value differs after it was written and read")
            }
        }
    }
}

/// dr.yaml with every kind of component.
package struct ConfigurationTarget: FuzzTarget {
    package static let name = "configuration"
    private static let seed = Array(
        """
        stack: fuzz
        state: /var/lib/dr
        store:
          url: s3://bucket/prefix
          region: eu-central-1
          stall_timeout: 30s
          part_size: 8MiB
        components:
          metrics: {kind: prometheus, url: "http://127.0.0.1:9090", data: /var/lib/prometheus}
          logs: {kind: loki, url: "http://127.0.0.1:3100", data: /var/lib/loki, stall_timeout: 1h}
          grafana: {url: "http://127.0.0.1:3000", username: admin, password: {env: PATH}, annotations: 90d}
          tree: &tree {kind: files, data: /etc, exclude: ["*.tmp"], shrink_threshold: 50%}
          traces: {kind: elasticsearch, url: "http://127.0.0.1:9200", indices: "jaeger-*", repository: {type: fs, location: /mnt/x}}
          alerts: {kind: alertmanager, url: "http://127.0.0.1:9093"}
          config: {kind: git, repository: "/srv/git"}
        retention:
          keep_last: 3
          hourly: 24h
          yearly: 7y
        notifications:
          channels: {ops: {kind: webhook, url: "http://127.0.0.1/x"}}
        checks:
          endpoints:
            - {name: web, url: "http://127.0.0.1/", status: 200}

        """.utf8)

    package func input(_ random: inout CorpusRandom) -> [UInt8] { TextMutation.apply(to: Self.seed, &random) }

    package func run(_ input: [UInt8], in place: FuzzPlace) {
        do throws(DocumentError) {
            let configuration = try ConfigurationFile.parse(
                String(decoding: input, as: UTF8.self), file: "dr.yaml", folder: "/etc/dr", kinds: fuzzedKinds)
            _ = "\(configuration)"
        } catch { _ = error.description }
    }
}

/// The shipped plans.
package struct PlanTarget: FuzzTarget {
    package static let name = "plan"
    private static let seeds = ShippedPlan.all.map { Array($0.text.utf8) }

    package func input(_ random: inout CorpusRandom) -> [UInt8] {
        TextMutation.apply(to: Self.seeds[random.below(Self.seeds.count)], &random)
    }

    package func run(_ input: [UInt8], in place: FuzzPlace) {
        let text = PlanText(String(decoding: input, as: UTF8.self), file: "plan.yaml", folder: "/etc/dr")
        let components = ["prometheus": ["url": "http://127.0.0.1:9090"], "grafana": [:]]
        for purpose in [PlanScope.Purpose.look, .run] {
            let scope = PlanScope(purpose, components: components, run: "r", set: "20260101T000000Z")
            let review = PlanReview(
                text, in: scope,
                PlanReview.Surroundings(
                    components: Array(components.keys), checks: nil, environment: ["PATH": "/usr/bin"]))
            _ = "\(review.errors)"
            _ = try? review.checked()
        }
    }
}

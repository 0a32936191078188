import Documents
import Foundation
import Lab
import Testing

/// One component that several pods of the cluster store together.
@Suite(.serialized, .enabled(if: LaboratoryCluster.isPossible)) struct ShardTests {
    private static let component =
        "web: {kind: files, kubernetes: {workload: statefulset/web, mode: in_cluster, config_map: dr, secret: dr, shards: 3}}"

    @Test func `three pods store a component, and a lost one is replaced`() async throws {
        let server = try await SharedS3Server.seaweedFS()
        // With the distance, no pod ends before the test can delete it.
        let proxy = try FaultyProxy(to: server.endpoint, rates: [:], latency: .milliseconds(40), seed: 1)
        try await VolumeJourney.run(components: Self.component, s3: server) { place in
            try await place.makeNamespace()
            try await place.applyFiles()
            try await place.applyOwnConfiguration(Self.component, of: server, endpoint: proxy.endpoint)
            try await place.journey.makePacksSmall(on: server)

            let first = try await place.journey.expect(0, "backup")
            #expect(!first.errors.contains("part 1 of 3"), "\(first.errors)")
            #expect(!first.errors.contains("read again"), "\(first.errors)")
            #expect(first.output.contains("201"), "\(first.output)")
            let names = place.cluster.standIn.with { $0.all("Event", in: VolumeJourney.namespace) }
                .filter { $0["reason"] == "SuccessfulCreate" }.compactMap { $0["message"]?.text }
            for index in 0..<3 {
                #expect(names.contains { $0.contains("-shards-\(index)-") }, "\(names)")
            }
            let verified = try await place.journey.expect(0, "verify", "--read-data")
            #expect(!verified.output.contains("of parts"), "their manifests are gone: \(verified.output)")

            try await place.cluster.require([
                "exec", "-n", VolumeJourney.namespace, "web-0", "-c", "web", "--", "sh", "-c",
                "cd /srv/web/sub && rm 7 && for i in 1 2 3 4 5 6; do head -c 30000 /dev/urandom > $i; done",
            ])
            let before = try await place.sums()
            let killing = Task {
                try await Patience.wait(until: "the second shard is there") {
                    place.deletePod(whoseNameContains: "-shards-1-")
                }
            }
            let second = try await place.journey.expect(0, "backup")
            try await killing.value
            #expect(!second.errors.contains("part 1 of 3 failed"), "\(second.errors)")
            let pods = place.cluster.standIn.with { $0.all("Event", in: VolumeJourney.namespace) }
                .filter { $0["reason"] == "SuccessfulCreate" }.compactMap { $0["message"]?.text }
                .filter { $0.contains("-shards-1-") }
            #expect(pods.count == 3, "one in the first run, and two in the second: \(pods)")
            try await place.journey.expect(0, "restore", "--component", "web", "--to", "out")
            #expect(try await place.journey.sums(of: "out") == Set(before.split(separator: "\n").dropLast()))
        }
        withExtendedLifetime(proxy) {}
    }
}

extension VolumeJourney {
    /// Creates the ConfigMap and the Secret of a mover that uses the store itself.
    func applyOwnConfiguration(_ components: String, of server: any S3Server, endpoint: String) async throws {
        try await cluster.apply(
            """
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: dr, namespace: \(Self.namespace)}
            data:
              dr.yaml: |
                store: {url: "s3://\(journey.bucketAndPrefix)"}
                components: {\(components)}
            ---
            apiVersion: v1
            kind: Secret
            metadata: {name: dr, namespace: \(Self.namespace)}
            stringData:
              AWS_ACCESS_KEY_ID: "\(server.accessKey)"
              AWS_SECRET_ACCESS_KEY: "\(server.secretKey)"
              AWS_ENDPOINT_URL: "\(endpoint)"
              AWS_EC2_METADATA_DISABLED: "true"
            """)
    }

    /// Deletes a pod without a grace period, if it is there. A kubectl would take too long.
    /// - Returns: true if it was.
    fileprivate func deletePod(whoseNameContains text: String) -> Bool {
        cluster.standIn.with { objects in
            let names = objects.all("Pod", in: Self.namespace).compactMap { $0["metadata"]?["name"]?.text }
            guard let name = names.first(where: { $0.contains(text) }) else { return false }
            objects.change("Pod", name, in: Self.namespace) { pod in
                pod["metadata"]?["deletionTimestamp"] = .string(Date().ISO8601Format())
                pod["metadata"]?["deletionGracePeriodSeconds"] = 0
            }
            return true
        }
    }
}

extension Journey {
    /// The sums of all files in a folder of this machine, as ``VolumeJourney/sums()`` prints them.
    fileprivate func sums(of name: String) async throws -> Set<Substring> {
        let run = try await CommandRun.run(
            "/bin/sh", ["-c", "find . -type f | sort | xargs sha256sum"], in: folder.url.appending(path: name))
        return Set(run.output.split(separator: "\n"))
    }
}

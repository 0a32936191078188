import Documents
import Foundation
import Lab
import Testing

/// Faults of the cluster in the middle of a backup or a restore of a volume.
@Suite(.serialized, .enabled(if: LaboratoryCluster.isPossible)) struct VolumeFaultTests {
    static let web = "web: {kind: files, kubernetes: {workload: statefulset/web}}"

    /// Runs a body on a cluster with data in a volume.
    static func run(
        _ components: String, options: KubeletOptions = KubeletOptions(), _ body: (VolumeJourney) async throws -> Void
    ) async throws {
        try await VolumeJourney.run(components: components, options: options) { place in
            try await place.makeNamespace()
            try await place.applyFiles()
            try await body(place)
        }
    }

    @Test func `a token that expires in the middle is renewed, and the backup continues`() async throws {
        try await Self.run(Self.web) { place in
            let tokens = try await ExpiringTokens(of: place.cluster)
            let first = Countdown(1)
            place.cluster.kubelet.failExec { request in
                guard request.command.contains("attach"), first.next() else { return nil }
                tokens.expire()
                Task {
                    try? await Task.sleep(for: .seconds(4))
                    try? tokens.renew()
                }
                return .drops(after: 2000)
            }
            try await place.journey.expect(0, "backup")
            #expect(first.isUsed)
            #expect(tokens.refusals > 0)
            #expect(try await place.movers() == [])
            try await place.journey.expect(0, "verify", "--read-data")
        }
    }

    @Test func `a lost node costs its components only`() async throws {
        let components = """
            \(Self.web)
              app: {kind: files, kubernetes: {workload: statefulset/app}}
            """
        try await VolumeJourney.run(components: components) { place in
            try await place.makeNamespace()
            try await place.applyFiles("web", node: "node-1")
            try await place.applyFiles("app", files: 1000, size: "100Mi", node: "node-2")
            let cluster = place.cluster
            // The cluster evicts the pods after five minutes; their objects stay until the node is back.
            cluster.standIn.with { $0.lag.eviction = .seconds(2) }
            let first = Countdown(1)
            cluster.kubelet.failExec { request in
                guard request.command.contains("attach"), request.pod.hasPrefix("dr-app"), first.next() else {
                    return nil
                }
                Task { try? await cluster.kubelet.lose("node-2") }
                return .drops(after: 2000)
            }
            let run = try await place.journey.expect(3, "backup")
            #expect(run.duration < .seconds(240), "\(run.duration)")
            let text = run.output + run.errors
            #expect(text.contains("on node 'node-2' is being deleted, and its node does not report"), "\(text)")
            cluster.kubelet.failExec(nil)
            try await place.journey.expect(0, "verify", "--read-data")
            let list = try await place.journey.expect(0, "list", "--json")
            #expect(list.output.contains("\"web\""), "\(list.output)")
        }
    }

    @Test func `a claim without a workload is read on the node that uses it`() async throws {
        let component =
            "web: {kind: files, kubernetes: {claim: data-web-0, path: /srv/web, sub_path: content, run_as_user: 1000}}"
        try await VolumeJourney.run(components: component) { place in
            try await place.makeNamespace()
            try await place.applyFiles(files: 20, node: "node-3")
            try await place.journey.expect(0, "backup")
            try await place.journey.expect(0, "verify", "--read-data")
        }
    }

    @Test func `a restore that the cluster refuses changes nothing`() async throws {
        try await Self.run(Self.web) { place in
            let namespace = VolumeJourney.namespace
            let before = try await place.sums()
            try await place.journey.expect(0, "backup")
            try await place.stop("statefulset/web", pod: "web-0")
            func refusal(_ arguments: String...) async throws -> String {
                let run = try await place.journey.dr(["restore", "--component", "web", "--replace"] + arguments)
                #expect(run.status == 1, "\(run.output)\(run.errors)")
                #expect(try await place.movers() == [])
                return run.errors
            }
            let file = place.journey.folder.url.appending(path: "dr.yaml")
            let elsewhere = place.journey.folder.url.appending(path: "elsewhere.yaml")
            let text = try String(contentsOf: file, encoding: .utf8)
            try Data(text.replacing("context: lab", with: "context: nowhere").utf8).write(to: elsewhere)
            let context = try await refusal("--config", elsewhere.path)
            #expect(context.contains("\"nowhere\""), "\(context)")

            try await place.cluster.apply(
                "{apiVersion: v1, kind: ResourceQuota, metadata: {name: small, namespace: \(namespace)}, "
                    + "spec: {hard: {pods: \"0\"}}}")
            let quota = try await refusal()
            #expect(quota.contains("exceeded quota: small") && quota.contains("raise the quota"), "\(quota)")
            try await place.cluster.require(["delete", "quota", "small", "-n", namespace])
            try await place.start("statefulset/web", pod: "web-0")
            #expect(try await place.sums() == before)

            // Without the claim: dr does not leave an empty one.
            try await place.cluster.require(["delete", "statefulset", "web", "-n", namespace])
            try await place.cluster.require(["delete", "pvc", "data-web-0", "-n", namespace])
            for limit in ["pods: \"0\"", "requests.storage: 1Mi"] {
                try await place.cluster.apply(
                    "{apiVersion: v1, kind: ResourceQuota, metadata: {name: small, namespace: \(namespace)}, "
                        + "spec: {hard: {\(limit)}}}")
                let refused = try await refusal()
                #expect(refused.contains("exceeded quota: small"), "\(refused)")
                #expect(try await place.cluster.object(["pvc", "-n", namespace])["items"]?.array?.count == 0)
                try await place.cluster.require(["delete", "quota", "small", "-n", namespace])
            }

            try await place.cluster.apply(
                "{apiVersion: v1, kind: ConfigMap, metadata: {name: held, namespace: \(namespace), "
                    + "finalizers: [lab/hold]}}")
            try await place.cluster.require(["delete", "namespace", namespace, "--wait=false"])
            let terminating = try await refusal()
            #expect(terminating.contains("because it is being terminated"), "\(terminating)")
            try await place.cluster.require([
                "patch", "configmap", "held", "-n", namespace, "--type=merge", "-p",
                "{\"metadata\":{\"finalizers\":null}}",
            ])
        }
    }

    @Test func `two coordinators back up one volume at once`() async throws {
        try await Self.run(Self.web) { place in
            async let one = place.journey.dr(["backup"])
            async let two = place.journey.dr(["backup"])
            let runs = try await [one, two]
            // The second may find that another backup is in progress.
            #expect(runs.allSatisfy { [0, 6].contains($0.status) }, "\(runs.map(\.errors))")
            #expect(runs.contains { $0.status == 0 })
            try await place.journey.expect(0, "verify", "--read-data")
            #expect(try await place.movers() == [])
        }
    }

    @Test func `a restore into a claim without room leaves its content`() async throws {
        // 4 MB of files: the volume has no room for a second tree beside them.
        try await Self.run(Self.web, options: KubeletOptions(tinyClaims: ["monitoring/data-web-0": 6 << 10])) { place in
            try await place.journey.expect(0, "backup")
            // Nothing of the present content can be used again.
            try await place.cluster.require([
                "exec", "-n", VolumeJourney.namespace, "web-0", "-c", "web", "--", "sh", "-c",
                "cd /srv/web/sub && for i in *; do head -c 20000 /dev/urandom > $i; done",
            ])
            let before = try await place.sums()
            try await place.stop("statefulset/web", pod: "web-0")
            let run = try await place.journey.dr(["restore", "--component", "web", "--replace"])
            #expect(run.status == 1, "\(run.output)\(run.errors)")
            #expect(run.errors.contains("free") || run.errors.contains("No space"), "\(run.errors)")
            #expect(try await place.movers() == [])
            try await place.start("statefulset/web", pod: "web-0")
            #expect(try await place.sums() == before)
        }
    }
}

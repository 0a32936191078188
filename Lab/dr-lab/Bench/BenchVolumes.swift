import Foundation
import Lab

/// Measures backups of volumes in a laboratory cluster: a mover's stream against `tar` through `kubectl exec`, and three
/// movers that write to a distant store themselves against one with the same data.
struct BenchVolumes {
    var tool: DRTool
    /// The size of the volume that is streamed.
    var mebibytes: Int
    /// The size of each of three volumes whose movers write to a distant store: they need no more to be slowed down.
    private var share: Int { max(2, mebibytes / 8) }
    var work: URL
    var rounds: Int
    var say: @Sendable (String) -> Void

    struct Result: Encodable, Sendable {
        var mebibytes = 0
        var share = 0
        var stream = BenchRow(place: "volume", scenario: .cold, tool: "dr, stream")
        var tar = BenchRow(place: "volume", scenario: .cold, tool: "tar through kubectl exec")
        var one = BenchRow(place: "volumes", scenario: .cold, tool: "dr, in_cluster, one mover")
        var three = BenchRow(place: "volumes", scenario: .cold, tool: "dr, in_cluster, three movers")
        var shards = BenchRow(place: "volume", scenario: .cold, tool: "dr, in_cluster, one component, three shards")

        /// The throughput of the stream as a share of `tar`'s.
        var throughput: Double { tar.wall / max(stream.wall, 0.001) }
        /// The time of one mover as a multiple of that of three.
        var gain: Double { one.wall / max(three.wall, 0.001) }
        /// The time of one mover as a multiple of that of three shards of the same component.
        var shardGain: Double { one.wall / max(shards.wall, 0.001) }

        /// The least and the greatest ratio of one round.
        static func spread(_ first: BenchRow, _ second: BenchRow) -> [Double] {
            let ratios = zip(first.runs, second.runs).map { $0.wall / max($1.wall, 0.001) }.sorted()
            return [ratios.first ?? 0, ratios.last ?? 0]
        }
    }

    private static let namespace = "bench"
    private static let bucket = "volumes"
    /// The distance to the store, for each round trip.
    private static let distance = Duration.milliseconds(50)
    /// The bytes that a connection moves in a round trip: 5 MiB/s at this distance. On loopback alone nothing would
    /// limit a connection, and one mover would use both processors of a small machine.
    private static let window = 256 << 10

    func run() async throws -> Result {
        let server = try await SeaweedFS()
        try await server.makeBucket(Self.bucket)
        let proxy = try FaultyProxy(
            to: server.endpoint, rates: [:], latency: Self.distance, window: Self.window, seed: 1)
        var options = KubeletOptions()
        options.images["dr:lab"] = LabImage(folder: URL(filePath: tool.program).deletingLastPathComponent().path)
        var result = Result()
        (result.mebibytes, result.share) = (mebibytes, share)
        try await LaboratoryCluster.run(options: options) { [self] cluster in
            try await makeVolumes(cluster, server, proxy)
            for round in 0..<rounds {
                let order = round.isMultiple(of: 2) ? [true, false] : [false, true]
                for isFirst in order {
                    if isFirst {
                        result.stream.runs.append(try await stream(round, cluster))
                        result.one.runs.append(try await inCluster(["joined"], round, cluster, server))
                    } else {
                        result.tar.runs.append(try await tar(cluster))
                        result.three.runs.append(
                            try await inCluster(["part-0", "part-1", "part-2"], round, cluster, server))
                        result.shards.runs.append(
                            try await inCluster(["joined"], round, cluster, server, shards: 3))
                    }
                }
            }
        }
        say(
            "stream: \(BenchText.fixed(result.throughput, 2)) of tar's throughput; three movers: "
                + "\(BenchText.fixed(result.gain, 2)) times as fast as one; three shards: "
                + "\(BenchText.fixed(result.shardGain, 2)) times")
        withExtendedLifetime((server, proxy)) {}
        return result
    }

    // MARK: Measuring

    private func stream(_ round: Int, _ cluster: LaboratoryCluster) async throws -> BenchRow.Run {
        let folder = try await prepare(
            "stream-\(round)", store: "file://\(work.path)/stream-\(round)/repository", ["whole"], more: "", cluster)
        return try await measure(
            [tool.program, "backup", "--quiet", "--no-progress"], folder, cluster.kubeconfig)
    }

    private func tar(_ cluster: LaboratoryCluster) async throws -> BenchRow.Run {
        let target = work.appending(path: "volume.tar").path
        let kubectl =
            "\(try LabTool.path("kubectl")) --context lab exec -n \(Self.namespace) whole-0 -c main -- "
            + "tar -cf - -C /data . > \(target) && sync \(target)"
        return try await measure(["/bin/bash", "-c", kubectl], work, cluster.kubeconfig)
    }

    private func inCluster(
        _ components: [String], _ round: Int, _ cluster: LaboratoryCluster, _ server: SeaweedFS, shards: Int = 1
    ) async throws -> BenchRow.Run {
        let name = "\(components.count)-\(shards)-\(round)"
        let store = "s3://\(Self.bucket)/\(name)"
        let more = ", mode: in_cluster, config_map: dr-\(name), secret: dr, shards: \(shards)"
        let folder = try await prepare(
            name, store: store, components, more: more, cluster,
            environment: [
                "AWS_ACCESS_KEY_ID": server.accessKey, "AWS_SECRET_ACCESS_KEY": server.secretKey,
                "AWS_ENDPOINT_URL": server.endpoint, "AWS_EC2_METADATA_DISABLED": "true",
            ])
        try await cluster.apply(
            """
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: dr-\(name), namespace: \(Self.namespace)}
            data:
              dr.yaml: |
                stack: bench
                store: {url: "\(store)"}
                components: {\(components.map { "\($0): \(Self.component($0, more))" }.joined(separator: ", "))}
            """)
        return try await measure(
            [tool.program, "backup", "--quiet", "--no-progress"], folder, cluster.kubeconfig,
            [
                "AWS_ACCESS_KEY_ID": server.accessKey, "AWS_SECRET_ACCESS_KEY": server.secretKey,
                "AWS_ENDPOINT_URL": server.endpoint, "AWS_EC2_METADATA_DISABLED": "true",
            ])
    }

    private static func component(_ name: String, _ more: String) -> String {
        "{kind: files, kubernetes: {workload: statefulset/\(name)\(more)}}"
    }

    /// Writes a configuration and creates its repository.
    private func prepare(
        _ name: String, store: String, _ components: [String], more: String, _ cluster: LaboratoryCluster,
        environment: [String: String] = [:]
    ) async throws -> URL {
        let folder = work.appending(path: name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let parts = components.map { "  \($0): \(Self.component($0, more))" }.joined(separator: "\n")
        let text = """
            stack: bench
            store: {url: "\(store)"}
            state: \(folder.path)/state
            kubernetes: {context: lab, namespace: \(Self.namespace), image: "dr:lab"}
            components:
            \(parts)

            """
        try Data(text.utf8).write(to: folder.appending(path: "dr.yaml"))
        _ = try await measure([tool.program, "init"], folder, cluster.kubeconfig, environment)
        return folder
    }

    private func measure(
        _ command: [String], _ folder: URL, _ kubeconfig: String, _ environment: [String: String] = [:]
    ) async throws -> BenchRow.Run {
        sync()
        let kubectl = URL(filePath: try LabTool.path("kubectl")).deletingLastPathComponent().path
        var all = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        all["KUBECONFIG"] = kubeconfig
        all["PATH"] = "\(kubectl):\(all["PATH"] ?? "/usr/bin:/bin")"
        let process = try await MeasuredProcess.run(
            command, log: work.appending(path: "command.log").path, folder: folder.path, environment: all)
        try process.requireSuccess()
        return .init(process)
    }

    // MARK: The volumes

    /// Fills the volumes with random files: one to stream, three shares, and one with as much as the three.
    private func makeVolumes(_ cluster: LaboratoryCluster, _ server: SeaweedFS, _ proxy: FaultyProxy) async throws {
        try FileManager.default.createDirectory(at: work, withIntermediateDirectories: true)
        try await cluster.apply(
            """
            apiVersion: v1
            kind: Namespace
            metadata: {name: \(Self.namespace)}
            ---
            apiVersion: v1
            kind: Secret
            metadata: {name: dr, namespace: \(Self.namespace)}
            stringData:
              AWS_ACCESS_KEY_ID: "\(server.accessKey)"
              AWS_SECRET_ACCESS_KEY: "\(server.secretKey)"
              AWS_ENDPOINT_URL: "\(proxy.endpoint)"
              AWS_EC2_METADATA_DISABLED: "true"
            """)
        let volumes = [("whole", mebibytes), ("joined", 3 * share)] + (0..<3).map { ("part-\($0)", share) }
        for (name, size) in volumes {
            // Files of one size would be hashed before they are stored, as possible duplicates of each other.
            let script =
                "i=0; while [ $i -lt \(max(1, size / 2)) ]; do "
                + "head -c $((1597152 + i * 7919 % 1000003)) /dev/urandom > /data/$i; i=$((i+1)); done; "
                + "touch /tmp/ready; exec sleep 100000"
            try await cluster.apply(
                """
                apiVersion: apps/v1
                kind: StatefulSet
                metadata: {name: \(name), namespace: \(Self.namespace)}
                spec:
                  replicas: 1
                  serviceName: \(name)
                  selector: {matchLabels: {app: \(name)}}
                  template:
                    metadata: {labels: {app: \(name)}}
                    spec:
                      terminationGracePeriodSeconds: 1
                      securityContext: {runAsUser: 1000, runAsGroup: 2000, fsGroup: 2000, runAsNonRoot: true}
                      containers:
                      - name: main
                        image: \(LaboratoryCluster.plainImage)
                        command: [/bin/sh, -c, "\(script)"]
                        readinessProbe: {exec: {command: [cat, /tmp/ready]}, periodSeconds: 1}
                        volumeMounts: [{name: data, mountPath: /data}, {name: tmp, mountPath: /tmp}]
                      volumes: [{name: tmp, emptyDir: {}}]
                  volumeClaimTemplates:
                  - metadata: {name: data}
                    spec: {accessModes: [ReadWriteOnce], storageClassName: standard, resources: {requests: {storage: 20Gi}}}
                """)
            try await cluster.waitUntilReady("\(name)-0", namespace: Self.namespace)
        }
    }
}

import Documents
import Foundation
import Lab
import Testing

/// Faults of the cluster in the middle of a backup or a restore of a volume.
@Suite(.serialized, .enabled(if: LaboratoryCluster.isPossible)) struct VolumeFaultTests {
    private static let web = "web: {kind: files, kubernetes: {workload: statefulset/web}}"

    /// Runs a body on a cluster with data in a volume.
    private static func run(
        _ components: String, options: KubeletOptions = KubeletOptions(), _ body: (VolumeJourney) async throws -> Void
    ) async throws {
        try await VolumeJourney.run(components: components, options: options) { place in
            try await place.makeNamespace()
            try await place.applyFiles()
            try await body(place)
        }
    }

    @Test func `a backup waits for an API server that is away for a while`() async throws {
        try await Self.run(Self.web) { place in
            let cluster = place.cluster
            let first = Countdown(1)
            cluster.kubelet.failExec { request in
                guard request.command.contains("attach"), first.next() else { return nil }
                Task { try? await cluster.standIn.goAway(for: .seconds(8)) }
                return .drops(after: 2000)
            }
            try await place.journey.expect(0, "backup")
            #expect(first.isUsed)
            try await place.journey.expect(0, "verify", "--read-data")
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

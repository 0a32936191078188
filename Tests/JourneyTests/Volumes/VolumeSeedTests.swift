import Documents
import Foundation
import Lab
import Testing

/// Restores that take content from the volume, and from snapshots that backups kept.
@Suite(.serialized, .enabled(if: LaboratoryCluster.isPossible)) struct VolumeSeedTests {
    private static let web = "web: {kind: files, kubernetes: {workload: statefulset/web, keep: 1}}"

    private func claims(_ place: VolumeJourney) async throws -> [String] {
        let list = try await place.cluster.object(["pvc", "-n", VolumeJourney.namespace])
        return (list["items"]?.array ?? []).compactMap { $0["metadata"]?["name"]?.text }
    }

    @Test func `content comes from the volume, then from the kept snapshot, and the rest from the store`() async throws
    {
        try await VolumeJourney.run(components: Self.web) { place in
            try await place.makeNamespace()
            try await place.applyFiles(files: 40, size: "100Mi")
            let before = try await place.sums()
            try await place.journey.expect(0, "backup")
            try await place.journey.expect(0, "backup")
            let snapshots = try await place.cluster.object(["volumesnapshots", "-n", VolumeJourney.namespace])
            #expect(snapshots["items"]?.array?.count == 1, "a backup keeps the newest snapshot only")
            let doctor = try await place.journey.dr(["doctor"])
            #expect(doctor.output.contains("1 of 1, the newest of"), "\(doctor.output)")
            try await place.cluster.require([
                "label", "volumesnapshots", "--all", "-n", VolumeJourney.namespace, "dr/run=other", "--overwrite",
            ])
            let missing = try await place.journey.dr(["doctor"])
            #expect(missing.output.contains("there is none of the newest set"), "\(missing.output)")

            // A quota that does not admit the temporary claim.
            try await place.cluster.require([
                "exec", "-n", VolumeJourney.namespace, "web-0", "--", "sh", "-c", "echo x > /srv/web/sub/4",
            ])
            try await place.stop("statefulset/web", pod: "web-0")
            try await place.cluster.apply(
                """
                apiVersion: v1
                kind: ResourceQuota
                metadata: {name: claims, namespace: \(VolumeJourney.namespace)}
                spec: {hard: {persistentvolumeclaims: "1"}}
                """)
            let refused = try await place.journey.expect(
                0, "restore", "--component", "web", "--replace", "--discard-previous")
            #expect(refused.errors.contains("dr does not use the volume snapshot"), "\(refused.errors)")
            #expect(refused.output.contains("came from the volume, "), "\(refused.output)")
            try await place.cluster.require(["delete", "quota", "claims", "-n", VolumeJourney.namespace])

            // The claim is lost, and the store has no packs any more.
            try await place.cluster.require(["delete", "pvc", "data-web-0", "-n", VolumeJourney.namespace])
            let packs = place.journey.repository.appending(path: "web/packs")
            for name in try FileManager.default.contentsOfDirectory(atPath: packs.path) where name.hasSuffix(".tar.gz")
            {
                try FileManager.default.removeItem(at: packs.appending(path: name))
            }
            let seeded = try await place.journey.expect(0, "restore", "--component", "web")
            #expect(seeded.output.contains("came from the volume snapshot 'dr-web-"), "\(seeded.output)")
            #expect(seeded.output.contains(", 0 B came from the store"), "\(seeded.output)")
            try await Patience.wait(until: "the temporary claim is removed with the pod") {
                try await claims(place) == ["data-web-0"]
            }
            #expect(try await place.movers() == [])
            try await place.start("statefulset/web", pod: "web-0")
            #expect(try await place.sums() == before)
        }
    }
}

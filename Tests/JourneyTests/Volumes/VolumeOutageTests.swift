import Foundation
import Lab
import Testing

/// An API server that is away for a while, in each phase of a backup and a restore of a volume.
@Suite(.serialized, .enabled(if: LaboratoryCluster.isPossible)) struct VolumeOutageTests {
    /// Plans short outages of the API server that begin with these requests of kubectl, in their order.
    private static func planOutages(_ place: VolumeJourney, at requests: [(method: String, part: String)]) {
        for request in requests {
            place.cluster.standIn.goAway(for: .seconds(2)) {
                $0.method == request.method && $0.path.contains(request.part)
                    && $0.headers["user-agent"]?.hasPrefix("kubectl") == true
            }
        }
    }

    @Test func `a backup waits for an API server that is away in any of its phases`() async throws {
        try await VolumeFaultTests.run(VolumeFaultTests.web) { place in
            let cluster = place.cluster
            let first = Countdown(1)
            // Not the cluster: it would hold itself, and its folder would stay.
            cluster.kubelet.failExec { [standIn = cluster.standIn] request in
                guard request.command.contains("attach"), first.next() else { return nil }
                // In the middle of the stream.
                Task { try? await standIn.goAway(for: .seconds(6)) }
                return .drops(after: 2000)
            }
            // At its start, when it creates the mover, when it attaches it, and when it removes it.
            Self.planOutages(
                place,
                at: [("GET", "/statefulsets/web"), ("POST", "/pods"), ("GET", "/exec"), ("DELETE", "/pods/dr-web")])
            try await place.journey.expect(0, "backup")
            #expect(first.isUsed)
            #expect(cluster.standIn.plannedOutages == 0)
            #expect(try await place.movers() == [])
            try await place.journey.expect(0, "verify", "--read-data")
        }
    }

    @Test func `a restore waits for an API server that is away in any of its phases`() async throws {
        try await VolumeFaultTests.run(VolumeFaultTests.web) { place in
            let before = try await place.sums()
            try await place.journey.expect(0, "backup")
            try await place.cluster.require(["delete", "statefulset", "web", "-n", VolumeJourney.namespace])
            try await place.cluster.require(["delete", "pvc", "data-web-0", "-n", VolumeJourney.namespace])
            Self.planOutages(
                place,
                at: [
                    ("GET", "/persistentvolumeclaims/data-web-0"), ("POST", "/persistentvolumeclaims"),
                    ("POST", "/pods"), ("GET", "/exec"), ("DELETE", "/pods/dr-web"),
                ])
            try await place.journey.expect(0, "restore", "--component", "web")
            #expect(place.cluster.standIn.plannedOutages == 0)
            #expect(try await place.movers() == [])
            try await place.applyFiles()
            #expect(try await place.sums() == before)
        }
    }
}

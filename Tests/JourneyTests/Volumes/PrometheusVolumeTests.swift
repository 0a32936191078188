import Documents
import Foundation
import FoundationNetworking
import Lab
import Testing

/// A real Prometheus in a StatefulSet, under a user of its own.
@Suite(.serialized, .enabled(if: LaboratoryCluster.isPossible)) struct PrometheusVolumeTests {
    private func apply(_ place: VolumeJourney, replicas: Int = 1) async throws {
        var manifests = PrometheusManifests(port: place.port, namespace: VolumeJourney.namespace)
        manifests.replicas = replicas
        try await place.cluster.apply(manifests.text)
        if replicas > 0 { try await place.cluster.waitUntilReady("prometheus-0", namespace: VolumeJourney.namespace) }
    }

    private func samples(_ place: VolumeJourney, at time: Int, span: Int) async throws -> String {
        let url = "http://127.0.0.1:\(place.port)/api/v1/query?query=up%5B\(span)s%5D&time=\(time)"
        guard let address = URL(string: url) else { return "" }
        return String(decoding: try await URLSession.shared.data(from: address).0, as: UTF8.self)
    }

    @Test func `a deleted namespace comes back with the server's data`() async throws {
        let component =
            "prometheus: {url: 'kube://lab/\(VolumeJourney.namespace)/services/prometheus:PORT', "
            + "kubernetes: {workload: statefulset/prometheus}}"
        try await VolumeJourney.run(components: component) { place in
            try await place.makeNamespace()
            try await apply(place)
            try await Patience.wait(until: "the server has samples") {
                try await samples(place, at: Int(Date().timeIntervalSince1970), span: 20).count > 400
            }
            let end = Int(Date().timeIntervalSince1970)
            try await Task.sleep(for: .seconds(1.5))
            let before = try await samples(place, at: end, span: 10)
            #expect(before.contains("\"values\""))
            try await place.journey.expect(0, "backup")
            // The pod of dr did not take the volume away: the server can still write a snapshot.
            try await place.journey.expect(0, "backup")
            try await place.cluster.require(["delete", "namespace", VolumeJourney.namespace, "--wait=true"])
            try await place.makeNamespace()
            try await apply(place, replicas: 0)
            try await place.journey.expect(0, "restore", "--component", "prometheus")
            try await place.start("statefulset/prometheus", pod: "prometheus-0")
            #expect(try await samples(place, at: end, span: 10) == before)
        }
    }
}

import Documents
import Foundation
import FoundationNetworking
import Lab
import Testing

/// A real Prometheus in a StatefulSet, under a user of its own.
@Suite(.serialized, .enabled(if: LaboratoryCluster.isPossible)) struct PrometheusVolumeTests {
    private func apply(_ place: VolumeJourney, replicas: Int = 1) async throws {
        try await place.cluster.apply(
            """
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: prometheus, namespace: \(VolumeJourney.namespace)}
            data:
              prometheus.yml: |
                global: {scrape_interval: 1s, scrape_timeout: 1s}
                scrape_configs: [{job_name: lab, static_configs: [{targets: ['127.0.0.1:\(place.port)']}]}]
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: prometheus, namespace: \(VolumeJourney.namespace)}
            spec: {selector: {app: prometheus}, ports: [{port: \(place.port)}]}
            ---
            apiVersion: apps/v1
            kind: StatefulSet
            metadata: {name: prometheus, namespace: \(VolumeJourney.namespace)}
            spec:
              replicas: \(replicas)
              serviceName: prometheus
              selector: {matchLabels: {app: prometheus}}
              template:
                metadata: {labels: {app: prometheus}}
                spec:
                  securityContext: {runAsUser: 1000, runAsGroup: 2000, fsGroup: 2000, runAsNonRoot: true}
                  containers:
                  - name: prometheus
                    image: \(LaboratoryCluster.plainImage)
                    command:
                    - prometheus
                    - --config.file=/etc/prometheus/prometheus.yml
                    - --storage.tsdb.path=/prometheus
                    - --web.listen-address=127.0.0.1:\(place.port)
                    - --web.enable-admin-api
                    readinessProbe: {httpGet: {path: /-/ready, port: \(place.port)}, periodSeconds: 1}
                    volumeMounts:
                    - {name: data, mountPath: /prometheus, subPath: prometheus-db}
                    - {name: config, mountPath: /etc/prometheus}
                  volumes: [{name: config, configMap: {name: prometheus}}]
              volumeClaimTemplates:
              - metadata: {name: data}
                spec: {accessModes: [ReadWriteOnce], storageClassName: standard, resources: {requests: {storage: 1Gi}}}
            """)
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

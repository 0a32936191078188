/// The manifests of a Prometheus in a StatefulSet that scrapes itself and runs under its own user.
package struct PrometheusManifests {
    /// The port of the server: pods share the ports of this machine.
    package var port: UInt16
    /// Nil to leave it to `kubectl apply --namespace`.
    package var namespace: String?
    package var replicas = 1
    package var serviceType = "ClusterIP"
    package var storage = "1Gi"
    /// More arguments of the server.
    package var arguments: [String] = []

    package init(port: UInt16, namespace: String? = nil) {
        self.port = port
        self.namespace = namespace
    }

    private var metadata: String {
        "metadata: {name: prometheus" + (namespace.map { ", namespace: \($0)" } ?? "") + "}"
    }

    private var command: String {
        let words =
            [
                "prometheus", "--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus",
                "--web.listen-address=127.0.0.1:\(port)", "--web.enable-admin-api",
            ] + arguments
        return words.map { "        - \($0)" }.joined(separator: "\n")
    }

    /// YAML documents: a ConfigMap, a Service and a StatefulSet.
    package var text: String {
        """
        apiVersion: v1
        kind: ConfigMap
        \(metadata)
        data:
          prometheus.yml: |
            global: {scrape_interval: 1s, scrape_timeout: 1s}
            scrape_configs: [{job_name: lab, static_configs: [{targets: ['127.0.0.1:\(port)']}]}]
        ---
        apiVersion: v1
        kind: Service
        \(metadata)
        spec: {type: \(serviceType), selector: {app: prometheus}, ports: [{port: \(port)}]}
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        \(metadata)
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
        \(command)
                readinessProbe: {httpGet: {path: /-/ready, port: \(port)}, periodSeconds: 1}
                volumeMounts:
                - {name: data, mountPath: /prometheus, subPath: prometheus-db}
                - {name: config, mountPath: /etc/prometheus}
              volumes: [{name: config, configMap: {name: prometheus}}]
          volumeClaimTemplates:
          - metadata: {name: data}
            spec: {accessModes: [ReadWriteOnce], storageClassName: standard, resources: {requests: {storage: \(storage)}}}

        """
    }
}

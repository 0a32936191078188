/// The network policies of dr's pods and of movers.
struct NetworkManifests {
    let style: ManifestStyle

    var text: String {
        ManifestStyle.lines([jobs, "---", clusterJobs, movers])
    }

    /// A policy cannot name hosts, so the ports are open to every address.
    private var jobs: String {
        ManifestStyle.lines([
            """
            # No connection to a job of dr is possible. All jobs use the DNS and the store. A policy cannot name hosts: replace
            # the rule of the store by one with its addresses (ipBlock) if they are known. Notifications use port 443 too.
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata:
              name: dr
              namespace: \(style.namespace)
              labels: {app.kubernetes.io/name: dr}
            spec:
              podSelector: {matchLabels: {app.kubernetes.io/name: dr}}
              policyTypes: [Ingress, Egress]
              egress:
            """,
            Self.dns, store,
        ])
    }

    private var clusterJobs: String {
        ManifestStyle.lines([
            """
            # These jobs also use the API server, whose port is 443 or 6443, and the servers of the stack.
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata:
              name: dr-cluster
              namespace: \(style.namespace)
              labels: {app.kubernetes.io/name: dr}
            spec:
              podSelector:
                matchLabels: {app.kubernetes.io/name: dr}
                matchExpressions:
                - {key: app.kubernetes.io/component, operator: In, values: [backup, drill, restore]}
              policyTypes: [Egress]
              egress:
              - ports:
                - {protocol: TCP, port: 443}
                - {protocol: TCP, port: 6443}
              - to:
            """,
            style.each(style.settings.workloads, "$.Values.workloadNamespaces") {
                "    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: \($0)}}"
            },
        ])
    }

    /// Streams to a mover go through its kubelet, to which policies do not apply.
    private var movers: String? {
        style.each(style.settings.workloads, "$.Values.workloadNamespaces") { namespace in
            ManifestStyle.lines([
                """
                ---
                # Movers use the DNS and the server of their component, which is in the same namespace. The kubelet carries the
                # stream between dr and a mover, and policies do not apply to it.
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata:
                  name: \(style.outerName("movers"))
                  namespace: \(namespace)
                  labels: {app.kubernetes.io/name: dr, app.kubernetes.io/component: mover}
                spec:
                  podSelector:
                    matchLabels: {app.kubernetes.io/managed-by: dr}
                    matchExpressions:
                    - {key: dr/component, operator: Exists}
                  policyTypes: [Ingress, Egress]
                  egress:
                """,
                Self.dns, "  - to:\n    - podSelector: {}",
                style.when(style.settings.moversUseStore, "$.Values.networkPolicy.moversUseStore", lines: store),
            ])
        }
    }

    private static let dns = """
          - ports:
            - {protocol: UDP, port: 53}
            - {protocol: TCP, port: 53}
        """

    private var store: String {
        let ports = style.settings.storePorts.filter { $0 != 443 }.map { "    - {protocol: TCP, port: \($0)}" }
        let more =
            style.isChart
            ? "{{- range $port := $.Values.networkPolicy.storePorts }}\n    - {protocol: TCP, port: {{ $port }}}\n{{- end }}"
            : ports.isEmpty ? nil : ports.joined(separator: "\n")
        return ManifestStyle.lines(["  - ports:\n    - {protocol: TCP, port: 443}", more])
    }
}

internal import Documents

/// An operator that a test installs in the cluster.
package enum KubernetesOperator: String, Hashable, Sendable, CaseIterable {
    /// Prometheus Operator: a StatefulSet for each Prometheus and Alertmanager, which it changes back.
    case prometheus
    /// Sets the replicas of the targets of HorizontalPodAutoscalers.
    case autoscaler
    /// Argo CD: reapplies the objects that it tracks.
    case argo
    /// Flux: reapplies the objects that it tracks.
    case flux
}

extension KubernetesCluster {
    mutating func settleOperators() {}
}

/// The built-in recovery plans as text, so that `dr` works without any other file.
package enum ShippedPlan {
    /// The plans with their file names.
    package static let all: [(file: String, text: String)] = [
        ("complete_cluster_loss.yaml", PackageResources.complete_cluster_loss_yaml),
        ("prometheus_data_corruption.yaml", PackageResources.prometheus_data_corruption_yaml),
        ("monitoring_namespace_deletion.yaml", PackageResources.monitoring_namespace_deletion_yaml),
        ("component_update.yaml", PackageResources.component_update_yaml),
        ("incident_response.yaml", PackageResources.incident_response_yaml),
    ].map { ($0, String(decoding: $1, as: UTF8.self)) }
}

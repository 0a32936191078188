package import Documents

/// The settings of dr's objects in a cluster.
package struct ClusterSettings: Equatable, Sendable {
    /// The namespace of dr itself. It differs from those of the stack, because a recovery of these must survive their
    /// deletion.
    package var namespace = "dr"
    /// The container image with dr and kubectl.
    package var image = "registry.example/dr:\(Release.version)"
    /// The namespaces of the stack: dr runs movers there, and restores into them.
    package var workloads = ["monitoring"]
    /// The Secret whose keys become environment variables.
    package var secret = "dr"
    package var imagePullSecrets: [String] = []
    package var priorityClass: String?
    /// True for a small claim that keeps the cache between backups.
    package var keepsState = false
    /// The Secret with the credentials that may delete from the store; nil if backups prune by themselves.
    package var pruneSecret: String?
    /// True if the restore may create Roles with permissions that it does not have itself.
    package var restoresAccess = false
    /// The file of the recovery key in the pod of the restore; nil if backups are not encrypted.
    package var recoveryKey: String?
    /// True if backups read the objects of the namespaces.
    package var readsObjects = false
    /// True if backups use volume snapshots.
    package var usesSnapshots = false
    /// True if movers use the store themselves.
    package var moversUseStore = false
    /// The TCP ports of the store, in addition to 443.
    package var storePorts: [Int] = []
    /// The folder of a store in a directory, on the claim `dr-store`; nil for any other store.
    package var storeFolder: String?
    /// The share of the packs that the weekly sample reads, in per cent.
    package var sample = 5
    /// The time limit of a backup.
    package var backupDeadline = Period.minutes(115)
    /// The files of the ConfigMap: `dr.yaml` and the public files that it names, by their paths in `/etc/dr`.
    package var configuration: [ConfigurationText] = []
    /// The variables that `dr.yaml` reads from the environment.
    package var variables: [String] = []

    package init() {}

    package struct ConfigurationText: Equatable, Sendable {
        /// The path relative to `dr.yaml`.
        package var path: String
        package var text: String

        package init(path: String, text: String) {
            self.path = path
            self.text = text
        }

        /// The key in the ConfigMap, which may contain letters, digits, '-', '_' and '.' only.
        var key: String { path.replacing("/", with: "__") }
    }
}

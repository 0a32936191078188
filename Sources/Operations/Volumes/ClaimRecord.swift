import Documents
import Kubernetes
import Platform

/// A persistent volume claim as a backup records it, so that a restore can create it.
package struct ClaimRecord: Codable, Equatable, Sendable {
    /// The key of the facts in a manifest.
    static let fact = "kubernetes_volume"

    /// Maps a storage class to the cluster's default one.
    package static let defaultClass = "(default)"

    var name: String
    var storageClass: String?
    /// The requested size, and the size of the volume.
    var size: String?
    var capacity: String?
    var accessModes: [String]
    var volumeMode: String?
    var labels: [String: String]
    var annotations: [String: String]

    /// The place of the data in the volume, and the user and the groups with which the workload uses them.
    var workload: String?
    var mountPath: String?
    var subPath: String?
    var data: String?
    var user: Int?
    var group: Int?
    var supplementalGroups: [Int]?
    var fsGroup: Int?

    /// The longest text of labels or annotations that is recorded.
    private static let longestText = 4096

    init?(_ claim: JSONValue) {
        guard let name = claim["metadata"]?["name"]?.text else { return nil }
        self.name = name
        let spec = claim["spec"]
        storageClass = spec?["storageClassName"]?.text
        size = spec?["resources"]?["requests"]?["storage"]?.text
        capacity = claim["status"]?["capacity"]?["storage"]?.text
        accessModes = (spec?["accessModes"]?.array ?? []).compactMap(\.text)
        volumeMode = spec?["volumeMode"]?.text
        func texts(_ value: JSONValue?) -> [String: String] {
            (value?.object ?? [:]).compactMapValues(\.text).filter { key, value in
                value.utf8.count <= Self.longestText && !Self.isOfCluster(key)
            }
        }
        labels = texts(claim["metadata"]?["labels"])
        annotations = texts(claim["metadata"]?["annotations"])
    }

    /// True for annotations that the cluster itself writes about one volume.
    private static func isOfCluster(_ key: String) -> Bool {
        key.hasPrefix("pv.kubernetes.io/") || key.hasPrefix("volume.kubernetes.io/")
            || key.hasPrefix("volume.beta.kubernetes.io/") || key.hasPrefix("kubectl.kubernetes.io/")
    }

    /// True if pods on several nodes can mount the volume.
    var isForManyNodes: Bool { !Set(accessModes).isDisjoint(with: ["ReadWriteMany", "ReadOnlyMany"]) }

    /// Returns the facts of a manifest about the volume.
    func facts(_ place: VolumePlacement) throws -> [String: String] {
        var record = self
        record.workload = place.workload
        record.mountPath = place.mountPath
        record.subPath = place.subPath
        record.data = place.data
        record.user = place.user
        record.group = place.group
        record.supplementalGroups = place.supplementalGroups.isEmpty ? nil : place.supplementalGroups
        record.fsGroup = place.fsGroup
        return [Self.fact: try record.text()]
    }

    /// The document of the claim to create.
    /// - Parameters:
    ///   - storageClasses: the class to use, by the recorded one.
    ///   - bytes: the least size; the recorded one if that is larger.
    func document(
        namespace: String?, claim: String, storageClasses: [String: String], bytes: Int
    ) -> JSONValue {
        var metadata: [String: JSONValue] = [
            "name": .string(claim), "labels": .object(labels.mapValues { .string($0) }),
            "annotations": .object(annotations.mapValues { .string($0) }),
        ]
        if let namespace { metadata["namespace"] = .string(namespace) }
        let recorded = [size, capacity].compactMap(\.self).max { Quantity.bytes($0) ?? 0 < Quantity.bytes($1) ?? 0 }
        let size = recorded.flatMap { (Quantity.bytes($0) ?? 0) >= bytes ? $0 : nil } ?? "\(bytes)"
        var spec: [String: JSONValue] = [
            "accessModes": .array((accessModes.isEmpty ? ["ReadWriteOnce"] : accessModes).map { .string($0) }),
            "resources": ["requests": ["storage": .string(size)]],
        ]
        if let storageClass {
            let mapped = storageClasses[storageClass] ?? storageClass
            if mapped != Self.defaultClass { spec["storageClassName"] = .string(mapped) }
        }
        spec["volumeMode"] = volumeMode.map { .string($0) }
        return [
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": .object(metadata), "spec": .object(spec),
        ]
    }
}

extension ClaimRecord {
    /// Reads the record of a manifest; nil if it has none, or an unreadable one.
    init?(facts: [String: String]) {
        guard let text = facts[Self.fact],
            let record = try? JSONDecoding.decode(Self.self, text)
        else { return nil }
        self = record
    }

    fileprivate func text() throws -> String { try JSONDecoding.text(self) }
}

/// Quantities in the notation of Kubernetes: "10Gi", "500M", "1e9".
enum Quantity {
    private static let units: [(String, Double)] = [
        ("Ki", 1024), ("Mi", 1_048_576), ("Gi", 1_073_741_824), ("Ti", 1_099_511_627_776),
        ("Pi", 1_125_899_906_842_624), ("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12), ("P", 1e15), ("m", 1e-3),
    ]

    /// - Returns: nil for another text.
    static func bytes(_ text: String) -> Int? {
        for (unit, factor) in units where text.hasSuffix(unit) {
            return Double(text.dropLast(unit.count)).flatMap { Int(checked: ($0 * factor).rounded(.up)) }
        }
        return Double(text).flatMap { Int(checked: $0.rounded(.up)) }
    }
}

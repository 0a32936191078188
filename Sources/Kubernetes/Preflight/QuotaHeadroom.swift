internal import Documents
internal import FoundationEssentials
internal import Platform

/// Compares the needs of manifests with the quotas of their namespace.
struct QuotaHeadroom {
    /// Objects of the kind `ResourceQuota`.
    let quotas: [JSONValue]
    /// The manifests of objects that do not exist yet.
    let documents: [JSONValue]

    /// "the quota 'compute' has 2 of 10 pods left, and the manifests need 3"
    var shortages: [String] {
        let needs = needs
        return quotas.flatMap { quota -> [String] in
            let name = quota["metadata"]?["name"]?.text ?? "?"
            let hard = quota["status"]?["hard"]?.object ?? quota["spec"]?["hard"]?.object ?? [:]
            return hard.sorted { $0.key < $1.key }.compactMap { key, value in
                let resource = ["cpu": "requests.cpu", "memory": "requests.memory"][key] ?? key
                guard let need = needs[resource], let limit = value.scalar.flatMap(Quantity.init) else { return nil }
                let text = quota["status"]?["used"]?[key]?.scalar
                let used = text.flatMap(Quantity.init)?.value ?? 0
                guard used + need > limit.value else { return nil }
                return
                    "the quota '\(name)' allows \(value.scalar ?? "") of \(key), \(text ?? "0") are used, "
                    + "and the new objects need \(Quantity.text(need))"
            }
        }
    }

    private var needs: [String: Double] {
        var sums: [String: Double] = [:]
        func claim(_ spec: JSONValue?, times count: Double) {
            sums["persistentvolumeclaims", default: 0] += count
            guard let size = spec?["resources"]?["requests"]?["storage"]?.scalar.flatMap(Quantity.init) else { return }
            sums["requests.storage", default: 0] += size.value * count
        }
        for document in documents {
            let spec = document["spec"]
            switch document["kind"]?.text {
            case "PersistentVolumeClaim": claim(spec, times: 1)
            case "StatefulSet", "Deployment":
                let count = Double(spec?["replicas"]?.integer ?? 1)
                sums["pods", default: 0] += count
                for template in spec?["volumeClaimTemplates"]?.array ?? [] { claim(template["spec"], times: count) }
                for container in spec?["template"]?["spec"]?["containers"]?.array ?? [] {
                    for part in ["requests", "limits"] {
                        for (name, value) in container["resources"]?[part]?.object ?? [:] {
                            guard let size = value.scalar.flatMap(Quantity.init) else { continue }
                            sums["\(part).\(name)", default: 0] += size.value * count
                        }
                    }
                }
            default: break
            }
        }
        return sums
    }
}

/// A quantity of the API: "500m", "1.5Gi", "3", "1e3".
struct Quantity {
    var value: Double

    init?(_ text: String) {
        let factors: [(String, Double)] = [
            ("Ki", 0x1p10), ("Mi", 0x1p20), ("Gi", 0x1p30), ("Ti", 0x1p40), ("Pi", 0x1p50), ("Ei", 0x1p60),
            ("n", 1e-9), ("u", 1e-6), ("m", 1e-3), ("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12), ("P", 1e15),
            ("E", 1e18),
        ]
        let found = factors.first { text.hasSuffix($0.0) }
        guard let number = Double(text.dropLast(found?.0.count ?? 0)), number.isFinite else { return nil }
        value = number * (found?.1 ?? 1)
    }

    static func text(_ value: Double) -> String {
        for (unit, factor) in [("Ti", 0x1p40), ("Gi", 0x1p30), ("Mi", 0x1p20)] where value >= factor {
            return Units.significant(value / factor, digits: 4) + unit
        }
        return Units.significant(value, digits: 4)
    }
}

extension JSONValue {
    /// A text or a number as text.
    var scalar: String? {
        switch self {
        case .string(let text), .number(let text): text
        default: nil
        }
    }
}

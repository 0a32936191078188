internal import Documents

/// A quantity of a resource, such as "1500m", "10Gi" or "2".
struct KubernetesQuantity: Comparable, Sendable {
    var thousandths: Double

    init(_ value: JSONValue?) { self.init(text: value?.text ?? value?.integer.map(String.init) ?? "") }

    init(text: String) {
        let units: [(String, Double)] = [
            ("Ki", 1024), ("Mi", 1_048_576), ("Gi", 1_073_741_824), ("Ti", 1_099_511_627_776),
            ("Pi", 1_125_899_906_842_624), ("m", 0.001), ("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12), ("P", 1e15),
        ]
        let unit = units.first { text.hasSuffix($0.0) }
        let number = Double(text.dropLast(unit?.0.count ?? 0)) ?? 0
        thousandths = number * (unit?.1 ?? 1) * 1000
    }

    private init(thousandths: Double) { self.thousandths = thousandths }

    static let zero = KubernetesQuantity(thousandths: 0)

    static func < (first: KubernetesQuantity, second: KubernetesQuantity) -> Bool {
        first.thousandths < second.thousandths
    }

    static func + (first: KubernetesQuantity, second: KubernetesQuantity) -> KubernetesQuantity {
        KubernetesQuantity(thousandths: first.thousandths + second.thousandths)
    }

    static func - (first: KubernetesQuantity, second: KubernetesQuantity) -> KubernetesQuantity {
        KubernetesQuantity(thousandths: first.thousandths - second.thousandths)
    }

    /// The canonical text, in the largest binary unit that divides it.
    var text: String {
        guard thousandths >= 0, thousandths < 9e18 else { return "0" }
        let value = Int64(thousandths)
        guard value % 1000 == 0 else { return "\(value)m" }
        let whole = value / 1000
        let units: [(String, Int64)] = [("Ti", 1 << 40), ("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)]
        let unit = units.first { whole >= $0.1 && whole % $0.1 == 0 }
        return unit.map { "\(whole / $0.1)\($0.0)" } ?? "\(whole)"
    }
}

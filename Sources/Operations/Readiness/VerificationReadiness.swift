import BackupRepository
import ObjectStorage
import Platform

extension ReadinessRow {
    /// Judges the verification of the sets that a recovery would use now.
    /// - Parameters:
    ///   - verified: for each component, the newest verification of every byte of a set with it.
    ///   - limit: the longest time in seconds since a complete verification.
    static func verification(
        of components: Set<String>, _ latest: RestoreSelection, _ marks: SetMarks,
        verified: [String: ComponentProofs.Proof], now: Timestamp, limit: Int
    ) -> ReadinessRow {
        guard !components.isEmpty else {
            return ReadinessRow(.verification, is: .notApplicable, "the plan restores no component")
        }
        func age(_ at: Timestamp) -> Int { max(0, now.seconds.subtractingClamped(at.seconds)) }
        var findings: [(status: Status, text: String)] = []
        var damaged: [Timestamp: [String]] = [:]
        var proved: [Timestamp: (at: Timestamp, components: [String])] = [:]
        var unread: [Timestamp: [String]] = [:]
        for component in components.sorted() {
            let newest = latest.parts[component]?.set.name
            if let newest, marks[newest].isDamaged {
                damaged[newest, default: []].append(component)
            } else if let proof = verified[component] {
                guard age(proof.at) <= limit else {
                    findings.append(
                        (
                            .amber,
                            "\(component): every byte last verified \(Units.duration(seconds: age(proof.at))) ago, "
                                + "limit \(Units.duration(seconds: limit))"
                        ))
                    continue
                }
                proved[proof.set, default: (proof.at, [])].components.append(component)
                if let newest, newest != proof.set { unread[newest, default: []].append(component) }
            } else {
                let isChecked = newest.map { marks[$0].checked != nil } ?? false
                findings.append(
                    (
                        .amber,
                        "\(component): "
                            + (isChecked
                                ? "only the structure of its newest set is verified, never every byte"
                                : "never verified")
                    ))
            }
        }
        // Marks name sets: which of its components the damage concerns is not known here.
        let broken = damaged.sorted { $0.key > $1.key }.map { set, parts in
            (
                status: Status.red,
                text: "set \(set) is damaged, the newest with \(parts.joined(separator: ", ")); "
                    + "a verification names the damaged component"
            )
        }
        let good = proved.sorted { $0.key > $1.key }.map { set, proof in
            "every byte of \(proof.components.joined(separator: ", ")) verified in set \(set), "
                + "\(Units.duration(seconds: age(proof.at))) ago"
        }
        let newer = unread.sorted { $0.key > $1.key }.map { set, parts in
            "the newest set of \(parts.joined(separator: ", ")), \(set), is not read yet"
        }
        return row(
            .verification, broken + findings, good: (good + newer).joined(separator: "; "),
            remedy: "dr verify --read-data")
    }
}

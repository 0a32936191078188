internal import BackupRepository
internal import Documents

/// Groups of alert rules, which the API replaces completely: rules that only the target's group has are sent along with
/// the backup's, so that they stay.
extension OrganizationContent {
    /// The place of a rule in the target.
    private struct RulePlace: Hashable {
        var folder: String
        var group: String
    }

    private struct PresentRules {
        var groups: Set<RulePlace> = []
        /// By uid.
        var places: [String: RulePlace] = [:]
        /// Uid by folder and title.
        var titles: [[String]: String] = [:]
    }

    func importRuleGroups() async throws {
        let folders = try await run.tree.entries(of: "\(organization.folder)/alert-rules")
        guard !folders.isEmpty else { return }
        let present = try await run.reading { try await presentRules() }
        for folder in folders {
            for path in try await run.tree.documents(in: folder) {
                try await run.settle("alert rule group", document: path) {
                    organization.naming("\($0.text("title"))' in folder '\($0.text("folderUid"))")
                } _: {
                    try await planRuleGroup($0, present)
                }
            }
        }
    }

    private func presentRules() async throws -> PresentRules {
        var rules = PresentRules()
        for rule in try await list(["alert-rules"]) {
            let place = RulePlace(folder: rule.text("folderUID"), group: rule.text("ruleGroup"))
            rules.groups.insert(place)
            rules.places[rule.text("uid")] = place
            rules.titles[[place.folder, rule.text("title")]] = rule.text("uid")
        }
        return rules
    }

    private func planRuleGroup(_ document: JSONValue, _ present: PresentRules) async throws -> Plan {
        let place = RulePlace(folder: document.text("folderUid"), group: document.text("title"))
        let path = ["v1", "provisioning", "folder", place.folder, "rule-groups", place.group]
        // Old versions answer 500 for a group that does not exist, so that only existing ones are read.
        var current = present.groups.contains(place) ? try await read(path) : nil
        if (current?["rules"]?.array ?? []).isEmpty { current = nil }
        let wanted = document["rules"]?.array ?? []
        let uids = Set(wanted.map { $0.text("uid") })
        for rule in wanted {
            guard let other = present.titles[[place.folder, rule.text("title")]], !uids.contains(other) else {
                continue
            }
            throw Obstacle.conflict("rule '\(rule.text("title"))' of this folder has the uid '\(other)' in the target")
        }
        let others = (current?["rules"]?.array ?? []).filter { !uids.contains($0.text("uid")) }
        let same = (current?["rules"]?.array ?? []).filter { uids.contains($0.text("uid")) }
        let isSame =
            current.map { Likeness.alike(document, $0, members: ["interval"]) } == true && same.count == wanted.count
            && zip(wanted, same).allSatisfy { Self.alikeRules($0, $1) && Self.hasOrigin($0, $1) }
        let titles = others.map { "'\($0.text("title"))'" }.joined(separator: ", ")
        if isSame, others.isEmpty || !run.request.replaces {
            return Plan(
                outcome: .same, details: others.isEmpty ? [] : ["beside rules that only the target has: \(titles)"])
        }
        for rule in same { try Self.checkOrigin(rule) }
        let kept = run.request.replaces ? [] : others
        var details: [String] = []
        if !others.isEmpty {
            details.append(kept.isEmpty ? "removes the rules \(titles)" : "keeps the rules \(titles)")
        }
        let moved = wanted.filter { present.places[$0.text("uid")].map { $0 != place } == true }
        details += moved.map { rule in
            let from = present.places[rule.text("uid")]
            return
                "moves rule '\(rule.text("title"))' from group '\(from?.group ?? "")' of folder '\(from?.folder ?? "")'"
        }
        if wanted.contains(where: { $0.text("provenance") == "file" }), current == nil {
            details += ["came from a provisioning file, and can be edited until one provides it"]
        }
        let rules = (wanted + kept).map(form)
        let isAPI = (wanted + (current?["rules"]?.array ?? [])).contains { $0.text("provenance") == "api" }
        let body: JSONValue = [
            "title": .string(place.group), "folderUid": .string(place.folder),
            "interval": document["interval"] ?? 60, "rules": .array(rules),
        ]
        let apply = { () async throws -> [String] in
            try await write("PUT", path, body: body, headers: isAPI ? [] : [("X-Disable-Provenance", "true")])
            return []
        }
        return current == nil && moved.isEmpty ? .create(details, apply: apply) : .update(details, apply: apply)
    }

    private static let volatile = ["id", "orgID", "updated", "updated_by", "updatedBy", "provenance", "version"]

    static func alikeRules(_ first: JSONValue, _ second: JSONValue) -> Bool {
        let (first, second) = (first.removing(volatile), second.removing(volatile))
        let members = Set((first.object ?? [:]).keys).union((second.object ?? [:]).keys)
        return Likeness.alike(first, second, members: Array(members))
    }

    private func form(_ rule: JSONValue) -> JSONValue {
        var form = rule.removing(["id", "updated", "provenance"])
        if let target { form["orgID"] = JSONValue(target) }
        return form
    }
}

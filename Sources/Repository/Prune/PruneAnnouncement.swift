internal import Catalog
internal import ObjectStorage

/// The first phase: says what is to be deleted once the grace is over.
struct PruneAnnouncement {
    let prune: Prune
    let survey: PruneSurvey

    func make(_ report: inout PruneReport) throws {
        var intent = PruneIntent(at: survey.now, tool: prune.tool, sets: survey.dropped, orphans: [:], packs: [:])
        for set in intent.sets {
            report.announced.sets += 1
            report.announced.bytes += survey.setBytes[set.name] ?? 0
            for manifest in set.manifests { try count(manifest.component, manifest.name, &report) }
        }
        let announced = Set(
            survey.pending.flatMap { pending in
                pending.intent.orphans.flatMap { component, manifests in
                    manifests.map { Layout.manifest(component, $0.name) }
                }
            })
        for (component, manifest) in survey.orphans where survey.sealed[component] == nil {
            guard !announced.contains(Layout.manifest(component, manifest.name)) else { continue }
            intent.orphans[component, default: []].append(manifest)
            try count(component, manifest.name, &report)
        }
        try addPacks(to: &intent, &report)
        guard !intent.isEmpty, !prune.isDryRun else { return }
        try Marks(prune.repository).put(intent)
    }

    private func count(_ component: String, _ manifest: Timestamp, _ report: inout PruneReport) throws {
        guard let listed = try survey.ledger.manifest(component, manifest.seconds) else { return }
        report.announced.manifests += 1
        report.announced.bytes += listed.bytes
    }

    private func addPacks(to intent: inout PruneIntent, _ report: inout PruneReport) throws {
        var last: PruneLedger.Unneeded?
        while true {
            let page = try survey.ledger.unneededPacks(after: last, limit: 1000)
            guard !page.isEmpty else { return }
            last = page.last
            for pack in page where survey.sealed[pack.component] == nil {
                try Task.checkCancellation()
                // What no manifest names at all may be a running backup's, unless it is old.
                let isOld =
                    pack.modified != .max && survey.storeNow - pack.modified >= prune.grace
                    && pack.modified < survey.protectedSince
                guard pack.need == .held || isOld, try !survey.ledger.isAnnounced(pack.component, pack.id) else {
                    continue
                }
                intent.packs[pack.component, default: []].append(pack.id)
                report.announced.packs += 1
                report.announced.bytes += pack.bytes
            }
        }
    }
}

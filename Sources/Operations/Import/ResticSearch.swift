import BackupRepository
import Components
import Platform
import StackConfiguration

/// The snapshots of a restic repository that hold a component's directory. Blocks.
struct ResticSearch: Sendable {
    let choice: ComponentChoice
    let repository: ResticRepository

    func run() throws -> ForeignFindings {
        var findings = ForeignFindings()
        let wanted = try choice.chosen.map { chosen in
            guard let path = chosen.place ?? chosen.component.settings.home, path.hasPrefix("/") else {
                throw UsageError(
                    "component '\(chosen.component.name)' has no directory in dr.yaml",
                    hint: "name its path in the snapshots: --component \(chosen.component.name)=/PATH")
            }
            return (chosen: chosen, path: Self.normal(path))
        }
        for snapshot in try repository.snapshots() {
            let short = String(snapshot.id.prefix(8))
            var candidate = ForeignCandidate(time: snapshot.time, name: short, from: repository.location, parts: [])
            for (chosen, path) in wanted {
                // A path of a snapshot that was made from a relative path begins at its root.
                let isCovered =
                    chosen.place != nil
                    || snapshot.paths.contains { path == $0 || path.hasPrefix($0 == "/" ? "/" : "\($0)/") }
                guard isCovered, try repository.size(of: path, in: snapshot) != nil else { continue }
                var file = ForeignFile(
                    record: ImportedFrom.File(component: chosen.component.name, path: "\(snapshot.id)\(path)"),
                    name: "snapshot.tar", isArchive: true
                ) { [repository] in try repository.archive(of: path, in: snapshot) }
                file.keepsLinksOutside = true
                candidate.parts.append(
                    ForeignCandidate.Part(
                        component: chosen.component, form: chosen.form, files: [file],
                        folder: String(path.dropFirst())))
            }
            if candidate.parts.isEmpty {
                findings.notes.append(
                    "snapshot \(short) of \(snapshot.time.readable) does not hold "
                        + wanted.map(\.path).joined(separator: " or "))
            } else {
                findings.candidates.append(candidate)
            }
        }
        return findings
    }

    private static func normal(_ path: String) -> String {
        "/" + path.split(separator: "/").joined(separator: "/")
    }
}

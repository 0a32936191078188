import BackupRepository
import Components
import FoundationEssentials
import Platform
import StackConfiguration

/// Finds the backups of a source. Blocks.
struct ForeignSearch: Sendable {
    let choice: ComponentChoice
    /// Seconds east of UTC, for names without a zone.
    var offset = 0

    // MARK: Folders

    /// `<folder>/<time>/<file>` for each component. The files of one time become one set.
    func folders(in place: ForeignPlace, at address: String) throws -> ForeignFindings {
        var findings = ForeignFindings()
        for chosen in choice.chosen {
            guard case .folder(let usual, let wanted) = chosen.form.layout else { continue }
            let folder = chosen.place ?? usual
            var found: [String: [ForeignPlace.File]] = [:]
            let files = try place.files(below: folder)
            for file in files {
                let parts = file.path.dropFirst(folder.count + 1).split(separator: "/").map(String.init)
                guard parts.count == 2, wanted.contains(parts[1]) else { continue }
                found[parts[0], default: []].append(file)
            }
            if found.isEmpty {
                findings.notes.append(
                    files.isEmpty
                        ? "\(chosen.component.name): there is no folder '\(folder)'"
                        : "\(chosen.component.name): no folder of '\(folder)' has \(wanted.joined(separator: " or "))")
            }
            for (name, files) in found.sorted(by: { $0.key < $1.key }) {
                guard let time = ForeignTime.parse(name, offset: offset) else {
                    guard name.contains(where: \.isNumber) else {  // "latest"
                        findings.notes.append("'\(folder)/\(name)' is skipped: its name is not a time")
                        continue
                    }
                    findings.problems.append(
                        ForeignProblem(source: "\(folder)/\(name)", reason: "its name is not a time"))
                    continue
                }
                let part = ForeignCandidate.Part(
                    component: chosen.component, form: chosen.form,
                    files: try files.map { try file($0, in: place, of: chosen.component.name) })
                Self.add(part, named: name, at: time, from: address, to: &findings.candidates)
            }
        }
        findings.candidates.sort { $0.time < $1.time }
        return findings
    }

    /// Joins the components of one time. A second backup of one component and time is a set of its own.
    private static func add(
        _ part: ForeignCandidate.Part, named name: String, at time: Timestamp, from address: String,
        to candidates: inout [ForeignCandidate]
    ) {
        let name = "\(part.files[0].record.path.split(separator: "/").dropLast().joined(separator: "/"))"
        let matching = candidates.firstIndex { candidate in
            candidate.time == time && !candidate.parts.contains { $0.component.name == part.component.name }
        }
        guard let matching else {
            candidates.append(ForeignCandidate(time: time, name: name, from: address, parts: [part]))
            return
        }
        candidates[matching].parts.append(part)
        candidates[matching].name += ", \(name)"
    }

    // MARK: Archives

    /// Archives whose file names are their times, each of which becomes one set.
    /// - Parameter only: the name of the one archive; nil for all archives of the place.
    func archives(in place: ForeignPlace, at address: String, only: String?) throws -> ForeignFindings {
        var findings = ForeignFindings()
        guard let chosen = choice.chosen.first(where: { $0.form.layout == .archive }) else { return findings }
        for found in try place.files(below: "") {
            let name = found.path.split(separator: "/").last.map(String.init) ?? found.path
            guard only.map({ $0 == found.path }) ?? ForeignFile.isArchive(name) else { continue }
            let stem = name.prefix(upTo: name.firstRange(of: ".t")?.lowerBound ?? name.endIndex)
            guard let time = ForeignTime.parse(String(stem), offset: offset) else {
                findings.problems.append(ForeignProblem(source: found.path, reason: "its name is not a time"))
                continue
            }
            let part = ForeignCandidate.Part(
                component: chosen.component, form: chosen.form,
                files: [try file(found, in: place, of: chosen.component.name)])
            findings.candidates.append(
                ForeignCandidate(time: time, name: found.path, from: address, parts: [part]))
        }
        if let only, findings.candidates.isEmpty, findings.problems.isEmpty {
            findings.problems.append(ForeignProblem(source: only, reason: "there is no such archive"))
        }
        findings.candidates.sort { ($0.time, $0.name) < ($1.time, $1.name) }
        return findings
    }

    private func file(_ file: ForeignPlace.File, in place: ForeignPlace, of component: String) throws -> ForeignFile {
        let name = file.path.split(separator: "/").last.map(String.init) ?? file.path
        return ForeignFile(
            record: ImportedFrom.File(
                component: component, path: file.path, size: file.size, sha256: try place.digest(of: file)),
            modified: file.modified, name: name, isArchive: ForeignFile.isArchive(name)
        ) { try place.pieces(of: file) }
    }
}

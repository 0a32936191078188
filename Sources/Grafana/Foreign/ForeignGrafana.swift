internal import BackupRepository
internal import Components
internal import Documents
internal import Platform

/// Backups of a Grafana that other tools made over its API.
enum ForeignGrafana {
    static let forms = [
        ForeignBackup(
            ForeignBackup.runbook, .folder("grafana", files: ["dashboards.json", "datasources.json"]), open: openLists),
        ForeignBackup("grafana-backup-tool", .archive, open: openTool),
    ]

    // MARK: Lists in two files

    @Sendable private static func openLists(_ files: ForeignFiles) throws -> any Capture {
        var documents = try ForeignDocuments(in: files.work)
        for (file, isDashboards) in [("datasources.json", false), ("dashboards.json", true)] {
            guard let list = try read(file, in: files.root) else {
                documents.warn("the backup has no \(file)")
                continue
            }
            guard let items = list.array ?? list[isDashboards ? "dashboards" : "datasources"]?.array else {
                throw ForeignDocuments.malformed("'\(file)' is not a list")
            }
            for item in items {
                if isDashboards {
                    try documents.take(dashboard: item)
                } else {
                    try documents.take(dataSource: item)
                }
            }
        }
        documents.warn(
            "the backup holds dashboards and data sources only: no alerting, no users, no permissions of its folders")
        return try documents.finish()
    }

    // MARK: Archives with one file for each object

    /// Paths end in `<kind>/<time>/<name>.<extension>`; what is before them depends on the tool's `backup_dir`.
    @Sendable private static func openTool(_ files: ForeignFiles) throws -> any Capture {
        let found = try documents(below: files.root)
        guard found.contains(where: { kinds.contains($0.type) }) else {
            throw ForeignDocuments.malformed("the archive holds no document of grafana-backup-tool")
        }
        var documents = try ForeignDocuments(in: files.work)
        if let first = found.first(where: { $0.type == "organization" }) {
            documents.take(organization: try read(first.path, in: files.root) ?? .null)
        }
        var permissions: [String: [JSONValue]] = [:]
        for file in found where file.type == "folder_permission" {
            permissions[file.name] = try read(file.path, in: files.root)?.array
        }
        var skipped: [String: Int] = [:]
        for file in found {
            guard kinds.contains(file.type) else {
                if !["txt", "folder_permission", "organization"].contains(file.type) {
                    skipped[file.type, default: 0] += 1
                }
                continue
            }
            guard let document = try read(file.path, in: files.root) else { continue }
            do { try take(document, of: file, permissions[file.name], into: &documents) } catch let error
                as ComponentError
            {
                throw ForeignDocuments.malformed("'\(file.path.printable)': \(error.detail)")
            }
        }
        if found.count(where: { $0.type == "organization" }) > 1 {
            documents.warn(
                "the backup describes several organisations; its objects belong to the one that its credentials had")
        }
        if !skipped.isEmpty {
            let list = skipped.sorted { $0.key < $1.key }.map { "\($0.value) of .\($0.key.printable)" }
            documents.warn("files of kinds that dr does not import: \(list.joined(separator: ", "))")
        }
        return try documents.finish()
    }

    private struct File {
        var path: String
        var name: String
        var type: String
    }

    private static let kinds: Set = [
        "dashboard", "datasource", "folder", "library_element", "alert_rule", "contact_point", "notification_policys",
        "annotation",
    ]

    private static func take(
        _ document: JSONValue, of file: File, _ permissions: [JSONValue]?, into documents: inout ForeignDocuments
    ) throws {
        switch file.type {
        case "dashboard": try documents.take(dashboard: document)
        case "datasource": try documents.take(dataSource: document)
        case "folder": try documents.take(folder: document, permissions: permissions)
        case "library_element": try documents.take(libraryElement: document)
        case "alert_rule": try documents.take(alertRule: document)
        case "contact_point":
            for point in document.array ?? [document] { try documents.take(contactPoint: point) }
        case "notification_policys": try documents.take(policies: document)
        default: try documents.take(annotation: document)
        }
    }

    private static func documents(below root: String) throws -> [File] {
        try ForeignTree.files(below: root).compactMap { path in
            let name = path.split(separator: "/").last.map(String.init) ?? path
            guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return nil }
            return File(path: path, name: String(name[..<dot]), type: String(name[name.index(after: dot)...]))
        }
    }

    /// - Returns: nil if the file does not exist.
    private static func read(_ path: String, in root: String) throws -> JSONValue? {
        try Task.checkCancellation()
        guard let content = try ForeignTree.content(of: "\(root)/\(path)", limit: 256 << 20) else { return nil }
        do { return try JSONValue(parsing: content) } catch {
            throw ForeignDocuments.malformed("'\(path.printable)' is damaged: \(error)")
        }
    }
}

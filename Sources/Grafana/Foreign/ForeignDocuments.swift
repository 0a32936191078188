internal import BackupRepository
internal import Components
internal import Cryptography
internal import Documents

/// The tree of one organisation, made from documents that another tool read from the API.
struct ForeignDocuments {
    private let tree: DocumentTree
    private(set) var counts: [String: Int] = [:]
    private(set) var warnings: [String] = []
    private(set) var withheld: [Withheld] = []
    private var organization = (id: 1, name: "Main Org.", address: JSONValue?.none)
    private var folders: Set<String> = []
    /// Titles of folders that dashboards name.
    private var named: [String: String] = [:]
    /// Rules by folder and group.
    private var rules: [[String]: [JSONValue]] = [:]

    /// - Parameter work: an empty directory of this process.
    init(in work: String) throws { tree = try DocumentTree(in: work, run: "import") }

    private var folder: String { "organizations/\(organization.id)" }

    // MARK: Objects

    /// Takes the organisation's own document. Call it before all others.
    mutating func take(organization document: JSONValue) {
        guard let id = document["id"]?.integer, id > 0, let name = document["name"]?.text else { return }
        organization = (id, name, document["address"])
    }

    mutating func take(folder document: JSONValue, permissions: [JSONValue]?) throws {
        guard let uid = document["uid"]?.text, !uid.isEmpty else { throw Self.malformed("a folder without a uid") }
        var content = GrafanaDocument.picked(document, ["uid", "title", "description", "parentUid"])
        if content["parentUid"]?.text?.isEmpty == true { content = content.removing(["parentUid"]) }
        if let permissions { content["permissions"] = GrafanaDocument.permissions(permissions) }
        try write("folders", uid: uid, content)
        folders.insert(uid)
        count("folders")
    }

    /// - Parameter document: `{"dashboard": …, "meta": …}` as the API returns it, the same with `folderUid` as it takes
    ///   it, or the dashboard itself.
    mutating func take(dashboard document: JSONValue) throws {
        let content = document["dashboard"] ?? document
        guard content.object != nil, content["panels"] != nil || content["title"] != nil || content["spec"] != nil,
            content["uri"] == nil
        else {
            throw Self.malformed(
                content["uri"] != nil
                    ? "it lists the results of a search, which do not hold the dashboards"
                    : "a dashboard without content")
        }
        var meta = document["meta"] ?? [:]
        if let place = document["folderUid"] { meta["folderUid"] = place }
        var dashboard = content
        if (content["uid"]?.text ?? "").isEmpty {
            dashboard["uid"] = .string(Self.uid(for: [meta["folderTitle"]?.text ?? "", content["title"]?.text ?? ""]))
        }
        let uid = dashboard["uid"]?.text ?? ""
        // Without permissions, an import leaves those of the target.
        let whole = GrafanaDocument.dashboard(dashboard, meta: meta, permissions: [], publicDashboard: nil)
        try write("dashboards", uid: uid, whole.removing(["permissions"]))
        if let place = whole["folderUid"]?.text { named[place] = meta["folderTitle"]?.text ?? named[place] ?? "" }
        count("dashboards")
    }

    mutating func take(dataSource document: JSONValue) throws {
        guard let name = document["name"]?.text, document["type"]?.text != nil else {
            throw Self.malformed("a data source without a name or a type")
        }
        var source = GrafanaDocument.dataSource(document)
        if (source["uid"]?.text ?? "").isEmpty { source["uid"] = .string(Self.uid(for: [name])) }
        // Grafana accepts no data source without it, and this is what its own form proposes.
        if source["access"] == nil { source["access"] = "proxy" }
        let uid = source["uid"]?.text ?? ""
        let path = try write("data-sources", uid: uid, source)
        count("data sources")
        let fields = (document["secureJsonFields"]?.object ?? [:]).filter { $0.value == true }.keys.sorted()
        guard !fields.isEmpty else { return }
        withheld.append(
            Withheld(
                path: path, object: "data source '\(name)' of organisation '\(organization.name)'",
                secrets: fields.map { "data-source/\(uid)/\($0)" }))
    }

    mutating func take(libraryElement document: JSONValue) throws {
        guard let uid = document["uid"]?.text, !uid.isEmpty else {
            throw Self.malformed("a library element without a uid")
        }
        try write("library-elements", uid: uid, GrafanaDocument.libraryElement(document))
        count("library elements")
    }

    mutating func take(alertRule document: JSONValue) throws {
        guard let place = document["folderUID"]?.text, let group = document["ruleGroup"]?.text else {
            throw Self.malformed("an alert rule without a folder or a group")
        }
        rules[[place, group], default: []].append(document)
    }

    mutating func take(contactPoint document: JSONValue) throws {
        let (uid, name) = (document["uid"]?.text ?? "", document["name"]?.text ?? "")
        let key = uid.isEmpty ? name : uid
        guard !key.isEmpty else { throw Self.malformed("a contact point without a name") }
        let path = try write("contact-points", uid: key, document.removing(["version"]))
        count("contact points")
        let fields = OrganizationExport.secretFields(of: document)
        guard !fields.isEmpty else { return }
        withheld.append(
            Withheld(
                path: path, object: "contact point '\(name)' (\(uid)) of organisation '\(organization.name)'",
                secrets: fields.map { "contact-point/\(key)/\($0)" }))
    }

    mutating func take(policies document: JSONValue) throws {
        guard document["receiver"] != nil else { throw Self.malformed("notification policies without a receiver") }
        try tree.write("\(folder)/notification-policies.json", document.document)
    }

    mutating func take(annotation document: JSONValue) throws {
        // No client can write the annotations that alerts write.
        guard (document["alertId"]?.integer ?? 0) == 0 else { return }
        guard let number = document["id"]?.integer, let time = document["time"]?.integer else {
            throw Self.malformed("an annotation without an id or a time")
        }
        let content = GrafanaDocument.annotation(document)
        try tree.write("\(folder)/annotations/\(GrafanaDocument.day(time))/\(number).json", content.document)
        count("annotations")
    }

    mutating func warn(_ text: String) { warnings.append(text) }

    // MARK: The tree

    /// Writes what needs all documents, and returns the capture.
    mutating func finish() throws -> ForeignTree {
        for (uid, title) in named.sorted(by: { $0.key < $1.key }) where !folders.contains(uid) {
            // A dashboard names its folder, and says nothing else about it.
            let unknown: [JSONValue] = (title.isEmpty ? ["title"] : []) + ["description", "parentUid"]
            try write(
                "folders", uid: uid,
                ["uid": .string(uid), "title": .string(title.isEmpty ? uid : title), "unknown": .array(unknown)])
            count("folders")
        }
        for (place, members) in rules.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            let group = GrafanaDocument.ruleGroup([
                "title": .string(place[1]), "folderUid": .string(place[0]), "interval": 60, "rules": .array(members),
            ])
            let path =
                "\(folder)/alert-rules/\(DocumentTree.name(for: place[0]))/\(DocumentTree.name(for: place[1])).json"
            try tree.write(path, group.document)
            count("alert rule groups")
        }
        if !rules.isEmpty {
            warnings.append("the backup lacks the intervals of alert rule groups: a restore sets them to one minute")
        }
        var document: JSONValue = ["id": JSONValue(organization.id), "name": .string(organization.name)]
        if let address = organization.address { document["address"] = address }
        try tree.write("\(folder)/organization.json", document.document)
        try tree.removeTheRest()
        counts["organizations"] = 1
        var capture = ForeignTree(tree.path, facts: counts.mapValues(String.init), warnings: warnings)
        capture.withheld = withheld
        return capture
    }

    @discardableResult
    private func write(_ kind: String, uid: String, _ document: JSONValue) throws -> String {
        let path = "\(folder)/\(kind)/\(DocumentTree.name(for: uid)).json"
        try tree.write(path, document.document)
        return path
    }

    private mutating func count(_ kind: String) { counts[kind, default: 0] += 1 }

    /// A uid for an object that has none, the same for each import of it.
    private static func uid(for names: [String]) -> String {
        "dr-" + Digest(of: Array(names.joined(separator: "\n").utf8)).hex.prefix(16)
    }

    static func malformed(_ detail: String) -> ComponentError {
        ComponentError(.damaged, operation: "read a document of the backup", detail)
    }
}

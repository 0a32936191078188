internal import BackupRepository
internal import Documents
internal import HTTP
internal import Platform
internal import Synchronization

/// Folders, dashboards, library elements, playlists.
extension OrganizationExport {
    // MARK: Folders

    func exportFolders() async throws {
        // Lists have one level: the folders of each level are queried for their children.
        var level: [String?] = [nil]
        var known: Set<String> = ["", "general", "sharedwithme"]
        while !level.isEmpty {
            let found = Mutex([String: String?]())
            try await level.concurrentForEach(limit: Self.width) { parent in
                try await part("folders") {
                    let query = parent.map { [(name: "parentUid", value: $0)] } ?? []
                    let shape = GrafanaAPI.ListShape(size: "limit")
                    do {
                        try api.pages(["folders"], query: query, organization: header, shape: shape) {
                            $0["uid"]?.text ?? ""
                        } _: { page in
                            found.withLock {
                                for uid in page.compactMap({ $0["uid"]?.text }) { $0[uid] = parent }
                            }
                        }
                    } catch let error as GrafanaAPIError where error.reason == .notFound && parent != nil {
                        findings.hasVanished("folders")
                    }
                }
            }
            // A server without nested folders answers every request with the same folders, which are known by then.
            let fresh = found.withLock { $0 }.filter { known.insert($0.key).inserted }
            try await each("folders", in: fresh.keys.sorted(), path: { "\(folder)/\(Self.folderPath($0))" }) { uid in
                let detail = try get(["folders", uid])
                var document = GrafanaDocument.picked(detail, ["uid", "title", "description"])
                let parent = detail["parentUid"]?.text ?? fresh[uid].flatMap { $0 } ?? ""
                if !parent.isEmpty { document["parentUid"] = .string(parent) }
                document["permissions"] = GrafanaDocument.permissions(try whole(["folders", uid, "permissions"]))
                try write(Self.folderPath(uid), document)
            }
            level = fresh.keys.sorted()
        }
    }

    private static func folderPath(_ uid: String) -> String { "folders/\(DocumentTree.name(for: uid)).json" }

    // MARK: Dashboards

    func exportDashboards() async throws {
        let uids = Mutex([String]())
        let shared = Mutex(Set<String>())
        try await part("dashboards") {
            let shape = GrafanaAPI.ListShape(size: "limit", limit: 5000)
            let query = [(name: "type", value: "dash-db")]
            try api.pages(["search"], query: query, organization: header, shape: shape) {
                $0["uid"]?.text ?? ""
            } _: { page in
                uids.withLock { $0 += page.compactMap { $0["uid"]?.text } }
            }
            findings.wasListed("dashboards")
        }
        try await part("public dashboards", mayBeAbsent: true) {
            let shape = GrafanaAPI.ListShape(["publicDashboards"])
            try api.pages(["dashboards", "public-dashboards"], organization: header, shape: shape) {
                $0["uid"]?.text ?? ""
            } _: { page in
                shared.withLock { $0.formUnion(page.compactMap { $0["dashboardUid"]?.text }) }
            }
        }
        let public_ = shared.withLock { $0 }
        let path = { @Sendable (uid: String) in "dashboards/\(DocumentTree.name(for: uid)).json" }
        try await each("dashboards", in: uids.withLock { $0 }, path: { "\(folder)/\(path($0))" }) { uid in
            try write(path(uid), try dashboard(uid, isShared: public_.contains(uid)))
        }
    }

    private func dashboard(_ uid: String, isShared: Bool) throws -> JSONValue {
        let request = GrafanaRequest("GET", ["dashboards", "uid", uid], organization: header)
        let answer = try api.perform(request)
        let permissions = { GrafanaDocument.permissions(try whole(["dashboards", "uid", uid, "permissions"])) }
        // The type is written out, because `nil` alone would be JSON's null, a value.
        let publicDashboard: () throws -> JSONValue? = {
            isShared ? try get(["dashboards", "uid", uid, "public-dashboards"]) : nil
        }
        if answer.status == 406 {
            let place = try Self.place(in: answer, of: uid)
            return GrafanaDocument.resource(
                try api.value(place.acting(in: header)), permissions: try permissions(),
                publicDashboard: try publicDashboard())
        }
        guard answer.isSuccess else { throw GrafanaAPIError(answer) }
        let found: JSONValue
        do {
            found = try JSONValue(parsing: answer.body)
        } catch {
            throw GrafanaAPIError(
                .refused, operation: answer.operation, "the dashboard does not parse: \(error)", status: 200)
        }
        guard let content = found["dashboard"], content.object != nil else {
            throw GrafanaAPIError(.refused, operation: answer.operation, "the answer has no dashboard", status: 200)
        }
        return GrafanaDocument.dashboard(
            content, meta: found["meta"] ?? [:], permissions: try permissions(),
            publicDashboard: try publicDashboard())
    }

    /// The address of a dashboard that this interface cannot show, from the refusal: "use /apis/… instead".
    static func place(in answer: GrafanaAnswer, of uid: String) throws -> GrafanaRequest {
        guard let segments = ResourceAddress.segments(in: answer.message ?? "", of: uid) else {
            throw GrafanaAPIError(answer)
        }
        var request = GrafanaRequest("GET", segments)
        request.isAppPlatform = true
        return request
    }

    // MARK: Library elements and playlists

    func libraryElements() throws {
        let shape = GrafanaAPI.ListShape(["result", "elements"], size: "perPage", limit: 100)
        try api.pages(["library-elements"], organization: header, shape: shape) {
            $0["uid"]?.text ?? ""
        } _: { page in
            for element in page {
                guard let uid = element["uid"]?.text else { continue }
                try write(
                    "library-elements/\(DocumentTree.name(for: uid)).json", GrafanaDocument.libraryElement(element))
                findings.count("library elements")
            }
        }
    }

    func playlists() throws {
        for entry in try whole(["playlists"], query: [("limit", "100000")]) {
            guard let uid = entry["uid"]?.text else { continue }
            let path = "playlists/\(DocumentTree.name(for: uid)).json"
            try object("playlists", at: "\(folder)/\(path)") {
                var playlist = try get(["playlists", uid])
                if playlist["items"]?.array == nil {
                    playlist["items"] = try get(["playlists", uid, "items"])
                }
                try write(path, GrafanaDocument.playlist(playlist))
            }
        }
    }
}

extension GrafanaRequest {
    fileprivate func acting(in organization: Int?) -> GrafanaRequest {
        var request = self
        request.organization = organization
        return request
    }
}

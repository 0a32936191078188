internal import Documents
internal import FoundationEssentials
internal import HTTP
internal import Platform

/// Makes the server admin a member of organisations during an export, if the configuration allows it, and undoes it
/// afterwards. A note beside the documents lets the next run undo the membership of a killed one.
struct OrganizationGuests: Sendable {
    let api: GrafanaAPI
    let login: String?
    /// The component's state folder.
    let state: String

    private func note(_ organization: Int) -> String { "\(state)/guest-of-\(organization)" }

    /// - Returns: false when it is impossible, because of an existing membership.
    func join(_ organization: Int) async throws -> Bool {
        guard let login else { return false }
        return try await api.pool.run {
            // The note comes first: a membership without a note would stay.
            let user = try api.value(
                GrafanaRequest("GET", ["users", "lookup"], query: [("loginOrEmail", login)]))["id"]?.integer
            guard let user else { return false }
            try OutputFile.write(Array("\(user)".utf8), to: note(organization), links: .refuse)
            let answer = try api.perform(
                GrafanaRequest(
                    "POST", ["orgs", String(organization), "users"],
                    body: ["loginOrEmail": .string(login), "role": "Admin"]))
            if !answer.isSuccess {
                // The user is a member already, with a role that is too low: dr does not change it.
                try? FileManager.default.removeItem(atPath: note(organization))
            }
            return answer.isSuccess
        }
    }

    /// Ends only the membership that ``join(_:)`` began. Also after a cancellation.
    func leave(_ organization: Int) async {
        let path = note(organization)
        guard FileManager.default.fileExists(atPath: path) else { return }
        let pool = api.pool
        // A separate task: this one may be cancelled, and its calls would not be made.
        await Task { [self] in
            await pool.run {
                guard let data = FileManager.default.contents(atPath: path),
                    let user = Int(String(decoding: data, as: UTF8.self))
                else { return }
                let request = GrafanaRequest("DELETE", ["orgs", String(organization), "users", String(user)])
                guard let answer = try? api.perform(request), answer.isSuccess || answer.status == 404 else { return }
                try? FileManager.default.removeItem(atPath: path)
            }
        }.value
    }

    /// Ends the memberships that killed runs began.
    func leaveLeftovers() async {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: state)) ?? []
        for organization in names.filter({ $0.hasPrefix("guest-of-") }).compactMap({ Int($0.dropFirst(9)) }) {
            await leave(organization)
        }
    }
}

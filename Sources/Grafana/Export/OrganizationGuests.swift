internal import Documents
internal import FoundationEssentials
internal import HTTP
internal import Platform

/// Makes the server admin a member of organisations for the time of an export, where the user allows it, and leaves
/// nothing of that behind: a note beside the documents lets the next run undo what a killed one did.
struct OrganizationGuests: Sendable {
    let api: GrafanaAPI
    let login: String?
    /// The component's state folder.
    let state: String

    private func note(_ organization: Int) -> String { "\(state)/guest-of-\(organization)" }

    /// - Returns: false when it cannot be: somebody else's membership is in the way.
    func join(_ organization: Int) async throws -> Bool {
        guard let login else { return false }
        return try await api.pool.run {
            // The note comes first: a membership that nobody remembers would stay.
            let user = try api.value(
                GrafanaRequest("GET", ["users", "lookup"], query: [("loginOrEmail", login)]))["id"]?.integer
            guard let user else { return false }
            try OutputFile.write(Array("\(user)".utf8), to: note(organization), links: .refuse)
            let answer = try api.perform(
                GrafanaRequest(
                    "POST", ["orgs", String(organization), "users"],
                    body: ["loginOrEmail": .string(login), "role": "Admin"]))
            if !answer.isSuccess {
                // A member already, with too low a role: that is not ours to change.
                try? FileManager.default.removeItem(atPath: note(organization))
            }
            return answer.isSuccess
        }
    }

    /// Ends the membership that ``join(_:)`` began; nothing else. Also after a cancellation.
    func leave(_ organization: Int) async {
        let path = note(organization)
        guard FileManager.default.fileExists(atPath: path) else { return }
        let pool = api.pool
        // A task of its own: this one may be cancelled, and its calls would not be made.
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

    /// Ends what runs that died have begun.
    func leaveLeftovers() async {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: state)) ?? []
        for organization in names.filter({ $0.hasPrefix("guest-of-") }).compactMap({ Int($0.dropFirst(9)) }) {
            await leave(organization)
        }
    }
}

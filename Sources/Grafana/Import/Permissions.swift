internal import Documents

/// One explicit permission on a folder or a dashboard, by names.
struct Permission: Hashable, Sendable, CustomStringConvertible {
    enum Subject: Hashable, Sendable {
        case role(String)
        case team(String)
        case user(String)
        case serviceAccount(String)
    }

    var subject: Subject
    /// 1 to view, 2 to edit, 4 to administer.
    var level: Int

    /// Reads one from a document.
    init?(document: JSONValue) {
        guard let level = document["permission"]?.integer else { return nil }
        self.level = level
        if let role = document["role"]?.text, !role.isEmpty {
            subject = .role(role)
        } else if let team = document["team"]?.text, !team.isEmpty {
            subject = .team(team)
        } else if let login = document["user"]?.text, !login.isEmpty {
            subject = Self.person(login)
        } else {
            return nil
        }
    }

    /// Reads one from an answer; nil for an inherited one.
    init?(answer: JSONValue) {
        guard answer["inherited"]?.bool != true, let level = answer["permission"]?.integer else { return nil }
        self.level = level
        if let login = answer["userLogin"]?.text, !login.isEmpty {
            subject = Self.person(login)
        } else if let team = answer["team"]?.text, !team.isEmpty {
            subject = .team(team)
        } else if let role = answer["role"]?.text, !role.isEmpty {
            subject = .role(role)
        } else {
            return nil
        }
    }

    private static func person(_ login: String) -> Subject {
        login.hasPrefix("sa-") ? .serviceAccount(serviceAccount(login)) : .user(login)
    }

    /// The part of a service account's login that is the same in every organisation: newer versions of Grafana put the
    /// organisation's id between "sa-" and the name.
    static func serviceAccount(_ login: String) -> String {
        let parts = login.split(separator: "-", maxSplits: 2, omittingEmptySubsequences: false)
        return parts.count == 3 && parts[0] == "sa" && Int(parts[1]) != nil ? "sa-\(parts[2])" : login
    }

    var description: String {
        let verb =
            switch level {
            case 1: "View"
            case 2: "Edit"
            case 4: "Admin"
            default: "\(level)"
            }
        return switch subject {
        case .role(let role): "role \(role) (\(verb))"
        case .team(let team): "team '\(team)' (\(verb))"
        case .user(let login): "user '\(login)' (\(verb))"
        case .serviceAccount(let login): "service account '\(login)' (\(verb))"
        }
    }
}

/// The identities of names in the target.
struct Identities: Sendable {
    var users: [String: Identity]
    var teams: [String: Identity]
    /// By ``Permission/serviceAccount(_:)`` of their logins.
    var serviceAccounts: [String: Identity]

    func identity(of subject: Permission.Subject) -> Identity? {
        switch subject {
        case .role: nil
        case .team(let name): teams[name] ?? .absent
        case .user(let login): users[login] ?? .absent
        case .serviceAccount(let login): serviceAccounts[login] ?? .absent
        }
    }
}

/// The permissions that a list lacks, and the request that sets them.
struct PermissionChange {
    /// Details for the report; empty if there is no change.
    var details: [String] = []
    var isNeeded = false
    /// The items of `POST …/permissions`, which replaces the whole list.
    var items: [JSONValue] = []

    /// - Parameters:
    ///   - document: the list of the backup.
    ///   - current: the target's answer; nil for a new object.
    init(_ document: JSONValue?, current: JSONValue?, _ identities: Identities) {
        let wanted = (document?.array ?? []).compactMap(Permission.init(document:))
        let absent = wanted.filter { identities.identity(of: $0.subject) == .absent }
        let usable = wanted.filter { identities.identity(of: $0.subject) != .absent }
        details = absent.map { "the permission of \($0) is skipped: the target does not have it" }
        items = usable.map { permission in
            switch (permission.subject, identities.identity(of: permission.subject)) {
            case (.role(let role), _): ["role": .string(role), "permission": JSONValue(permission.level)]
            case (.team, .present(let id)?): ["teamId": JSONValue(id), "permission": JSONValue(permission.level)]
            case (_, .present(let id)?): ["userId": JSONValue(id), "permission": JSONValue(permission.level)]
            default: ["permission": JSONValue(permission.level)]  // of a dry run, never sent
            }
        }
        guard let current else {
            isNeeded = !usable.isEmpty
            return
        }
        let present = (current.array ?? []).compactMap(Permission.init(answer:))
        guard Set(present) != Set(usable) else { return }
        isNeeded = true
        let kept = Set(usable.map(\.subject))
        let gone = present.filter { !kept.contains($0.subject) }
        details.append("permissions")
        if !gone.isEmpty {
            details.append("which removes that of \(gone.map(\.description).joined(separator: ", "))")
        }
    }
}

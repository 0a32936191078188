package import Documents

/// The contents of a stand-in for Grafana. One counter assigns all ids, so that two servers seldom have the same ids.
package struct GrafanaState: Sendable {
    package struct User: Sendable {
        package var id: Int
        package var login: String
        package var email: String
        package var name: String
        package var password: String
        package var isGrafanaAdmin = false
        package var isDisabled = false
        /// The external sources of the account, such as "LDAP".
        package var authLabels: [String] = []
        /// The default organisation.
        package var organization = 1
    }

    package struct Token: Sendable {
        package var organization: Int
        /// The role: Viewer, Editor or Admin.
        package var role: String
    }

    package var version: GrafanaVersion
    package var organizations: [Int: GrafanaOrganization] = [:]
    package var users: [Int: User] = [:]
    /// Tokens by their secret.
    package var tokens: [String: Token] = [:]
    /// True if an Admin lacks the permission to see the secrets of contact points.
    package var hidesSecrets = false
    /// The maximum number of items in a list.
    package var longestPage = 5000
    private var lastID: Int

    /// - Parameter firstID: the first id; different servers begin with different ids.
    package init(version: GrafanaVersion = .v11, firstID: Int = 1) {
        self.version = version
        lastID = firstID - 1
    }

    package mutating func nextID() -> Int {
        lastID += 1
        return lastID
    }

    /// Returns a short identifier like those of Grafana.
    package mutating func nextUID() -> String { "u\(String(nextID(), radix: 36))x" }

    package func user(_ loginOrEmail: String) -> User? {
        users.values.first {
            $0.login.lowercased() == loginOrEmail.lowercased() || $0.email.lowercased() == loginOrEmail.lowercased()
        }
    }
}

/// The releases whose APIs differ for backups.
package enum GrafanaVersion: Int, CaseIterable, Comparable, Sendable {
    case v9 = 9
    case v10, v11, v12, v13

    /// The version, as in `/api/health`.
    package var text: String {
        switch self {
        case .v9: "9.5.21"
        case .v10: "10.4.19"
        case .v11: "11.4.0"
        case .v12: "12.4.0"
        case .v13: "13.0.1"
        }
    }

    package static func < (first: Self, second: Self) -> Bool { first.rawValue < second.rawValue }

    /// True if contact points can be exported, with their secrets for an Admin: 10.1 and later.
    var exportsContactPoints: Bool { self >= .v10 }
    var hasNestedFolders: Bool { self >= .v11 }
    /// True if titles are unique among the folders or the dashboards of one parent.
    var hasUniqueTitles: Bool { self < .v11 }
    /// True if lists of folders and dashboards contain numeric ids.
    var hasNumericIDs: Bool { self < .v12 }
}

package struct GrafanaOrganization: Sendable {
    package var id: Int
    package var name: String
    package var address: JSONValue = [
        "address1": "", "address2": "", "city": "", "zipCode": "", "state": "", "country": "",
    ]
    /// Roles by user.
    package var members: [Int: String] = [:]
    package var teams: [Team] = []
    package var serviceAccounts: [ServiceAccount] = []
    package var folders: [Folder] = []
    package var dashboards: [String: Dashboard] = [:]
    package var libraryElements: [JSONValue] = []
    package var dataSources: [DataSource] = []
    package var correlations: [JSONValue] = []
    package var rules: [JSONValue] = []
    /// Intervals in seconds, by "folder/group".
    package var intervals: [String: Int] = [:]
    package var contactPoints: [JSONValue] = []
    package var policies: JSONValue = Self.defaultPolicies
    package var muteTimings: [JSONValue] = []
    package var templates: [JSONValue] = []
    package var annotations: [JSONValue] = []
    package var playlists: [JSONValue] = []
    package var preferences: JSONValue = [:]

    package init(id: Int, name: String) {
        self.id = id
        self.name = name
    }

    static let defaultPolicies: JSONValue = [
        "receiver": "grafana-default-email", "group_by": ["grafana_folder", "alertname"], "provenance": "",
    ]

    package struct Team: Sendable {
        package var id: Int
        package var uid: String
        package var name: String
        package var email: String
        /// Permissions by user: 0 for a member, 4 for an administrator.
        package var members: [Int: Int] = [:]
        package var preferences: JSONValue = [:]
    }

    package struct ServiceAccount: Sendable {
        package var id: Int
        package var login: String
        package var name: String
        package var role: String
        package var isDisabled = false
        /// Without their secrets.
        package var tokens: [JSONValue] = []
    }

    package struct Folder: Sendable {
        package var id: Int
        package var uid: String
        package var title: String
        package var description: String?
        package var parentUid: String?
        package var version = 1
        package var permissions: [Permission] = []

        package init(
            id: Int, uid: String, title: String, description: String? = nil, parentUid: String? = nil,
            permissions: [Permission] = []
        ) {
            self.id = id
            self.uid = uid
            self.title = title
            self.description = description
            self.parentUid = parentUid
            self.permissions = permissions
        }
    }

    package struct Dashboard: Sendable {
        package var id: Int
        package var uid: String
        package var title: String
        package var folderUid: String?
        package var version = 1
        /// The dashboard's JSON as transferred. It may be invalid, for tests of parsers.
        package var text: [UInt8]
        package var tags: [String] = []
        package var permissions: [Permission] = []
        package var publicDashboard: JSONValue?
        /// The version of schema v2, such as "v2alpha1", for dashboards that only the newer API shows.
        package var schema: String?
        package var isProvisioned = false
    }

    package struct DataSource: Sendable {
        /// Without secrets.
        package var content: JSONValue
        package var secrets: [String: String] = [:]
        package var uid: String { content["uid"]?.text ?? "" }
    }

    package struct Permission: Sendable {
        package var role: String?
        package var team: Int?
        package var user: Int?
        package var permission: Int

        package init(role: String? = nil, team: Int? = nil, user: Int? = nil, _ permission: Int) {
            self.role = role
            self.team = team
            self.user = user
            self.permission = permission
        }
    }
}

/// The credentials of a profile in the shared files: keys, a role to assume, a web identity or a process.
struct ProfileCredentials: CredentialSource {
    let environment: AWSEnvironment
    let profile: String
    /// True if the user named this profile: then it must exist.
    let isExplicit: Bool

    func load() throws -> S3Credentials? {
        let profiles = try SharedProfiles(environment)
        guard profiles[profile] != nil else {
            guard isExplicit else { return nil }
            throw CredentialError("profile '\(profile)'", "the profile does not exist in \(profiles.files)")
        }
        return try credentials(of: profile, in: profiles, on: [])
    }

    /// - Parameter path: the profiles that led to this one. A role's source may itself be a role, but not its own
    ///   source.
    private func credentials(
        of profile: String, in profiles: SharedProfiles, on path: [String]
    ) throws -> S3Credentials? {
        let source = "profile '\(profile)'"
        guard let keys = profiles[profile] else { throw CredentialError(source, "the profile does not exist") }
        // Other values of the files may hold such a byte.
        if let (key, _) = keys.sorted(by: { $0.key < $1.key }).first(where: { $0.value.contains("\u{FFFD}") }) {
            throw CredentialError(source, "the value of '\(key)' in \(profiles.files) is not UTF-8")
        }
        guard !path.contains(profile) else {
            // A role whose source is its own profile's keys is the only valid circle.
            if path.last == profile, let own = Self.keyPair(keys, source) { return own }
            throw CredentialError(source, "its source_profile refers back to itself")
        }
        if let role = keys["role_arn"] {
            if let tokenFile = keys["web_identity_token_file"] {
                return try WebIdentityCredentials(
                    environment: environment, sts: sts(keys, profiles), tokenFile: tokenFile, role: role,
                    session: keys["role_session_name"]
                ).load()
            }
            guard let base = try roleSource(keys, profile, in: profiles, on: path + [profile]) else {
                throw CredentialError(source, "no credentials found to assume role '\(role)'")
            }
            return try sts(keys, profiles).assumeRole(
                role, with: base, session: keys["role_session_name"], externalID: keys["external_id"],
                duration: keys["duration_seconds"].flatMap { Int($0) })
        }
        if let own = Self.keyPair(keys, source) { return own }
        if let command = keys["credential_process"] {
            return try ProcessCredentials(command: command, source: source).load()
        }
        if keys["sso_session"] ?? keys["sso_start_url"] != nil {
            throw CredentialError(
                source, "single sign-on is not supported",
                hint:
                    "add 'credential_process = aws configure export-credentials --profile \(profile)' to another profile"
            )
        }
        return nil
    }

    private func roleSource(
        _ keys: [String: String], _ profile: String, in profiles: SharedProfiles, on path: [String]
    ) throws -> S3Credentials? {
        if let base = keys["source_profile"] { return try credentials(of: base, in: profiles, on: path) }
        switch keys["credential_source"] {
        case "Environment": return try EnvironmentCredentials(environment: environment).load()
        case "EcsContainer": return try ContainerCredentials(environment: environment).load()
        case "Ec2InstanceMetadata": return try InstanceMetadata(environment: environment).load()
        case let other:
            throw CredentialError(
                "profile '\(profile)'",
                other.map { "unknown credential_source '\($0)'" }
                    ?? "role_arn is set without source_profile or credential_source"
            )
        }
    }

    private func sts(_ keys: [String: String], _ profiles: SharedProfiles) -> SecurityTokenService {
        SecurityTokenService(environment: environment, region: keys["region"])
    }

    private static func keyPair(_ keys: [String: String], _ source: String) -> S3Credentials? {
        guard let id = keys["aws_access_key_id"], let secret = keys["aws_secret_access_key"] else { return nil }
        return S3Credentials(
            accessKeyID: id, secretAccessKey: secret, sessionToken: keys["aws_session_token"], source: source)
    }
}

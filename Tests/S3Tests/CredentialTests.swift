import Foundation
import Platform
import Lab
import Synchronization
import Testing

@testable import S3

@Suite struct CredentialTests {
    /// 2026-11-23T02:00:00Z
    static let now = 1_795_399_200
    let home: TemporaryFolder

    init() throws {
        home = try TemporaryFolder("aws")
        try FileManager.default.createDirectory(
            at: home.url.appending(path: ".aws"), withIntermediateDirectories: true)
    }

    private func environment(_ variables: [String: String] = [:], now: Int = now) -> AWSEnvironment {
        let base = ["AWS_EC2_METADATA_DISABLED": "true"]
        return AWSEnvironment(variables: base.merging(variables) { $1 }, home: home.path, now: { now })
    }

    private func write(_ text: String, to file: String) throws {
        try text.write(to: home.url.appending(path: ".aws/\(file)"), atomically: false, encoding: .utf8)
    }

    private func chain(
        _ variables: [String: String] = [:], explicit: S3Credentials? = nil, profile: String? = nil
    ) throws -> S3Credentials {
        try CredentialChain(environment(variables), explicit: explicit, profile: profile).credentials()
    }

    private static let keys = ["AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "env-secret"]

    private static func json(_ id: String, expires: String = "2026-11-23T03:00:00Z") -> String {
        """
        {"Code": "Success", "Version": 1, "AccessKeyId": "\(id)", "SecretAccessKey": "s", "Token": "t", "Expiration": \
        "\(expires)"}
        """
    }

    // MARK: - Order

    @Test func `explicit keys come first`() throws {
        let explicit = S3Credentials(accessKeyID: "OWN", secretAccessKey: "s")
        #expect(try chain(Self.keys, explicit: explicit).accessKeyID == "OWN")
    }

    @Test func `the environment comes before the files`() throws {
        try write("[default]\naws_access_key_id = FILE\naws_secret_access_key = f\n", to: "credentials")
        let found = try chain(Self.keys.merging(["AWS_SESSION_TOKEN": "tok"]) { $1 })
        #expect(
            found
                == S3Credentials(
                    accessKeyID: "ENV", secretAccessKey: "env-secret", sessionToken: "tok", source: "environment"))
        #expect(try chain().accessKeyID == "FILE")
    }

    @Test func `a profile that the configuration names comes before the environment`() throws {
        try write("[work]\naws_access_key_id = WORK\naws_secret_access_key = w\n", to: "credentials")
        #expect(try chain(Self.keys, profile: "work").accessKeyID == "WORK")
    }

    @Test func `half a key pair is an error, not another place`() throws {
        try write("[default]\naws_access_key_id = FILE\naws_secret_access_key = f\n", to: "credentials")
        #expect(throws: CredentialError.self) { try chain(["AWS_ACCESS_KEY_ID": "ENV"]) }
    }

    @Test func `nothing anywhere`() throws {
        let error = #expect(throws: CredentialError.self) { try chain() }
        #expect(error?.hint?.contains("AWS_PROFILE") == true)
        #expect(throws: CredentialError.self) { try chain(["AWS_PROFILE": "missing"]) }
    }

    @Test func `secrets do not print`() {
        let text = "\(S3Credentials(accessKeyID: "ID", secretAccessKey: "hush", sessionToken: "quiet"))"
        #expect(!text.contains("hush") && !text.contains("quiet") && text.contains("ID"))
    }

    // MARK: - Shared files

    @Test func `both files, their sections and comments`() throws {
        try write(
            """
            # comment
            [default]
            region = eu-west-1
            aws_access_key_id = CONFIG
            s3 =
              addressing_style = path
              endpoint_url = http://nested
            [profile  "two"]
            services = local ; which one
            endpoint_url = http://profile
            [services local]
            s3 =
              endpoint_url = http://service:9000
            """, to: "config")
        try write(
            "[default]\naws_access_key_id=CRED\naws_secret_access_key = a#b;c= \n;[two]\n[two]\naws_access_key_id = TWO\n",
            to: "credentials")
        let profiles = try SharedProfiles(environment())
        #expect(
            profiles["default"] == [
                "region": "eu-west-1", "aws_access_key_id": "CRED", "aws_secret_access_key": "a#b;c=",
                "s3.addressing_style": "path", "s3.endpoint_url": "http://nested",
            ])
        #expect(profiles["two"]?["aws_access_key_id"] == "TWO")
        #expect(profiles.endpoint(of: "two") == "http://service:9000")
        #expect(profiles["three"] == nil)
    }

    @Test func `files elsewhere`() throws {
        try write("[p]\naws_access_key_id = A\naws_secret_access_key = b\n", to: "other")
        let variables = ["AWS_SHARED_CREDENTIALS_FILE": "~/.aws/other", "AWS_PROFILE": "p"]
        #expect(try chain(variables).accessKeyID == "A")
    }

    @Test func `a process`() throws {
        let command = "printf '%s' '\(Self.json("PROC"))'"
        try write(
            "[default]\ncredential_process = \(command)\n[profile bad]\ncredential_process = exit 3\n", to: "config")
        let found = try chain()
        #expect(found.accessKeyID == "PROC" && found.expiration == Self.now + 3600)
        let error = #expect(throws: CredentialError.self) { try chain(["AWS_PROFILE": "bad"]) }
        #expect(error?.detail.contains("status 3") == true)
    }

    @Test(.timeLimit(.minutes(10)), arguments: ["sleep 1000", "exec >&-; sleep 1000"])
    func `a process that hangs is given up`(_ command: String) throws {
        var process = ProcessCredentials(command: command, source: "test")
        process.timeout = .milliseconds(200)
        process.hasOwnGroup = true  // the processes that it starts stop with it
        let error = #expect(throws: CredentialError.self) { try process.load() }
        #expect(error?.detail.contains("did not finish within") == true)
    }

    @Test(.timeLimit(.minutes(10))) func `a process that prints without end is given up`() throws {
        let error = #expect(throws: CredentialError.self) {
            try ProcessCredentials(command: "yes", source: "test").load()
        }
        #expect(error?.detail.contains("more than") == true)
    }

    // MARK: - Roles

    private static func roleAnswer(_ action: String, _ id: String) -> ScriptedServer.Act {
        .reply(
            .response(
                200, [],
                """
                <\(action)Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><\(action)Result><Credentials>
                <AccessKeyId>\(id)</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>
                <Expiration>2026-11-23T03:00:00Z</Expiration></Credentials></\(action)Result></\(action)Response>
                """))
    }

    @Test func `a role of another profile's keys`() throws {
        let server = try ScriptedServer([Self.roleAnswer("AssumeRole", "ROLE")])
        try write(
            """
            [profile base]
            aws_access_key_id = BASE
            aws_secret_access_key = b
            [profile admin]
            role_arn = arn:aws:iam::1:role/admin
            source_profile = base
            external_id = ext&1
            region = eu-central-1
            """, to: "config")
        let found = try chain(["AWS_PROFILE": "admin", "AWS_ENDPOINT_URL_STS": server.url])
        #expect(found.accessKeyID == "ROLE" && found.sessionToken == "t" && found.expiration == Self.now + 3600)
        let request = try #require(server.requests.first)
        #expect(request["authorization"]?.contains("Credential=BASE/20261123/eu-central-1/sts/aws4_request") == true)
        let form = String(decoding: request.body, as: UTF8.self)
        #expect(form.contains("Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fadmin"))
        #expect(form.contains("ExternalId=ext%261"))
    }

    @Test func `profiles that lead in a circle`() throws {
        try write(
            "[profile a]\nrole_arn = r\nsource_profile = b\n[profile b]\nrole_arn = r\nsource_profile = a\n",
            to: "config")
        #expect(throws: CredentialError.self) { try chain(["AWS_PROFILE": "a"]) }
    }

    @Test func `the chain reads the web identity token again for each new credential`() throws {
        let server = try ScriptedServer([
            .reply(
                .response(400, [], "<ErrorResponse><Error><Code>IDPCommunicationError</Code></Error></ErrorResponse>")),
            Self.roleAnswer("AssumeRoleWithWebIdentity", "WEB"), Self.roleAnswer("AssumeRoleWithWebIdentity", "WEB2"),
        ])
        try write("token-1\n", to: "token")
        let environment = environment([
            "AWS_WEB_IDENTITY_TOKEN_FILE": "~/.aws/token", "AWS_ROLE_ARN": "arn", "AWS_ENDPOINT_URL_STS": server.url,
        ])
        let chain = CredentialChain(environment)
        #expect(try chain.credentials().accessKeyID == "WEB")
        try write("token-2\n", to: "token")
        chain.reject(try chain.credentials())
        #expect(try chain.credentials().accessKeyID == "WEB2")
        let forms = server.requests.map { String(decoding: $0.body, as: UTF8.self) }
        #expect(forms.map { $0.hasSuffix("WebIdentityToken=token-2") } == [false, false, true])
        #expect(server.requests.allSatisfy { $0["authorization"] == nil })
    }

    // MARK: - Machines

    @Test func `a container`() throws {
        let server = try ScriptedServer([.reply(.response(500)), .reply(.response(200, [], Self.json("POD")))])
        try write("secret-token\n", to: "token")
        let found = try chain([
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "\(server.url)/v1/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "~/.aws/token",
        ])
        #expect(found.accessKeyID == "POD" && found.sessionToken == "t")
        #expect(server.requests.map { $0["authorization"] } == ["secret-token", "secret-token"])
    }

    @Test(arguments: ["http://example.org/x", "http://127.0.0.1.example.org/", "ftp://127.0.0.1/"])
    func `a container's token does not leave the machine`(_ url: String) throws {
        let error = #expect(throws: CredentialError.self) {
            try chain(["AWS_CONTAINER_CREDENTIALS_FULL_URI": url, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "x"])
        }
        #expect(error?.detail.contains("neither an https URL nor") == true)
    }

    @Test func `an instance`() throws {
        let server = try ScriptedServer { request, _ in
            switch (request.method, request.target) {
            case ("PUT", "/latest/api/token"): .reply(.response(200, [], "imds-token"))
            case ("GET", "/latest/meta-data/iam/security-credentials/"): .reply(.response(200, [], "role-1\n"))
            case ("GET", "/latest/meta-data/iam/security-credentials/role-1"):
                .reply(.response(200, [], Self.json("EC2")))
            default: .reply(.response(404))
            }
        }
        let found = try chain([
            "AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url,
        ])
        #expect(found.accessKeyID == "EC2")
        #expect(server.requests[0]["x-aws-ec2-metadata-token-ttl-seconds"] == "21600")
        #expect(server.requests.dropFirst().allSatisfy { $0["x-aws-ec2-metadata-token"] == "imds-token" })
    }

    @Test func `credentials are replaced before they expire, and kept while they last`() throws {
        let server = try ScriptedServer { _, index in
            switch index {
            case 0: .reply(.response(200, [], Self.json("ONE")))
            case 1...3: .reply(.response(500))
            default: .reply(.response(200, [], Self.json("TWO", expires: "2026-11-23T05:00:00Z")))
            }
        }
        let clock = Clock(Self.now)
        let chain = CredentialChain(
            AWSEnvironment(
                variables: ["AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url], home: home.path, now: { clock.time }))
        #expect(try chain.credentials().accessKeyID == "ONE")
        clock.time = Self.now + 3600 - 901
        #expect(try chain.credentials().accessKeyID == "ONE")
        #expect(server.requests.count == 1)
        clock.time = Self.now + 3600 - 800  // due, but the service is down
        #expect(try chain.credentials().accessKeyID == "ONE")
        #expect(server.requests.count == 4)
        clock.time = Self.now + 3600 - 500
        #expect(try chain.credentials().accessKeyID == "TWO")
    }

    /// The lifetimes of credentials in seconds, and the maximum number of fetches if a request is sent every second for
    /// as long.
    static let lives = [(1, 2), (30, 3), (600, 3), (890, 3), (901, 3), (3600, 3)]

    @Test(arguments: lives) func `short-lived credentials are used for most of their life`(_ life: Int, _ most: Int)
        throws
    {
        let clock = Clock(Self.now)
        let server = try ScriptedServer { _, index in
            .reply(.response(200, [], Self.json("KEY\(index)", expires: Self.text(clock.time + life))))
        }
        let chain = CredentialChain(
            AWSEnvironment(
                variables: ["AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url], home: home.path, now: { clock.time }))
        for second in 0...max(life, 5) {
            clock.time = Self.now + second
            let found = try chain.credentials()
            if life > 20 { #expect((found.expiration ?? 0) > clock.time, "they are replaced before they expire") }
        }
        #expect((2...most).contains(server.requests.count), "\(server.requests.count) questions")
    }

    /// Behaves as an instance does until a quarter of an hour before its credentials expire.
    @Test func `credentials that a place keeps for itself are not asked for with every request`() throws {
        let server = try ScriptedServer { _, _ in .reply(.response(200, [], Self.json("SAME"))) }
        let clock = Clock(Self.now)
        let chain = CredentialChain(
            AWSEnvironment(
                variables: ["AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url], home: home.path, now: { clock.time }))
        for second in 0..<3600 {
            clock.time = Self.now + second
            _ = try chain.credentials()
        }
        #expect(server.requests.count < 15, "\(server.requests.count) questions")
    }

    @Test func `a place that fails is not asked with every request`() throws {
        let server = try ScriptedServer { _, index in
            index == 0 ? .reply(.response(200, [], Self.json("ONE"))) : .reply(.response(403))
        }
        let clock = Clock(Self.now)
        let chain = CredentialChain(
            AWSEnvironment(
                variables: ["AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url], home: home.path, now: { clock.time }))
        _ = try chain.credentials()
        clock.time = Self.now + 2800
        for _ in 0..<20 { #expect(try chain.credentials().accessKeyID == "ONE") }
        #expect(server.requests.count == 2)
        clock.time = Self.now + 3601
        #expect(throws: CredentialError.self) { try chain.credentials() }
    }

    private static func text(_ seconds: Int) -> String {
        Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
    }

    // MARK: - Malformed files

    private func write(_ bytes: [UInt8], to file: String) throws {
        try Data(bytes).write(to: home.url.appending(path: ".aws/\(file)"))
    }

    @Test func `bytes that are not UTF-8 matter in the profile that is used, nowhere else`() throws {
        let start = [UInt8]("\u{FEFF}[default]\naws_access_key_id = ID\naws_secret_access_key = s\n# ".utf8)
        let others =
            [0xFF] + [UInt8]("\n[profile bad]\naws_access_key_id = I\naws_secret_access_key = x".utf8) + [0xE9, 10]
        try write(start + others, to: "config")
        #expect(try chain().accessKeyID == "ID")
        let error = #expect(throws: CredentialError.self) { try chain(["AWS_PROFILE": "bad"]) }
        #expect(error?.detail.contains("aws_secret_access_key") == true && error?.detail.contains("/config") == true)
    }

    @Test func `a file that cannot be read is named`() throws {
        try FileManager.default.createDirectory(
            at: home.url.appending(path: ".aws/config"), withIntermediateDirectories: true)
        let error = #expect(throws: S3DocumentError.self) { try chain() }
        #expect(error?.description.contains("\(home.path)/.aws/config") == true, "\(String(describing: error))")
        #expect(throws: S3DocumentError.self) { try chain(["AWS_CONFIG_FILE": "/dev/zero"]) }
    }
}

/// A clock that a test sets.
final class Clock: Sendable {
    private let seconds: Mutex<Int>
    init(_ seconds: Int) { self.seconds = Mutex(seconds) }
    var time: Int {
        get { seconds.withLock { $0 } }
        set { seconds.withLock { $0 = newValue } }
    }
}

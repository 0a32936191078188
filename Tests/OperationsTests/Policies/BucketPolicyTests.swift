import Documents
import Operations
import Testing

@Suite struct BucketPolicyTests {
    private struct Statement {
        let actions: [String], resources: [String]

        init(_ value: JSONValue) {
            actions = (value["Action"]?.array ?? []).compactMap(\.text)
            resources = (value["Resource"]?.array ?? []).compactMap(\.text)
        }
    }

    private func statements(
        _ role: StoreRole, on server: BucketPolicy.Server = .aws, prefix: String = "team/dr", locks: Bool = false
    ) -> [JSONValue] {
        BucketPolicy(for: role, on: server, bucket: "bkt", prefix: prefix, locks: locks)
            .document["Statement"]?.array ?? []
    }

    private func places(_ action: String, _ role: StoreRole, prefix: String = "team/dr") -> [String] {
        statements(role, prefix: prefix).map(Statement.init).filter { $0.actions.contains(action) }
            .flatMap(\.resources)
    }

    @Test(arguments: [
        (StoreRole.backup, ["marks/probe/*", "marks/run/*"]), (.prune, ["*"]),
        (.verify, ["marks/probe/*", "marks/sampled/*"]), (.restore, []),
    ])
    func `only a prune deletes backups`(_ role: StoreRole, _ expected: [String]) {
        #expect(places("s3:DeleteObject", role) == expected.map { "arn:aws:s3:::bkt/team/dr/\($0)" })
        #expect(places("s3:DeleteObject", role, prefix: "") == expected.map { "arn:aws:s3:::bkt/\($0)" })
    }

    @Test(arguments: [(StoreRole.backup, "*"), (.prune, "marks/*"), (.verify, "marks/*"), (.restore, "")])
    func `only a backup adds objects outside of the marks`(_ role: StoreRole, _ expected: String) {
        #expect(
            Set(places("s3:PutObject", role)) == Set(expected.isEmpty ? [] : ["arn:aws:s3:::bkt/team/dr/\(expected)"]))
    }

    @Test(arguments: StoreRole.allCases)
    func `only a restore thaws archived packs`(_ role: StoreRole) {
        #expect(places("s3:RestoreObject", role) == (role == .restore ? ["arn:aws:s3:::bkt/team/dr/*"] : []))
        for server in [BucketPolicy.Server.minio, .seaweedfs] {
            let actions = statements(role, on: server).map(Statement.init).flatMap(\.actions)
            #expect(!actions.contains("s3:RestoreObject"))
        }
    }

    @Test(arguments: StoreRole.allCases)
    func `no role changes the bucket, its versions or the bypass of locks`(_ role: StoreRole) {
        for server in BucketPolicy.Server.allCases {
            let actions = statements(role, on: server, locks: true).map(Statement.init).flatMap(\.actions)
            #expect(!actions.isEmpty)
            for action in actions {
                #expect(!action.contains("*") && !action.contains("Policy") && !action.contains("Bypass"))
                #expect(!action.contains("Version") && !action.hasPrefix("s3:PutBucket"))
            }
        }
    }

    /// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html, example 1.
    @Test func `on AWS an object is added only with a condition`() {
        let adding = statements(.backup).filter { Statement($0).actions.contains("s3:PutObject") }
        #expect(
            adding.map { $0["Condition"] } == [
                ["Null": ["s3:if-none-match": "false"]], ["Bool": ["s3:ObjectCreationOperation": "false"]],
            ])
    }

    @Test(arguments: BucketPolicy.Server.allCases)
    func `a missing protection is named`(_ server: BucketPolicy.Server) {
        let lines = BucketPolicy(for: .backup, on: server, bucket: "bkt", prefix: "p", locks: false).shortcomings
        #expect(lines.contains { $0.contains("overwrite") } == (server != .aws))
        #expect(lines.contains { $0.contains("listings") } == (server == .seaweedfs))
    }

    @Test(arguments: StoreRole.allCases)
    func `each statement has its own name`(_ role: StoreRole) {
        let names = statements(role, locks: true).compactMap { $0["Sid"]?.text }
        #expect(names.count == Set(names).count && names.count == statements(role, locks: true).count)
        #expect(names.allSatisfy { $0.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) } })
    }
}

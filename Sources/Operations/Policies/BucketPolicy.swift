package import Documents

/// A policy document in the language of AWS IAM that gives one role its rights to a repository in a bucket.
///
/// Format: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html. Actions and condition keys
/// of S3: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html.
package struct BucketPolicy: Sendable {
    /// A kind of server, as far as policies differ.
    package enum Server: String, CaseIterable, Sendable {
        case aws, minio, seaweedfs

        /// The server can refuse a write without `If-None-Match`, so that no write replaces an object:
        /// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
        var refusesOverwrites: Bool { self == .aws }

        /// The server has archive classes of its own.
        var archives: Bool { self == .aws }

        /// The server compares the prefix of a listing. SeaweedFS (4.48) refuses every listing under such a condition.
        var comparesPrefixes: Bool { self != .seaweedfs }
    }

    package var server: Server
    package var role: StoreRole
    package var bucket: String
    /// Without a slash at either end; empty for the whole bucket.
    package var prefix: String
    package var locks: Bool

    package init(for role: StoreRole, on server: Server, bucket: String, prefix: String, locks: Bool) {
        self.server = server
        self.role = role
        self.bucket = bucket
        self.prefix = prefix
        self.locks = locks
    }

    package var document: JSONValue {
        ["Version": "2012-10-17", "Statement": .array([listing] + role.grants(locks: locks).flatMap(statements))]
    }

    /// The protection that the server's policies cannot give to this role; empty if there is none.
    package var shortcomings: [String] {
        var lines: [String] = []
        if role.writes, !server.refusesOverwrites {
            lines.append(
                "a policy of \(server.rawValue) cannot refuse to overwrite an object: use a bucket with versions or object lock"
            )
        }
        if !prefix.isEmpty, !server.comparesPrefixes {
            lines.append(
                "a policy of \(server.rawValue) cannot limit listings to '\(prefix)/': the role sees all names in the bucket"
            )
        }
        return lines
    }

    // MARK: Statements

    private var arn: String { "arn:aws:s3:::\(bucket)" }
    private var root: String { prefix.isEmpty ? "" : "\(prefix)/" }

    private var listing: JSONValue {
        var actions: [JSONValue] = ["s3:ListBucket"]
        if role.endsUploads { actions.append("s3:ListBucketMultipartUploads") }
        if locks { actions.append("s3:GetBucketObjectLockConfiguration") }
        let statement: JSONValue = [
            "Sid": "List", "Effect": "Allow", "Action": .array(actions), "Resource": .array([.string(arn)]),
        ]
        guard !prefix.isEmpty, server.comparesPrefixes else { return statement }
        // Only listings have a prefix: the condition must hold for the other action too.
        return statement.adding([
            "Condition": ["StringLikeIfExists": ["s3:prefix": [.string(prefix), .string("\(root)*")]]]
        ])
    }

    private func statements(for grant: StoreRole.Grant) -> [JSONValue] {
        switch grant.right {
        case .read: [allow("Read", actions: ["s3:GetObject"], on: grant)]
        case .delete:
            [allow("Delete", actions: ["s3:DeleteObject"] + (role.endsUploads ? Self.uploads : []), on: grant)]
        case .readLock: [allow("ReadLock", actions: ["s3:GetObjectRetention"], on: grant)]
        case .lock: [allow("Lock", actions: ["s3:PutObjectRetention"], on: grant)]
        case .thaw: server.archives ? [allow("Thaw", actions: ["s3:RestoreObject"], on: grant)] : []
        case .add where server.refusesOverwrites:
            [
                allow("Add", actions: ["s3:PutObject"], on: grant).adding([
                    "Condition": ["Null": ["s3:if-none-match": "false"]]
                ]),
                // The requests of a multipart upload carry the condition only when they complete it.
                allow("AddParts", actions: ["s3:PutObject"], on: grant).adding([
                    "Condition": ["Bool": ["s3:ObjectCreationOperation": "false"]]
                ]),
                allow("Upload", actions: Self.uploads, on: grant),
            ]
        case .add: [allow("Add", actions: ["s3:PutObject"] + Self.uploads, on: grant)]
        }
    }

    private static let uploads = ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]

    private func allow(_ name: String, actions: [String], on grant: StoreRole.Grant) -> JSONValue {
        // A Sid is unique in its document, and has letters and digits only.
        let place = grant.folder.filter(\.isLetter)
        return [
            "Sid": .string(name + place.prefix(1).uppercased() + place.dropFirst()), "Effect": "Allow",
            "Action": .array(actions.map { .string($0) }),
            "Resource": .array([.string("\(arn)/\(root)\(grant.folder)*")]),
        ]
    }
}

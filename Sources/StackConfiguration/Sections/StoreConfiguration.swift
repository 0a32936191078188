package import Documents

/// Where backups are kept, and how they are protected there.
package struct StoreConfiguration: Equatable, Sendable {
    package enum Addressing: String, CaseIterable, Sendable { case auto, path, virtual }

    /// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html, `x-amz-server-side-encryption`
    package enum ServerSideEncryption: String, CaseIterable, Sendable {
        case aes256 = "AES256"
        case kms = "aws:kms"
        case kmsDSSE = "aws:kms:dsse"
    }

    package var url = StoreLocation.directory("/")
    package var region: String?
    /// Base URL of an S3-compatible server, without a slash at its end.
    package var endpoint: String?
    package var addressing = Addressing.auto
    /// Section of the shared AWS configuration files.
    package var profile: String?
    /// Both or none; none leaves credentials to the usual chain.
    package var accessKeyID: Secret?
    package var secretAccessKey: Secret?
    package var serverSideEncryption: ServerSideEncryption?
    package var kmsKeyID: String?
    package var storageClass: String?
    /// Absolute path of PEM certificates to trust for the endpoint instead of the system's.
    package var caFile: String?
    /// Bytes of one part of a multipart upload; nil leaves the choice to the store.
    package var partSize: Int?
    /// Nil leaves the choice to the store.
    package var stallTimeout: Period?
    /// Absolute paths of PEM certificates; packs are encrypted to all of them. Empty: not encrypted.
    package var recipients: [String] = []
    package var signing: Signing?
    /// Nil: objects are not locked.
    package var lock: LockConfiguration?

    package init() {}
}

extension StoreConfiguration: Section {
    package static let keys: [Key<Self>] = [
        Key("url", \.url, as: .storeURL, required: true, about: "s3://bucket/prefix or file:///absolute/path."),
        Key(
            "region", \.region, as: .text,
            about: "AWS region of the bucket, such as eu-central-1; found by asking when left out."),
        Key("endpoint", \.endpoint, as: .httpURL, about: "URL of an S3-compatible server, when it is not AWS."),
        Key(
            "addressing", \.addressing, as: .word(),
            about: "How a bucket is addressed: in the host name, in the path, or as fits."
        ),
        Key("profile", \.profile, as: .text, about: "Profile in the shared AWS configuration files."),
        Key(
            "access_key_id", \.accessKeyID, as: .secret,
            about: "Access key; left out, the usual AWS credential chain is used."),
        Key("secret_access_key", \.secretAccessKey, as: .secret, about: "Secret key that belongs to the access key."),
        Key("server_side_encryption", \.serverSideEncryption, as: .word(), about: "Encryption by the store itself."),
        Key(
            "kms_key_id", \.kmsKeyID, as: .text,
            about: "KMS key for aws:kms; left out, the bucket's default key is used."),
        Key(
            "storage_class", \.storageClass, as: .storageClass,
            about: "Storage class of new objects, such as STANDARD_IA."),
        Key(
            "ca_file", \.caFile, as: .path,
            about: "PEM certificates to trust for the endpoint, instead of the system's."),
        Key("part_size", \.partSize, as: .partSize, about: "Size of one part of a multipart upload."),
        Key(
            "stall_timeout", \.stallTimeout, as: .period,
            about: "Give a request up, and try again, when it moves less than 100 bytes a second for this long."),
        Key("recipients", \.recipients, as: .list(of: .path), about: "PEM certificates that backups are encrypted to."),
        Key(
            "signing", \.signing, as: .section(),
            about: "Certificate and key that sets, and by their hashes all below them, are signed with."),
        Key("lock", \.lock, as: .section(), about: "Object lock: nobody can destroy what kept backups need."),
    ]

    /// Keys that mean something for every store; all others are S3's.
    private static let general: Set = ["url", "recipients", "signing"]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        if case .directory = url {
            // Silence here would let somebody believe in an encryption or a storage class that never happens.
            for key in Self.keys where written.contains(key.name) && !Self.general.contains(key.name) {
                reader.complain(written[key.name], "'\(key.name)' needs an s3:// store; this one is file://")
            }
        }
        if (accessKeyID == nil) != (secretAccessKey == nil) {
            let key = accessKeyID == nil ? "secret_access_key" : "access_key_id"
            reader.complain(written[key], "'access_key_id' and 'secret_access_key' need each other")
        }
        if accessKeyID != nil, profile != nil {
            reader.complain(written["profile"], "'profile' and 'access_key_id' exclude each other")
        }
        if kmsKeyID != nil, serverSideEncryption != .kms, serverSideEncryption != .kmsDSSE {
            reader.complain(written["kms_key_id"], "'kms_key_id' needs 'server_side_encryption: aws:kms'")
        }
    }
}

/// How objects are kept from being destroyed.
package struct LockConfiguration: Equatable, Sendable {
    /// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html#object-lock-retention-modes
    package enum Mode: String, CaseIterable, Sendable { case governance, compliance }

    package var mode = Mode.governance
    /// Seconds that what is needed is locked ahead, at least.
    package var margin = 3 * 86_400

    package init() {}
}

extension LockConfiguration: Section {
    package static let keys: [Key<Self>] = [
        Key(
            "mode", \.mode, as: .word(), required: true,
            about: "governance: who has a special permission can still destroy objects; compliance: nobody can."),
        Key(
            "margin", \.margin, as: .lockMargin,
            about: "How far ahead everything needed is locked, 1d to 365d: so long may backups fail; 3d if left out."),
    ]
}

/// How sets are signed, and whose signature a reader asks for; both are absolute paths of PEM files.
package struct Signing: Equatable, Sendable {
    package var certificate = ""
    /// Nil where sets are only read.
    package var key: String?

    package init() {}
}

extension Signing: Section {
    package static let keys: [Key<Self>] = [
        Key(
            "certificate", \.certificate, as: .path, required: true,
            about: "PEM certificates: sets that none of them signed are refused."),
        Key(
            "key", \.key, as: .path,
            about: "PEM private key of the first certificate, to sign with; not needed to restore."),
    ]
}

extension Shape where Value == Int {
    /// Locks are extended at each quarter of it; and one of compliance mode that is years too long cannot be undone.
    fileprivate static let lockMargin = Shape(schema: Shape<Period>.period.schema) { node, reader in
        guard let period = Shape<Period>.period.read(node, &reader) else { return nil }
        let seconds = Int(period.duration.components.seconds)
        guard (86_400...365 * 86_400).contains(seconds) else {
            reader.complain(node, "'margin' is out of range: 1d to 365d")
            return nil
        }
        return seconds
    }

    /// S3's limits for a part: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
    fileprivate static let partSize = Shape.size(5 << 20...5 << 30, describedAs: "5MiB to 5GiB")
}

extension Shape where Value == String {
    /// Any word in capitals, since compatible stores have classes of their own; but none that must be thawed before it
    /// is read: every run reads manifests and indexes back.
    fileprivate static let storageClass = Shape(schema: ["type": "string", "pattern": "^[A-Z0-9_]+$"]) { node, reader in
        guard let name = text.read(node, &reader) else { return nil }
        guard name.allSatisfy({ $0 == "_" || ($0.isASCII && ($0.isUppercase || $0.isNumber)) }) else {
            reader.complain(node, "'\(name)' is no storage class: capitals, digits and '_'")
            return nil
        }
        guard name != "GLACIER", name != "DEEP_ARCHIVE" else {
            reader.complain(
                node, "objects of class '\(name)' cannot be read back at once, but every run must",
                hint: "use GLACIER_IR or STANDARD_IA, or move old packs with a lifecycle rule")
            return nil
        }
        return name
    }
}

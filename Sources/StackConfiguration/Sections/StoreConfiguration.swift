package import Documents

/// The store of the backups, and its protection.
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
    /// The base URL of an S3-compatible server, without a slash at its end.
    package var endpoint: String?
    package var addressing = Addressing.auto
    /// The section of the shared AWS configuration files.
    package var profile: String?
    /// Set together with the secret key; without them, the default AWS credential chain is used.
    package var accessKeyID: Secret?
    package var secretAccessKey: Secret?
    package var serverSideEncryption: ServerSideEncryption?
    package var kmsKeyID: String?
    package var storageClass: String?
    /// The classes of packs that only old backups need; nil to leave them where they are.
    package var tiers: TiersConfiguration?
    /// Absolute path of PEM certificates to trust for the endpoint instead of the system's.
    package var caFile: String?
    /// Bytes of one part of a multipart upload; nil for the store's default.
    package var partSize: Int?
    /// Nil for the store's default.
    package var stallTimeout: Period?
    /// Absolute paths of PEM certificates; packs are encrypted to all of them. Empty: not encrypted.
    package var recipients: [String] = []
    /// Absolute path of the file with the document keys; nil for a file in the state folder.
    package var documentKey: String?
    package var signing: Signing?
    /// The id of the repository; nil to accept the one that is there at first use.
    package var repository: String?
    /// The object lock; nil for no lock.
    package var lock: LockConfiguration?
    /// The stores to which each backup set is copied, the nearest first.
    package var copies: [CopyConfiguration] = []

    package init() {}
}

extension StoreConfiguration: Section {
    package static let keys: [Key<Self>] =
        placeKeys + [
            Key(
                "recipients", \.recipients, as: .list(of: .path),
                about: "PEM certificates; backups are encrypted for all of them."),
            Key(
                "document_key", \.documentKey, as: .path,
                about:
                    "File with the keys for names and hashes of encrypted backups. Default: document-keys in the state folder."
            ),
            Key(
                "signing", \.signing, as: .section(),
                about: "Certificate and key that sign sets and, by their hashes, all objects that sets refer to."),
            Key(
                "repository", \.repository, as: .repositoryID,
                about:
                    "Id of the repository, 32 hexadecimal digits. dr refuses any other repository at this address."),
            Key(
                "copies", \.copies, as: .list(of: .section()),
                about: "Other stores to which each backup set is copied after it is written, the nearest first."),
        ]

    /// The keys that say where a store is, how to reach it, and how it keeps objects.
    static let placeKeys: [Key<Self>] = [
        Key(
            "url", \.url, as: .storeURL, required: true,
            about: "Location of the store: s3://bucket/prefix or file:///absolute/path."),
        Key(
            "region", \.region, as: .text,
            about: "AWS region of the bucket, such as eu-central-1. Default: dr queries the bucket."),
        Key("endpoint", \.endpoint, as: .httpURL, about: "URL of an S3-compatible server other than AWS."),
        Key(
            "addressing", \.addressing, as: .word(),
            about: "Position of the bucket name in URLs: 'virtual' (host name), 'path' or 'auto'. Default: auto."
        ),
        Key("profile", \.profile, as: .text, about: "Profile in the shared AWS configuration files."),
        Key(
            "access_key_id", \.accessKeyID, as: .secret,
            about: "Access key. Default: the AWS credential chain."),
        Key("secret_access_key", \.secretAccessKey, as: .secret, about: "Secret key of the access key."),
        Key("server_side_encryption", \.serverSideEncryption, as: .word(), about: "Encryption by the store."),
        Key(
            "kms_key_id", \.kmsKeyID, as: .text,
            about: "KMS key for aws:kms. Default: the bucket's default key."),
        Key(
            "storage_class", \.storageClass, as: .storageClass,
            about: "Storage class of new objects, such as STANDARD_IA."),
        Key(
            "tiers", \.tiers, as: .section(),
            about: "Storage classes to which `dr tier` moves packs that only old backups need."),
        Key(
            "ca_file", \.caFile, as: .path,
            about: "PEM certificates to trust for the endpoint, instead of the system's."),
        Key("part_size", \.partSize, as: .partSize, about: "Size of one part of a multipart upload."),
        Key(
            "stall_timeout", \.stallTimeout, as: .period,
            about: "Cancel and retry a request that transfers less than 100 bytes per second for this time."),
        Key(
            "lock", \.lock, as: .section(), about: "Object lock: protects the objects of kept backups against deletion."
        ),
    ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        validatePlace(written, &reader)
        var (places, names) = ([self], Set<String>())
        for copy in copies {
            if places.contains(where: { $0.url == copy.store.url && $0.endpoint == copy.store.endpoint }) {
                reader.complain(written["copies"], "'\(copy.store.url)' is named twice: a copy needs another place")
            }
            places.append(copy.store)
            if !names.insert(copy.name).inserted {
                reader.complain(written["copies"], "two copies have the name '\(copy.name)'")
            }
        }
    }

    /// Checks the rules about ``placeKeys``.
    func validatePlace(_ written: WrittenKeys, _ reader: inout Reader) {
        if case .directory = url {
            // An ignored key would suggest an encryption or a storage class that does not exist.
            for key in Self.placeKeys where written.contains(key.name) && key.name != "url" {
                reader.complain(written[key.name], "'\(key.name)' needs an s3:// store; this one is file://")
            }
        }
        if (accessKeyID == nil) != (secretAccessKey == nil) {
            let key = accessKeyID == nil ? "secret_access_key" : "access_key_id"
            reader.complain(written[key], "'access_key_id' and 'secret_access_key' must be set together")
        }
        if accessKeyID != nil, profile != nil {
            reader.complain(written["profile"], "'profile' and 'access_key_id' exclude each other")
        }
        if kmsKeyID != nil, serverSideEncryption != .kms, serverSideEncryption != .kmsDSSE {
            reader.complain(written["kms_key_id"], "'kms_key_id' needs 'server_side_encryption: aws:kms'")
        }
    }
}

/// The protection of objects against deletion.
package struct LockConfiguration: Equatable, Sendable {
    /// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html#object-lock-retention-modes
    package enum Mode: String, CaseIterable, Sendable { case governance, compliance }

    package var mode = Mode.governance
    /// The minimum time, in seconds, for which needed objects are locked in advance.
    package var margin = 3 * 86_400

    package init() {}
}

extension LockConfiguration: Section {
    package static let keys: [Key<Self>] = [
        Key(
            "mode", \.mode, as: .word(), required: true,
            about: "governance: users with a special permission can still delete objects; compliance: no user can."),
        Key(
            "margin", \.margin, as: .lockMargin,
            about:
                "Time for which needed objects are locked in advance, 1d to 365d. Backups may fail for this time. Default: 3d."
        ),
    ]
}

extension Shape where Value == Int {
    /// The range is limited because locks are extended at each quarter of the margin, and because a lock in compliance
    /// mode cannot be shortened.
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
    fileprivate static let repositoryID = Shape(schema: ["type": "string", "pattern": "^[0-9a-f]{32}$"]) {
        node, reader in
        guard let id = text.read(node, &reader) else { return nil }
        guard id.utf8.count == 32, id.allSatisfy({ $0.isHexDigit && !$0.isUppercase }) else {
            reader.complain(node, "'\(id)' is not the id of a repository: 32 hexadecimal digits")
            return nil
        }
        return id
    }

    /// Any word in capitals, since compatible stores have their own classes; but no class that must be thawed before
    /// reading, since every run reads manifests and indexes.
    fileprivate static let storageClass = Shape(schema: ["type": "string", "pattern": "^[A-Z0-9_]+$"]) { node, reader in
        guard let name = text.read(node, &reader) else { return nil }
        guard name.allSatisfy({ $0 == "_" || ($0.isASCII && ($0.isUppercase || $0.isNumber)) }) else {
            reader.complain(node, "'\(name)' is not a valid storage class: use capitals, digits and '_'")
            return nil
        }
        guard name != "GLACIER", name != "DEEP_ARCHIVE" else {
            reader.complain(
                node, "objects of class '\(name)' cannot be read immediately, but every run reads them",
                hint: "use GLACIER_IR or STANDARD_IA; 'tiers' moves packs that only old backups need")
            return nil
        }
        return name
    }
}

package import HTTP
package import ObjectStorage

/// The address of a bucket and the way to use it. The environment, the profile or the server supplies what is nil.
package struct S3Configuration: Sendable {
    package enum Addressing: String, Sendable, CaseIterable {
        /// Virtual on AWS if the bucket's name allows it, path elsewhere.
        case auto
        /// `https://host/bucket/key`
        case path
        /// `https://bucket.host/key`
        case virtual
    }

    package enum Encryption: Hashable, Sendable {
        case aes256
        /// Uses the bucket's default key if `keyID` is nil.
        case kms(keyID: String?)
    }

    package enum PayloadSigning: String, Sendable, CaseIterable {
        /// TLS protects the body over https; over http the signature covers it.
        case auto
        /// The signature covers the SHA-256 of every body.
        case always
    }

    package var bucket: String
    /// Prepended to every key, without slashes at its ends; empty for the root of the bucket.
    package var prefix: String
    package var region: String?
    /// `https://host[:port]`, for servers other than AWS.
    package var endpoint: String?
    package var addressing = Addressing.auto
    package var profile: String?
    package var credentials: S3Credentials?
    package var encryption: Encryption?
    /// S3's name of the class, such as STANDARD_IA or GLACIER_IR.
    package var storageClass: String?
    package var payloadSigning = PayloadSigning.auto
    /// Sends `x-amz-checksum-sha256` with every body, which buckets with a default retention require. Always sent with
    /// an object lock.
    package var sendsChecksums = false
    package var caFile: String?
    package var isInsecure = false
    package var connectTimeout = HTTPOptions().connectTimeout
    package var stallTimeout = HTTPOptions().stallTimeout
    package var retry = RetryPolicy()
    /// The time without progress after which a call is not tried again, although tries are left; nil for no limit.
    package var patience: Duration?
    /// The size of each part of a multipart upload, in bytes. S3 requires at least 5 MiB for all parts but the last, and
    /// at most 10,000 parts an object.
    package var partSize = 8 << 20
    /// The number of parts of one object in flight at once.
    package var parallelParts = 3
    /// The most pieces of one object that are read at once; 1 streams the object over one connection.
    package var parallelReads = 8
    /// The size of each of these pieces, in bytes: much more than a connection moves in a round trip.
    package var readSize = 4 << 20
    /// The number of keys on a page of a listing, at most 1000.
    package var pageSize = 1000
    /// Counts the requests; nil to count none.
    package var use: StoreUse?

    package init(bucket: String, prefix: String = "", region: String? = nil, endpoint: String? = nil) {
        self.bucket = bucket
        self.prefix = String(prefix.drop { $0 == "/" }.reversed().drop { $0 == "/" }.reversed())
        self.region = region
        self.endpoint = endpoint
    }

    /// Parses `s3://bucket[/prefix]`.
    /// - Returns: nil if `url` does not have this form.
    package init?(url: String) {
        guard url.hasPrefix("s3://") else { return nil }
        let parts = url.dropFirst(5).split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let bucket = parts.first, !bucket.isEmpty, !url.contains("?"), !url.contains("#") else { return nil }
        self.init(bucket: String(bucket), prefix: parts.count > 1 ? String(parts[1]) : "")
    }
}

package import HTTP

/// Where a bucket is and how to use it. What is nil is found out: from the environment, the profile, the server.
package struct S3Configuration: Sendable {
    package enum Addressing: String, Sendable, CaseIterable {
        /// Virtual on AWS where the name allows it, path elsewhere.
        case auto
        /// `https://host/bucket/key`
        case path
        /// `https://bucket.host/key`
        case virtual
    }

    package enum Encryption: Hashable, Sendable {
        case aes256
        /// With the bucket's default key when none is named.
        case kms(keyID: String?)
    }

    package enum PayloadSigning: String, Sendable, CaseIterable {
        /// Left to TLS over https, signed over http.
        case auto
        /// SHA-256 of every body in its signature.
        case always
    }

    package var bucket: String
    /// Put before every key, without slashes at its ends; empty for the bucket's top.
    package var prefix: String
    package var region: String?
    /// `https://host[:port]`, for servers other than AWS.
    package var endpoint: String?
    package var addressing = Addressing.auto
    package var profile: String?
    package var credentials: S3Credentials?
    package var encryption: Encryption?
    /// As S3 names them: STANDARD_IA, GLACIER_IR.
    package var storageClass: String?
    package var payloadSigning = PayloadSigning.auto
    /// Sends `x-amz-checksum-sha256` with every body: buckets with a default retention ask for it. Always sent with
    /// an object lock.
    package var sendsChecksums = false
    package var caFile: String?
    package var isInsecure = false
    package var connectTimeout = HTTPOptions().connectTimeout
    package var stallTimeout = HTTPOptions().stallTimeout
    package var retry = RetryPolicy()
    /// Bytes of each part of a multipart upload, at least 5 MiB but for the last; also of a parallel ranged read. An
    /// object has at most 10,000 parts.
    package var partSize = 8 << 20
    /// Parts of one object on their way at once.
    package var parallelParts = 3
    /// Ranges of one object on their way at once; 1 streams it over one connection.
    package var parallelReads = 1
    /// Keys of a page of a listing, at most 1000.
    package var pageSize = 1000

    package init(bucket: String, prefix: String = "", region: String? = nil, endpoint: String? = nil) {
        self.bucket = bucket
        self.prefix = String(prefix.drop { $0 == "/" }.reversed().drop { $0 == "/" }.reversed())
        self.region = region
        self.endpoint = endpoint
    }

    /// From `s3://bucket[/prefix]`.
    /// - Returns: nil when `url` is nothing like it.
    package init?(url: String) {
        guard url.hasPrefix("s3://") else { return nil }
        let parts = url.dropFirst(5).split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let bucket = parts.first, !bucket.isEmpty, !url.contains("?"), !url.contains("#") else { return nil }
        self.init(bucket: String(bucket), prefix: parts.count > 1 ? String(parts[1]) : "")
    }
}

internal import FoundationEssentials

/// The JSON object that containers, instances and credential processes return.
struct CredentialDocument: Decodable {
    var AccessKeyId: String?
    var SecretAccessKey: String?
    /// Sent by containers and instances.
    var Token: String?
    /// Sent by credential processes.
    var SessionToken: String?
    var Expiration: String?
    /// Sent by instances: "Success" or an error code.
    var Code: String?
    var Message: String?
    var Version: Int?

    static func credentials(_ document: [UInt8], source: String) throws -> S3Credentials {
        guard let parsed = try? JSONDecoder().decode(CredentialDocument.self, from: Data(document)) else {
            throw CredentialError(source, "the answer is not a JSON object with credentials")
        }
        guard let id = parsed.AccessKeyId, let secret = parsed.SecretAccessKey, !id.isEmpty, !secret.isEmpty else {
            throw CredentialError(
                source, "\(parsed.Code ?? "no keys"): \(parsed.Message ?? "the answer contains no keys")")
        }
        let expiration = try parsed.Expiration.map { text in
            guard let time = AWSTime.parse(text) else {
                throw CredentialError(source, "expiration '\(text)' is not a valid timestamp")
            }
            return time
        }
        return S3Credentials(
            accessKeyID: id, secretAccessKey: secret, sessionToken: parsed.Token ?? parsed.SessionToken,
            expiration: expiration, source: source)
    }
}

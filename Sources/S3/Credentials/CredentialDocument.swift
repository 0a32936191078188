internal import Foundation

/// The JSON object that containers, instances and credential processes answer with.
struct CredentialDocument: Decodable {
    var AccessKeyId: String?
    var SecretAccessKey: String?
    /// Containers and instances.
    var Token: String?
    /// Credential processes.
    var SessionToken: String?
    var Expiration: String?
    /// Instances: "Success" or what is wrong.
    var Code: String?
    var Message: String?
    var Version: Int?

    static func credentials(_ document: [UInt8], source: String) throws -> S3Credentials {
        guard let parsed = try? JSONDecoder().decode(CredentialDocument.self, from: Data(document)) else {
            throw CredentialError(source, "the answer is no JSON object of credentials")
        }
        guard let id = parsed.AccessKeyId, let secret = parsed.SecretAccessKey, !id.isEmpty, !secret.isEmpty else {
            throw CredentialError(source, "\(parsed.Code ?? "no keys"): \(parsed.Message ?? "the answer holds none")")
        }
        let expiration = try parsed.Expiration.map { text in
            guard let time = AWSTime.parse(text) else {
                throw CredentialError(source, "expiration '\(text)' is no time")
            }
            return time
        }
        return S3Credentials(
            accessKeyID: id, secretAccessKey: secret, sessionToken: parsed.Token ?? parsed.SessionToken,
            expiration: expiration, source: source)
    }
}

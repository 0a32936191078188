/// The credentials in `AWS_ACCESS_KEY_ID` and the related variables.
struct EnvironmentCredentials: CredentialSource {
    let environment: AWSEnvironment

    func load() throws -> S3Credentials? {
        let id = environment["AWS_ACCESS_KEY_ID"], secret = environment["AWS_SECRET_ACCESS_KEY"]
        guard id != nil || secret != nil else { return nil }
        guard let id, let secret else {
            throw CredentialError(
                "environment", "only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set",
                hint: "set both variables, or unset both")
        }
        return S3Credentials(
            accessKeyID: id, secretAccessKey: secret, sessionToken: environment["AWS_SESSION_TOKEN"],
            source: "environment")
    }
}

/// The environment variables that programs inherit from dr: those that find programs, files, proxies and clusters.
///
/// Others stay behind, because they may hold secrets: passphrases of keys, credentials of the store, values that the
/// configuration takes from variables.
package enum InheritedEnvironment {
    private static let names: Set<String> = [
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TERM", "TMPDIR", "PWD", "HOSTNAME",
        "KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "SSH_AUTH_SOCK", "SSL_CERT_FILE",
        "SSL_CERT_DIR", "LD_LIBRARY_PATH", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME",
        "XDG_CACHE_HOME", "XDG_DATA_HOME",
        // Of cloud providers: names of files and regions, for kubectl's log-in programs.
        "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE",
        "GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_CONFIG", "AZURE_CONFIG_DIR", "http_proxy", "https_proxy",
        "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
    ]

    /// - Parameters:
    ///   - all: the environment of this process, or of the run.
    ///   - prefixes: of further names to keep.
    package static func selected(from all: [String: String], prefixes: [String] = []) -> [String: String] {
        let prefixes = prefixes + ["LC_"]
        return all.filter { name, _ in names.contains(name) || prefixes.contains { name.hasPrefix($0) } }
    }
}

internal import Glibc
internal import Platform

/// The certificate authorities that the portable archive trusts.
///
/// libcurl knows the file of the system that it was built for. The archive runs on other systems, so it looks for their
/// files. On a system without any, it uses the copy in the archive.
package enum HostAuthorities {
    /// The PEM file; nil for an installed program, which uses libcurl's default.
    package static let file: String? = OwnProgram.archive.flatMap { archive in
        file(in: archive) { access($0, R_OK) == 0 }
    }

    static func file(in archive: String, isReadable: (String) -> Bool) -> String? {
        (places + ["\(archive)/share/ca-certificates.crt"]).first(where: isReadable)
    }

    private static let places = [
        "/etc/ssl/certs/ca-certificates.crt",  // Debian, Ubuntu, Alpine, Arch
        "/etc/pki/tls/certs/ca-bundle.crt",  // Red Hat, Fedora
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/ssl/ca-bundle.pem",  // SUSE
        "/etc/ssl/cert.pem",
    ]
}

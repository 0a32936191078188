import Testing

@testable import HTTP

@Suite struct HostAuthoritiesTests {
    @Test(arguments: [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ])
    func `an archive uses the authorities of the system that it runs on`(_ place: String) {
        #expect(HostAuthorities.file(in: "/mnt/dr") { $0 == place || $0.hasPrefix("/mnt/dr/") } == place)
    }

    @Test func `an archive uses its own authorities on a system without any`() {
        #expect(HostAuthorities.file(in: "/mnt/dr") { $0.hasPrefix("/mnt/dr/") } == "/mnt/dr/share/ca-certificates.crt")
        #expect(HostAuthorities.file(in: "/mnt/dr") { _ in false } == nil)
    }

    @Test func `an installed program leaves the choice to libcurl`() {
        #expect(HostAuthorities.file == nil)
    }
}

import Git
import Testing

import Documents
@testable import StackConfiguration

@Suite struct GitOptionsTests {
    private func options(_ text: String) throws -> GitComponent {
        let configuration = try parse("store: {url: file:///r}\ncomponents: {configuration: {kind: git, \(text)}}")
        return try #require(configuration.components[0].settings as? GitComponent)
    }

    private func complaint(_ text: String) -> String {
        complaints("store: {url: file:///r}\ncomponents: {configuration: {kind: git, \(text)}}").joined(separator: "\n")
    }

    /// As git itself tells paths and URLs apart.
    @Test(arguments: [
        ("/srv/config.git", "/srv/config.git"), ("config.git", "/etc/dr/config.git"), ("./a/b:c", "/etc/dr/a/b:c"),
        ("git@host:team/config.git", "git@host:team/config.git"), ("ssh://git@host:22/x", "ssh://git@host:22/x"),
        ("https://host/x.git", "https://host/x.git"), ("file:///srv/x", "file:///srv/x"),
    ]) func `a repository is a path or a URL`(written: String, read: String) throws {
        #expect(try options("url: '\(written)'").url == read)
    }

    @Test func `every key is read`() throws {
        let web = try options(
            "url: 'https://host/x', branch: backup, username: me, password: {env: TOKEN}, ca_file: ca.pem")
        #expect(web.branch == "backup" && web.username == "me" && web.password?.source == .environment("TOKEN"))
        #expect(web.caFile == "/etc/dr/ca.pem")
        let ssh = try options("url: 'git@host:x', ssh_key: key, ssh_known_hosts: /etc/hosts")
        #expect(ssh.sshKey == "/etc/dr/key" && ssh.sshKnownHosts == "/etc/hosts")
    }

    @Test(arguments: [
        ("url: 'https://me:hunter2@host/x'", "the URL must not contain credentials"),
        ("url: 'https://hunter2@host/x'", "the URL must not contain credentials"),
        ("url: 'ssh://git:hunter2@host/x'", "the URL must not contain credentials"),
        ("url: 'ext::sh -c id'", "neither a path nor a URL"), ("url: 's3://host/x'", "has scheme 's3'"),
        ("branch: main", "required key 'url' is missing"),
        ("url: /x, password: {env: P}", "'username' and 'password' must be set together"),
        ("url: /x, username: u, password: {env: P}", "'password' needs an http or https URL"),
        ("url: 'https://h/x', ssh_key: k", "'ssh_key' needs an ssh URL"),
        ("url: /x, ssh_known_hosts: k", "'ssh_known_hosts' needs an ssh URL"),
        ("url: 'http://h/x', ca_file: k", "'ca_file' needs an https:// URL"),
        ("url: /x, branch: refs/heads/main", "is not a valid branch name"),
        ("url: /x, branch: '--all'", "is not a valid branch name"),
    ]) func `mistakes are explained`(text: String, words: String) {
        let complaint = complaint(text)
        #expect(complaint.contains(words) && !complaint.contains("hunter2"), "\(complaint)")
    }
}

import BackupRepository
import Testing

@testable import Git

/// Parsing of git's output and of addresses, without git.
@Suite struct GitTextTests {
    @Test(arguments: [
        ("https://user:secret@host/x.git", "https://host/x.git"),
        ("https://ghp_secret@host:8443/x", "https://host:8443/x"),
        ("http://user:se@cret@host/x", "http://host/x"),
        ("ssh://git@host/x", "ssh://git@host/x"),
        ("ssh://git:secret@host/x", "ssh://git@host/x"),
        ("git@host:x.git", "git@host:x.git"),
        ("/srv/a@b/c", "/srv/a@b/c"),
        ("https://host/a@b", "https://host/a@b"),
        (
            "unable to access 'https://u:secret@h/x/': no, https://u:secret@h",
            "unable to access 'https://h/x/': no, https://h"
        ),
    ]) func credentialsAreTakenOutOfTexts(text: String, expected: String) {
        #expect(GitAddress.redacting(text) == expected)
    }

    @Test(arguments: [
        ("https://host/x/y.git", "https://host"), ("http://127.0.0.1:8080/x", "http://127.0.0.1:8080"),
        ("https://me@host/x", "https://host"), ("ssh://git@host/x", nil), ("/srv/x", nil), ("git@host:x", nil),
    ]) func aPasswordIsBoundToOneServer(url: String, scope: String?) {
        #expect(GitAddress(url).credentialScope == scope)
    }

    @Test func aListingGivesBranchesAndHead() throws {
        let listing =
            "ref: refs/heads/trunk\tHEAD\n1111\tHEAD\n1111\trefs/heads/trunk\n2222\trefs/heads/a/ü b\n3\trefs/tags/x\n"
        let references = RemoteReferences(listing: listing)
        #expect(references.branches == ["trunk": "1111", "a/ü b": "2222"])
        let address = GitAddress("https://u:pw@host/x")
        #expect(try references.branch(nil, of: address) == "trunk")
        #expect(try references.branch("a/ü b", of: address) == "a/ü b")
        let error = #expect(throws: ComponentError.self) { try references.branch("main", of: address) }
        #expect(error?.reason == .misconfigured && error?.detail == "it has no branch 'main'; it has: 'a/ü b', 'trunk'")
        #expect(error?.operation.contains("pw") == false)
    }

    @Test(
        arguments: [
            ("", nil, "empty"), ("1\tHEAD\n1\trefs/heads/a\n", nil, "a commit and not a branch"),
            ("ref: refs/heads/unborn\tHEAD\n1\trefs/heads/a\n", nil, "does not name a branch with a commit"),
            ("", "main", "empty"),
        ] as [(String, String?, String)]) func whatHasNoBranchToChooseIsExplained(
            listing: String, wanted: String?, words: String
        )
    {
        let references = RemoteReferences(listing: listing)
        let error = #expect(throws: ComponentError.self) { try references.branch(wanted, of: GitAddress("/x")) }
        #expect(error?.detail.contains(words) == true && error?.hint != nil)
    }

    @Test(
        arguments: [
            (
                "fatal: '/x' does not appear to be a git repository\nfatal: Could not read from remote repository.\n",
                .misconfigured
            ),
            ("fatal: Authentication failed for 'https://u:pw@h/x/'\n", .refused),
            ("git@h: Permission denied (publickey,password).\nfatal: Could not read from remote repository.", .refused),
            ("fatal: unable to access 'http://h/': Could not resolve host: h", .unreachable),
            (
                "ssh: connect to host h port 22: Connection refused\nfatal: Could not read from remote repository.",
                .unreachable
            ),
            ("fatal: could not read Username for 'https://h': terminal prompts disabled", .refused),
            ("error: object file .git/objects/ab/cd is corrupt", .damaged),
            ("fatal: write error: No space left on device", .noSpace), ("fatal: whatever", .other), ("", .other),
        ] as [(String, ComponentError.Reason)]) func failuresAreToldApart(errors: String, reason: ComponentError.Reason)
    {
        let error = GitFailure.error("fetch x", status: 128, errors: errors)
        #expect(error.reason == reason && !"\(error)".contains("pw") && !error.detail.isEmpty)
    }

    @Test(arguments: [("2.31.9", false), ("2.32.0", true), ("3.0", true), ("2.39.5\n", true), ("1.8.3.1", false)])
    func oldVersionsAreRefused(version: String, isGood: Bool) {
        #expect((GitSource.judge(version: version).verdict == .ok) == isGood)
    }
}

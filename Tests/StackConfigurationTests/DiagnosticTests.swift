import Components
import Testing

import Documents
@testable import StackConfiguration

@Suite struct DiagnosticTests {
    /// A fault, as it follows ``least`` or replaces it, and the whole complaint about it.
    struct Fault: Sendable, CustomTestStringConvertible {
        var text: String
        var complaint: String
        var testDescription: String { complaint }

        static func added(_ text: String, _ complaint: String) -> Fault {
            Fault(text: least + text, complaint: complaint)
        }
        static func store(_ text: String, _ complaint: String) -> Fault {
            Fault(text: "components: {f: {kind: files, data: /f}}\nstore: {\(text)}", complaint: complaint)
        }
        static func component(_ text: String, _ complaint: String) -> Fault {
            Fault(text: "store: {url: file:///r}\ncomponents:\n  \(text)", complaint: complaint)
        }
    }

    @Test(arguments: [
        Fault.added("retentoin: {daily: 30d}", "dr.yaml:3:1: unknown key 'retentoin' (did you mean 'retention'?)"),
        .added("retention:\n  dialy: 30d", "dr.yaml:4:3: unknown key 'dialy' (did you mean 'daily'?)"),
        .added(
            "objectives: {budget: 3}", "dr.yaml:3:14: unknown key 'budget' (known here: rto, rpo)"),
        .added("objectives: 4h", "dr.yaml:3:13: expected a mapping of keys, found text"),
        .added("objectives:\n", "dr.yaml:3:1: 'objectives' has no value\nhint: give it one, or remove the line"),
        .added("objectives: {rto: 0}", "dr.yaml:3:19: '0' has no unit: s, m, h, d, w, mo or y"),
        .added("objectives: {rto: 0h}", "dr.yaml:3:19: '0h' must be more than zero"),
        .added("objectives: {rto: -4h}", "dr.yaml:3:19: '-4h' is negative"),
        .added(
            "objectives: {rto: 4 hours}",
            "dr.yaml:3:19: '4 hours' is not a length of time, such as 30s, 90m, 4h, 30d, 12w, 12mo or 7y"),
        .added("objectives: {rto: 99999999999y}", "dr.yaml:3:19: '99999999999y' is longer than a thousand years"),
        .added("objectives: {rto: [4h]}", "dr.yaml:3:19: expected a length of time such as 4h, found a list"),
        .added("stack: 0123", "dr.yaml:3:8: expected text, found a number\nhint: put it in quotes"),
        .added("stack: no", "dr.yaml:3:8: expected text, found a truth value\nhint: put it in quotes"),
        .added("stack: [a]", "dr.yaml:3:8: expected text, found a list"),
        .added("stack: ''", "dr.yaml:3:8: expected text, found empty text"),
        .added(#"stack: "a\nb""#, "dr.yaml:3:8: expected one line of text, found line ends or control characters"),
        .added("? [a]\n: b", "dr.yaml:3:3: a key must be a word, found a list"),
        .added(
            "state: ~/dr",
            "dr.yaml:3:8: '~' is not expanded\nhint: write the path out, from '/' or from this file's folder"),
        .added(
            "metrics: {textfile: dr.txt}",
            "dr.yaml:3:11: 'textfile' must end in .prom\nhint: the textfile collector ignores other files"),
        .added("notifications: {webhooks: [{}]}", "dr.yaml:3:28: required key 'url' is missing"),
        .added("stack: a\nstack: b", "dr.yaml:4:1: given more than once in one mapping: 'stack'"),
        .added("stack: [a\n", "dr.yaml:4:1: not valid YAML: did not find expected ',' or ']'"),
        .added("stack: *a", "dr.yaml:3:8: not valid YAML: found undefined alias"),
        .added("---\nstack: b", "dr.yaml:3:1: not valid YAML: expected a single document in the stream, found another"),

        .store(
            "region: eu-central-1, url: s3://abc, url2: x", "dr.yaml:2:46: unknown key 'url2' (did you mean 'url'?)"),
        .store("", "dr.yaml:2:8: required key 'url' is missing"),
        .store(
            "url: ftp://host/x", "dr.yaml:2:14: store 'ftp://host/x' has scheme 'ftp'; s3:// and file:// are supported"),
        .store(
            "url: /var/backups",
            "dr.yaml:2:14: store '/var/backups' is not a URL such as s3://bucket/prefix or file:///absolute/path\nhint: did you mean 'file:///var/backups'?"
        ),
        .store(
            "url: file://var/backups",
            "dr.yaml:2:14: store 'file://var/backups' needs an absolute path, with three slashes\nhint: did you mean 'file:///var/backups'?"
        ),
        .store("url: file:///", "dr.yaml:2:14: store 'file:///' is the root directory"),
        .store("url: file:///a/../b", "dr.yaml:2:14: store 'file:///a/../b' must not contain '.' or '..'"),
        .store(
            "url: s3://My_Bucket",
            "dr.yaml:2:14: store 's3://My_Bucket' does not have a valid bucket name: 3 to 63 of a-z, 0-9, '-' and '.', with a letter or digit at both ends"
        ),
        .store("url: s3://bucket/a/../b", "dr.yaml:2:14: store 's3://bucket/a/../b' must not contain '.' or '..'"),
        .store("url: s3://abc, addressing: pth", "dr.yaml:2:36: unknown value 'pth' (did you mean 'path'?)"),
        .store(
            "url: s3://abc, server_side_encryption: aes256",
            "dr.yaml:2:48: unknown value 'aes256' (did you mean 'AES256'?)"),
        .store("url: s3://abc, kms_key_id: k", "dr.yaml:2:24: 'kms_key_id' needs 'server_side_encryption: aws:kms'"),
        .store(
            "url: s3://abc, access_key_id: {env: A}",
            "dr.yaml:2:24: 'access_key_id' and 'secret_access_key' must be set together"),
        .store(
            "url: s3://abc, endpoint: localhost:9000", "dr.yaml:2:34: the URL does not start with http:// or https://"),
        .store("url: s3://abc, part_size: 1MiB", "dr.yaml:2:35: '1MiB' is out of range: 5MiB to 5GiB"),
        .store("url: s3://abc, part_size: big", "dr.yaml:2:35: expected a size such as 8MiB, found text"),
        .store(
            "url: s3://abc, part_size: 99999999999999999999",
            "dr.yaml:2:35: expected a size such as 8MiB, found a number"),
        .store(
            "url: s3://abc, storage_class: GLACIER",
            "dr.yaml:2:39: objects of class 'GLACIER' cannot be read immediately, but every run reads them\nhint: use GLACIER_IR or STANDARD_IA; 'tiers' moves packs that only old backups need"
        ),
        .store(
            "url: file:///r, region: eu-central-1", "dr.yaml:2:25: 'region' needs an s3:// store; this one is file://"),
        .store(
            "url: file:///r, lock: {mode: governance}", "dr.yaml:2:25: 'lock' needs an s3:// store; this one is file://"
        ),
        .store(
            "url: s3://abc, lock: {mode: governance, margin: 1h}",
            "dr.yaml:2:57: 'margin' is out of range: 1d to 365d"),
        .store("url: s3://abc, lock: {margin: 3d}", "dr.yaml:2:30: required key 'mode' is missing"),
        .store("url: file:///r, recipients: a.crt", "dr.yaml:2:37: expected a list, found text"),
        .store("url: file:///r, signing: {key: k}", "dr.yaml:2:34: required key 'certificate' is missing"),
        .store(
            "url: file:///r, signing: {trust: [{roles: [backup]}]}",
            "dr.yaml:2:43: a signer needs either 'certificate' or 'fingerprint'"),
        .store(
            "url: file:///r, signing: {trust: [{fingerprint: 3f9a}]}",
            "dr.yaml:2:57: '3f9a' is not a SHA-256 fingerprint: 64 hexadecimal digits, with or without colons"),
        .store(
            "url: file:///r, signing: {trust: [{certificate: a.crt, roles: [prnue]}]}",
            "dr.yaml:2:72: unknown value 'prnue' (did you mean 'prune'?)"),
        .store(
            "url: file:///r, signing: {trust: [{certificate: a.crt, revoked: soon}]}",
            "dr.yaml:2:73: expected a time such as 2026-12-01T00:00:00Z, found text"),

        .component(
            "Rules: {kind: files, data: /f}",
            "dr.yaml:3:3: 'Rules' is not a valid component name\nhint: use 1 to 64 characters of a-z, 0-9 and '-'"),
        .component(
            "../x: {kind: files, data: /f}",
            "dr.yaml:3:3: '../x' is not a valid component name\nhint: use 1 to 64 characters of a-z, 0-9 and '-'"),
        .component(
            "sets: {kind: files, data: /f}",
            "dr.yaml:3:3: 'sets' is reserved\nhint: choose another name, and add 'kind'"),
        .component(
            "marks: {kind: files, data: /f}",
            "dr.yaml:3:3: 'marks' is reserved\nhint: choose another name, and add 'kind'"),
        .component(
            "rules: {data: /f}",
            "dr.yaml:3:3: component 'rules' needs a 'kind'\nhint: the kinds are "
                + kinds.map { $0.name }.joined(separator: ", ")
        ),
        .component("rules: {kind: file, data: /f}", "dr.yaml:3:17: unknown kind 'file' (did you mean 'files'?)"),
        .component("rules: /f", "dr.yaml:3:10: expected the settings of component 'rules', found text"),
        .component("rules: {kind: files}", "dr.yaml:3:10: required key 'data' is missing"),
        .component("prometheus: {data: /p}", "dr.yaml:3:15: required key 'url' is missing"),
        .component(
            "prometheus: {url: http://p:9090, data: /p, skip_head: maybe}",
            "dr.yaml:3:57: expected true or false, found text"),
        .component(
            "prometheus: {url: http://u:hunter2@p:9090, data: /p}",
            "dr.yaml:3:21: the URL contains a user name or password\nhint: use the keys 'username' and 'password'"),
        .component("prometheus: {url: http://p:99999, data: /p}", "dr.yaml:3:21: the URL has an invalid host or port"),
        .component(
            "prometheus: {url: 'http://p:9090/?a=b', data: /p}", "dr.yaml:3:21: the URL has a query or fragment"),
        .component(
            "prometheus: {url: http://p, data: /p, username: u}",
            "dr.yaml:3:41: 'username' and 'password' must be set together"),
        .component(
            "prometheus: {url: http://p, data: /p, tls: {insecure: true}}", "dr.yaml:3:41: 'tls' needs an https:// URL"),
        .component(
            "prometheus: {url: https://p, data: /p, tls: {cert_file: c}}",
            "dr.yaml:3:48: 'cert_file' and 'key_file' must be set together"),
        .component("{}", "dr.yaml:3:3: 'components' is empty"),
        .component(
            "prometheus: {url: http://p, data: /p, username: u, password: hunter2}",
            "dr.yaml:3:64: this file must not contain secrets\nhint: use {env: NAME}, {file: PATH} or {command: [PROGRAM, ARGUMENT]}, and change the secret"
        ),
        .component(
            "prometheus: {url: http://p, data: /p, username: u, password: {env: hunter-2}}",
            "dr.yaml:3:65: 'env' must name an environment variable: letters, digits and '_'"),
        .component(
            "prometheus: {url: http://p, data: /p, username: u, password: {env: A, file: b}}",
            "dr.yaml:3:64: a secret needs one of 'env', 'file' and 'command'"),
        .component(
            "prometheus: {url: http://p, data: /p, username: u, password: {enw: A}}",
            "dr.yaml:3:65: unknown key 'enw' (did you mean 'env'?)"),
        Fault(text: "", complaint: "dr.yaml: is empty\nhint: run 'dr init' to write a commented one"),
        Fault(text: "# nothing\n", complaint: "dr.yaml: is empty\nhint: run 'dr init' to write a commented one"),
        Fault(text: "- a", complaint: "dr.yaml:1:1: expected a mapping of keys, found a list"),
        Fault(text: "a\0b", complaint: "dr.yaml: not valid YAML: control characters are not allowed"),
    ])
    func `a fault is named with its place`(_ fault: Fault) {
        #expect(complaints(fault.text) == [fault.complaint])
        #expect(!complaints(fault.text).joined().contains("hunter2"))
    }

    @Test func `all errors are reported at once in file order`() {
        let found = complaints(
            """
            stakc: a
            objectives: {rto: 0s, rpo: x}
            store: {url: nowhere, part_size: 1, recipients: [1, ~/a, b]}
            components:
              UP: {kind: files, data: /f}
              down: {kind: files, dta: 3}
            """)
        #expect(
            found.map { String($0.prefix { $0 != "'" && $0 != "\n" }) } == [
                "dr.yaml:1:1: unknown key ",
                "dr.yaml:2:19: ",
                "dr.yaml:2:28: ",
                "dr.yaml:3:14: store ",
                "dr.yaml:3:34: ",
                "dr.yaml:3:50: expected text, found a number",
                "dr.yaml:3:53: ",
                "dr.yaml:5:3: ",
                "dr.yaml:6:9: required key ",
                "dr.yaml:6:23: unknown key ",
            ])
    }

    @Test(arguments: [
        ("retentoin", "retention", 1), ("", "abc", 3), ("same", "same", 0), ("ab", "ba", 1), ("kitten", "sitting", 3),
        ("ca", "abc", 3),
    ])
    func `distance counts swaps once`(_ first: String, _ second: String, _ distance: Int) {
        #expect(Spelling.distance(first, second) == distance)
        #expect(Spelling.distance(second, first) == distance)
    }
}

import HTTP
import Testing

@Suite struct HTTPRequestTests {
    @Test(arguments: [
        ("http://host/path", "http://host/path"), ("http://host/path?signature=x#y", "http://host/path"),
        ("https://user:secret@host:3000/a@b", "https://host:3000/a@b"), ("http://a@b@host", "http://host"),
        ("http://host#user@x", "http://host"), ("/path?x", "/path"), ("host:80/x@y", "host:80/x@y"), ("", ""),
        ("http://é@hôst/ü", "http://hôst/ü"),
    ])
    func `a summary has neither user nor query`(url: String, summary: String) {
        #expect(HTTPRequest("GET", url).summary == "GET \(summary)")
    }
}

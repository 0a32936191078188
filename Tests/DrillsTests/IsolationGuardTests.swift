import Components
import Foundation
import Lab
import Testing

@testable import Drills

@Suite struct IsolationGuardTests {
    private struct Names: NameResolver {
        var known: [String: Set<String>]
        func addresses(of host: String) -> Set<String> { known[host] ?? [] }
    }

    private func objection(_ own: Place.Kind, _ live: Place.Kind, _ names: [String: Set<String>] = [:]) -> String? {
        IsolationGuard(live: [Place("prometheus", live)], resolver: Names(known: names))
            .objections(to: [Place("drill", own)]).first
    }

    // MARK: Directories

    @Test func `a link does not hide the live directory`() throws {
        let folder = try TemporaryFolder("isolation")
        let live = folder.url.appending(path: "live").path
        try FileManager.default.createDirectory(atPath: "\(live)/inner", withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/link", withDestinationPath: live)
        #expect(objection(.directory(live), .directory(live))?.contains("same directory") == true)
        #expect(objection(.directory("\(folder.path)/link"), .directory(live))?.contains("same directory") == true)
        #expect(objection(.directory("\(live)/../live/"), .directory(live))?.contains("same directory") == true)
        #expect(objection(.directory("\(live)/inner"), .directory(live))?.contains("inside the live") == true)
        #expect(objection(.directory("\(live)/not/there/yet"), .directory(live))?.contains("inside the live") == true)
        #expect(objection(.directory("\(folder.path)/link/new"), .directory(live))?.contains("inside the live") == true)
        #expect(objection(.directory(folder.path), .directory(live))?.contains("is inside it") == true)
        #expect(objection(.directory("\(folder.path)/live-drill"), .directory(live)) == nil)
    }

    @Test func `a live directory that is gone is known by its name`() throws {
        let folder = try TemporaryFolder("isolation")
        let live = "\(folder.path)/gone/data"
        #expect(objection(.directory(live), .directory(live)) != nil)
        #expect(objection(.directory("\(live)/drill"), .directory(live)) != nil)
        #expect(objection(.directory("\(folder.path)/gone"), .directory(live)) != nil)
        #expect(objection(.directory("\(folder.path)/gone/data2"), .directory(live)) == nil)
    }

    // MARK: Servers

    @Test(arguments: [
        ("http://a:9090", "http://a:9090", "host and port"), ("http://A:9090/x", "https://a:9090", "host and port"),
        ("http://a:9090", "http://b:9090", "same address"), ("http://a", "http://b:80", "same address"),
        ("http://a:9090", "http://unknown:9090", "cannot be resolved"),
        ("http://unknown:9090", "http://a:9090", "cannot be resolved"), ("nonsense", "http://a:1", "cannot be parsed"),
    ])
    func `a server that may be the live one is refused`(_ own: String, _ live: String, _ why: String) {
        let names: [String: Set<String>] = ["a": ["10.0.0.1"], "b": ["10.0.0.2", "10.0.0.1"]]
        #expect(objection(.server(url: own), .server(url: live), names)?.contains(why) == true)
    }

    @Test func `another port or address is another server`() {
        let names: [String: Set<String>] = ["a": ["10.0.0.1"], "c": ["10.0.0.3"]]
        #expect(objection(.server(url: "http://a:9091"), .server(url: "http://a:9090"), names) == nil)
        #expect(objection(.server(url: "http://c:9090"), .server(url: "http://a:9090"), names) == nil)
    }

    @Test func `all names of this machine are one`() {
        let resolver = SystemResolver()
        #expect(resolver.addresses(of: "localhost") == resolver.addresses(of: "127.0.0.1"))
        #expect(resolver.addresses(of: "127.0.0.1") == resolver.addresses(of: "127.1.2.3"))
        #expect(resolver.addresses(of: "no-such-host.invalid").isEmpty)
    }

    // MARK: Buckets and clusters

    @Test(arguments: [
        ("b", "dr", "b", "dr", true), ("b", "dr/drill", "b", "dr", true), ("b", "", "b", "dr", true),
        ("b", "dr", "b", "", true), ("b", "dr2", "b", "dr", false), ("c", "dr", "b", "dr", false),
    ])
    func `prefixes must not overlap`(_ own: String, _ prefix: String, _ live: String, _ other: String, _ refused: Bool)
    {
        let reason = objection(
            .bucket(name: own, prefix: prefix, endpoint: nil), .bucket(name: live, prefix: other, endpoint: nil))
        #expect((reason != nil) == refused)
    }

    /// The drill's Elasticsearch reads the live one's snapshots, which it is registered for reading only.
    @Test func `a drill may use live locations that it only reads`() {
        let snapshots = Place.Kind.bucket(name: "b", prefix: "jaeger", endpoint: nil)
        let guardian = IsolationGuard(live: [Place("jaeger's snapshots", snapshots)], resolver: Names(known: [:]))
        #expect(guardian.objections(to: [Place("jaeger's snapshots", snapshots, isOnlyRead: true)]) == [])
        #expect(guardian.objections(to: [Place("jaeger's snapshots", snapshots)]).count == 1)
    }

    private static let contexts: [(String, String?, String?)] = [
        ("prod", "https://a:6443", "same context"), ("prod-admin", "https://a:6443", "API servers are the same"),
        ("prod-ip", "https://b:6443", "same address"), ("unknown", nil, "does not know its API server"),
        ("drill", "https://c:6443", nil),
    ]

    @Test(arguments: contexts)
    func `a cluster is known by its context and its server`(_ context: String, _ server: String?, _ why: String?) {
        let names: [String: Set<String>] = ["a": ["10.0.0.1"], "b": ["10.0.0.1"], "c": ["10.0.0.3"]]
        let live = Place.Kind.cluster(context: "prod", server: "https://a:6443")
        let found = objection(.cluster(context: context, server: server), live, names)
        #expect((found == nil) == (why == nil))
        if let why { #expect(found?.contains(why) == true, "\(found ?? "")") }
    }
}

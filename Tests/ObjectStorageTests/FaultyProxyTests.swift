import Foundation
import HTTP
import Lab
import Logging
import ObjectStorage
import Platform
import S3
import Testing

/// The proxy really injects its faults: otherwise a suite that passes behind it would show nothing.
@Suite struct FaultyProxyTests {
    @Test(arguments: FaultyProxy.Fault.allCases) func `each fault befalls requests`(_ fault: FaultyProxy.Fault)
        async throws
    {
        let server = try await SharedS3Server.seaweedFS()
        let proxy = try FaultyProxy(to: server.endpoint, rates: [fault: 1], seed: 1)
        defer { proxy.stop() }
        var configuration = configuration(server)
        let direct = try S3Store(configuration, environment: .none, logger: Logger(label: "test"))
        configuration.endpoint = proxy.endpoint
        configuration.retry.attempts = 2
        configuration.stallTimeout = fault == .stall ? .seconds(1) : Patience.long
        let faulty = try S3Store(configuration, environment: .none, logger: Logger(label: "test"))
        try await threads.run {
            let bytes = content(20)  // small: each broken download still delivers half of it
            _ = try direct.put("direct", bytes, options: PutOptions())
            func failure(_ body: () throws -> Void) -> ObjectStoreError.Reason? {
                do { try body() } catch { return (error as? ObjectStoreError)?.reason }
                return nil
            }
            let put = failure { _ = try faulty.put("through", bytes, options: PutOptions(.none)) }
            let get = failure { _ = try faulty.bytes("direct") }
            switch fault {
            case .internalError, .resetBefore, .stall, .lostAcknowledgement, .resetInBody:
                #expect(put == .unreachable && get == .unreachable)
            case .slowDown: #expect(put == .throttled && get == .throttled)
            case .expiredToken, .skewedClock: #expect(put == .credentials && get == .credentials)
            case .truncatedDownload: #expect(put == nil && get == .unreachable)
            case .corruptedDownload:
                #expect(put == nil && get == nil)
                let received = try faulty.bytes("direct")
                #expect(received != bytes && received.count == bytes.count)
            case .wrongETag:
                #expect(try faulty.put("tag", [1], options: PutOptions(.none)).tag?.contains("000000000000") == true)
            case .laggingListing:
                #expect(try direct.keys() == ["direct", "through"])
                #expect(try faulty.keys() == ["direct"])
            }
        }
        let reaches: [FaultyProxy.Fault] = [
            .resetInBody, .lostAcknowledgement, .stall, .truncatedDownload, .corruptedDownload, .wrongETag,
            .laggingListing,
        ]
        func isStored() async throws -> Bool { try await threads.run { try direct.head("through") != nil } }
        if reaches.contains(fault) {
            // The server may still execute a request whose client gave up.
            try await Patience.wait(until: "the object is stored") { try await isStored() }
        } else {
            #expect(try await !isStored())
        }
        #expect((proxy.injected[fault] ?? 0) > 0)
        #expect(proxy.injected.count == 1)
    }

    @Test func `a seed gives the same faults every time`() async throws {
        let server = try await SharedS3Server.seaweedFS()
        func faults() async throws -> [FaultyProxy.Fault: Int] {
            let proxy = try FaultyProxy(to: server.endpoint, rates: [.internalError: 0.2, .slowDown: 0.2], seed: 7)
            defer { proxy.stop() }
            return try await threads.run {
                for _ in 0..<40 { _ = try HTTPClient().send(HTTPRequest("GET", proxy.endpoint + "/shared")) }
                return proxy.injected
            }
        }
        let first = try await faults()
        #expect(first.values.reduce(0, +) > 5)
        #expect(try await faults() == first)
    }
}

import Glibc
import Platform
import SystemPackage

/// The address that the console listens on: `127.0.0.1:9419`, `[::1]:9419`, `0.0.0.0:9419`; port 0 for a free one.
package struct ListenAddress: Sendable, Equatable, CustomStringConvertible {
    package var host: String
    package var port: UInt16

    package static let standard = ListenAddress(host: "127.0.0.1", port: 9419)

    package init(host: String, port: UInt16) { (self.host, self.port) = (host, port) }

    /// - Returns: nil unless the text is a numeric address, or `localhost`, with a port.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        if host == "localhost" { host = "127.0.0.1" }
        var four = in_addr()
        var six = in6_addr()
        guard inet_pton(AF_INET, host, &four) == 1 || inet_pton(AF_INET6, host, &six) == 1 else { return nil }
        self.init(host: host, port: port)
    }

    package var isLoopback: Bool { host.hasPrefix("127.") || host == "::1" }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

extension ListenAddress {
    /// Opens a socket that listens on the address.
    /// - Returns: its descriptor, and the address with the real port.
    func listen() throws -> (descriptor: CInt, address: ListenAddress) {
        var hints = addrinfo()
        (hints.ai_flags, hints.ai_socktype) = (AI_NUMERICHOST | AI_NUMERICSERV, CInt(SOCK_STREAM.rawValue))
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, "\(port)", &hints, &list) == 0, let found = list else {
            throw ConsoleError("listen on \(self)", "the address is not valid")
        }
        defer { freeaddrinfo(found) }
        let descriptor = socket(found.pointee.ai_family, CInt(SOCK_STREAM.rawValue) | 0o2000000, 0)
        guard descriptor >= 0 else { throw ConsoleError("listen on \(self)", "\(Errno.last)") }
        var on: CInt = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<CInt>.size))
        guard bind(descriptor, found.pointee.ai_addr, found.pointee.ai_addrlen) == 0, Glibc.listen(descriptor, 64) == 0
        else {
            let (code, text) = (errno, "\(Errno.last)")
            close(descriptor)
            throw ConsoleError(
                "listen on \(self)", text,
                hint: code == EADDRINUSE ? "another process uses the port: choose another with --listen" : nil)
        }
        return (descriptor, ListenAddress(host: host, port: try Self.port(of: descriptor)))
    }

    private static func port(of descriptor: CInt) throws -> UInt16 {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(descriptor, $0, &length)
            }
        }
        guard result == 0 else { throw ConsoleError("read the port", "\(Errno.last)") }
        // Both families have the port at the same place.
        return withUnsafeBytes(of: &address) { bytes in
            UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
        }
    }
}

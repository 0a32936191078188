internal import Documents
internal import FoundationEssentials
internal import Glibc

/// Resolves host names to addresses.
package protocol NameResolver: Sendable {
    /// Blocks. Returns an empty set if the name cannot be resolved.
    func addresses(of host: String) -> Set<String>
}

/// The identity of a URL's server: its port, and every address of its host.
enum ServerIdentity {
    /// - Returns: the reason why the two may be the same; nil if they are different.
    static func overlap(_ own: String, _ live: String, resolver: any NameResolver) -> String? {
        if [own, live].contains(where: { $0.hasPrefix(ClusterAddress.scheme) }) { return overlapInCluster(own, live) }
        guard let own = endpoint(own), let live = endpoint(live) else { return "its URL cannot be parsed" }
        guard own.port == live.port else { return nil }
        if own.host.lowercased() == live.host.lowercased() { return "host and port are the same" }
        let ownAddresses = resolver.addresses(of: own.host)
        let liveAddresses = resolver.addresses(of: live.host)
        guard !ownAddresses.isEmpty else { return "'\(own.host)' cannot be resolved, and the port is the same" }
        // A live name that does not resolve here may be a name of this machine elsewhere.
        guard !liveAddresses.isEmpty else { return "'\(live.host)' cannot be resolved, and the port is the same" }
        guard ownAddresses.isDisjoint(with: liveAddresses) else {
            return "'\(own.host)' and '\(live.host)' are the same address, and the port is the same"
        }
        return nil
    }

    /// Two contexts may be one cluster, so equal names in equal namespaces count as the same server.
    private static func overlapInCluster(_ own: String, _ live: String) -> String? {
        guard case .success(let own) = ClusterAddress.parse(own), case .success(let live) = ClusterAddress.parse(live)
        else { return nil }
        let isSame = own.namespace == live.namespace && own.name == live.name && own.port == live.port
        return isSame ? "namespace, name and port are the same" : nil
    }

    private static func endpoint(_ url: String) -> (host: String, port: Int)? {
        guard let parts = URLComponents(string: url), let host = parts.host, !host.isEmpty else { return nil }
        let standard = parts.scheme?.lowercased() == "https" ? 443 : 80
        return (String(host.drop { $0 == "[" }.prefix { $0 != "]" }), parts.port ?? standard)
    }
}

/// The machine's resolver. All loopback addresses and all addresses of this machine count as the same.
package struct SystemResolver: NameResolver {
    package init() {}

    package func addresses(of host: String) -> Set<String> {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: Set<String> = []
        let own = Self.ownAddresses()
        var next = list
        while let entry = next?.pointee {
            if let address = Self.numeric(entry.ai_addr, entry.ai_addrlen) {
                found.insert(Self.isLoopback(address) || own.contains(address) ? "this machine" : address)
            }
            next = entry.ai_next
        }
        return found
    }

    private static func isLoopback(_ address: String) -> Bool {
        address.hasPrefix("127.") || address == "::1" || address == "0.0.0.0" || address == "::"
            || address.hasPrefix("::ffff:127.")
    }

    private static func ownAddresses() -> Set<String> {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        var found: Set<String> = []
        var next = list
        while let entry = next?.pointee {
            if let address = entry.ifa_addr {
                let length =
                    Int32(address.pointee.sa_family) == AF_INET6
                    ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size
                if [AF_INET, AF_INET6].contains(Int32(address.pointee.sa_family)),
                    let text = numeric(address, socklen_t(length))
                {
                    found.insert(text)
                }
            }
            next = entry.ifa_next
        }
        return found
    }

    private static func numeric(_ address: UnsafePointer<sockaddr>?, _ length: socklen_t) -> String? {
        var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        guard getnameinfo(address, length, &name, socklen_t(name.count), nil, 0, NI_NUMERICHOST) == 0 else {
            return nil
        }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

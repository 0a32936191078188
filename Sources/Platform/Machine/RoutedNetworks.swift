internal import FoundationEssentials

/// The networks of the interfaces with a default route, from the kernel's table of IPv4 routes.
package enum RoutedNetworks {
    package static var current: [String] {
        KernelTable.read("/proc/net/route").map { parse(String(decoding: $0, as: UTF8.self)) } ?? []
    }

    /// - Parameter table: the content of `/proc/net/route`: addresses are hexadecimal, in the byte order of the machine.
    package static func parse(_ table: String) -> [String] {
        let routes = table.split(separator: "\n").dropFirst().compactMap { line -> Route? in
            let fields = line.split(whereSeparator: \.isWhitespace)
            guard fields.count > 7, let destination = UInt32(fields[1], radix: 16),
                let gateway = UInt32(fields[2], radix: 16), let mask = UInt32(fields[7], radix: 16)
            else { return nil }
            return Route(
                interface: String(fields[0]), destination: UInt32(littleEndian: destination), gateway: gateway,
                mask: UInt32(littleEndian: mask))
        }
        let outward = Set(routes.filter { $0.destination == 0 && $0.mask == 0 }.map(\.interface))
        let networks = routes.filter { outward.contains($0.interface) && $0.gateway == 0 && $0.mask != 0 }
        return Set(networks.map(\.text)).sorted()
    }

    private struct Route {
        var interface: String
        /// The first byte of the address is the lowest.
        var destination: UInt32
        var gateway: UInt32
        var mask: UInt32

        var text: String {
            let bytes = (0..<4).map { String(destination >> ($0 * 8) & 0xFF) }
            return "\(bytes.joined(separator: "."))/\(mask.nonzeroBitCount)"
        }
    }
}

import Testing

@testable import Platform

@Suite struct RoutedNetworksTests {
    private static let header = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT"

    /// eth0 has the default route, 10.0.3.0/24 and a route over a gateway; docker0 has a network without a way out.
    @Test func `the networks of interfaces with a default route are found`() {
        let table = """
            \(Self.header)
            eth0\t00000000\t0103000A\t0003\t0\t0\t100\t00000000\t0\t0\t0
            eth0\t0003000A\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0
            eth0\t0000A8C0\tFE03000A\t0003\t0\t0\t0\t0000FFFF\t0\t0\t0
            docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
            """
        #expect(RoutedNetworks.parse(table) == ["10.0.3.0/24"])
    }

    @Test(arguments: ["", header, "\(header)\neth0\tzz", "\(header)\neth0\t0003000A\t0\t1\t0\t0\t0\t00FFFFFF"])
    func `a table without a default route has none`(_ table: String) {
        #expect(RoutedNetworks.parse(table) == [])
    }
}

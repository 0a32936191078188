import Foundation
import Platform
import Testing

@Suite struct KernelTableTests {
    @Test func `a table longer than a page is read to its end`() throws {
        // Every process with glibc maps more files than fit into a page of this table.
        let maps = try #require(KernelTable.read("/proc/self/maps"))
        #expect(maps.count > 4096 && maps.last == UInt8(ascii: "\n"))
        #expect(String(decoding: maps, as: UTF8.self).contains("[stack]"))
    }

    @Test func `a table that does not exist is nil`() { #expect(KernelTable.read("/proc/self/nothing") == nil) }
}

import Cryptography
import Foundation
import Printing
import Testing

@testable import Operations

@Suite struct KitCodesTests {
    @Test(arguments: KeyKind.allCases, [false, true])
    func `the codes of every kind of key hold it whole and in order`(_ kind: KeyKind, _ hasPassphrase: Bool) throws {
        let pair = try KeyPair.generate(
            commonName: "k", kind: kind, now: Date(), passphrase: hasPassphrase ? Array("correct horse".utf8) : nil)
        let texts = KitCodes.texts(ofPEM: pair.privateKeyPEM)
        #expect(kind.isRSA ? (3...6).contains(texts.count) : texts.count == 1)
        for (number, text) in texts.enumerated() {
            #expect(text.hasPrefix("dr-key \(number + 1)/\(texts.count)\n"))
            #expect(text.utf8.count <= QRCode.comfortableSize + 100)
            #expect(QRCode(Array(text.utf8)) != nil)
        }
        let lines = texts.joined().split(separator: "\n").filter { !$0.hasPrefix("dr-key") }
        #expect(lines.joined(separator: "\n") + "\n" == pair.privateKeyPEM)
    }
}

internal import Archiving
internal import Cryptography
internal import Foundation
package import Lab
internal import Prometheus

/// CMS envelopes and detached signatures, attestations and time stamps.
package struct CMSTarget: FuzzTarget {
    package static let name = "cms"
    private static let plain = Array("the content of a pack, in the clear".utf8)
    private let keys: RepositoryKeys
    private let envelope: [UInt8]
    private let document: [UInt8]
    private let signature: [UInt8]
    private let attestation: [UInt8]
    private static let type = "text/plain"

    init(_ keys: RepositoryKeys) throws {
        self.keys = keys
        var envelope: [UInt8] = []
        let encryptor = try CMSEncryptor(to: [keys.recipient]) { piece in
            piece.withUnsafeBytes { envelope.append(contentsOf: $0) }
        }
        try encryptor.write(Self.plain.span.bytes)
        try encryptor.finish()
        self.envelope = envelope
        document = try CMSEnvelope.seal(Self.plain, to: [keys.recipient], and: keys.documentKey)
        signature = try CMSSignature.sign(Self.plain, by: keys.signer)
        attestation = try DSSEEnvelope(Self.plain, type: Self.type, by: keys.signer).encoded
    }

    package func input(_ random: inout CorpusRandom) -> [UInt8] {
        let seeds = [envelope, document, signature, attestation]
        return ByteMutation.apply(to: seeds[random.below(seeds.count)], splicing: seeds, &random)
    }

    package func run(_ input: [UInt8], in place: FuzzPlace) throws {
        var opened: [UInt8] = []
        let decryptor = CMSDecryptor(with: keys.key) { piece in
            piece.withUnsafeBytes { opened.append(contentsOf: $0) }
        }
        let isWhole = (try? decryptor.write(input.span.bytes)) != nil && (try? decryptor.finish()) != nil
        guard !isWhole || opened == Self.plain else { throw FuzzFinding("an envelope opened with other content") }
        for key in [keys.documentKey, keys.key] as [any EnvelopeKey] {
            guard let plain = try? CMSEnvelope.open(input, with: key, limit: 1 << 20) else { continue }
            guard plain == Self.plain else { throw FuzzFinding("a document opened with other content") }
        }
        _ = try? CMSSignature.claimedSigner(input, of: Self.plain)
        let signer = try? CMSSignature.verify(
            input, of: Self.plain, trusting: [keys.signer.certificate], at: Date())
        guard signer == nil || signer?.fingerprint == keys.signer.certificate.fingerprint else {
            throw FuzzFinding("a signature of another certificate was accepted")
        }
        let attested = try? DSSEEnvelope(parsing: input).verify(type: Self.type, signedBy: keys.signer.certificate)
        guard attested == nil || attested == Self.plain else {
            throw FuzzFinding("an attestation of another document was accepted")
        }
        _ = try? TimeStamp(input, of: Self.plain, trusting: [])
        _ = try? X509Certificate.all(in: input, name: "input")
    }
}

/// Gzip streams, whole and by member, with a limit of plain bytes.
package struct GzipTarget: FuzzTarget {
    package static let name = "gzip"
    private static let limit = 1 << 20
    private static let seeds: [[UInt8]] = [
        RepositoryObjects.compressed(Array("some words, some more words".utf8)),
        RepositoryObjects.compressed([UInt8](repeating: 0, count: 3 << 20)),
    ]

    package init() {}

    package func input(_ random: inout CorpusRandom) -> [UInt8] {
        ByteMutation.apply(to: Self.seeds[random.below(Self.seeds.count)], splicing: Self.seeds, &random)
    }

    package func run(_ input: [UInt8], in place: FuzzPlace) throws {
        if let plain = try? GzipStream.decode(input, limit: Self.limit), plain.count > Self.limit {
            throw FuzzFinding("\(plain.count) bytes were decompressed, more than the limit")
        }
        var decoder = GzipDecoder()
        var plain: [UInt8] = []
        for count in [0, 27, Self.limit] { try? decoder.decode(input.span.bytes, count: count, into: &plain) }
    }
}

/// Blocks of Prometheus: the index, the chunks, the tombstones and the description.
package struct BlockTarget: FuzzTarget {
    package static let name = "block"
    private static let files = ["index", "chunks/000001", "tombstones", "meta.json"]
    private let block: URL
    private let contents: [[UInt8]]

    init() throws {
        block = Checkout.url("fixtures/prometheus/tombstone/01M833KZKD5KZAC2Z52RMTQ69H")
        contents = try Self.files.map { [block] in [UInt8](try Data(contentsOf: block.appending(path: $0))) }
    }

    package func input(_ random: inout CorpusRandom) -> [UInt8] {
        let number = random.below(contents.count)
        let content =
            number == 3
            ? JSONMutation.apply(toText: contents[number], &random)
            : ByteMutation.apply(to: contents[number], &random)
        return [UInt8(number)] + content
    }

    package func run(_ input: [UInt8], in place: FuzzPlace) throws {
        guard let first = input.first, Int(first) < Self.files.count else { return }
        let copy = "\(place.target)/\(block.lastPathComponent)"
        try FileManager.default.createDirectory(atPath: "\(copy)/chunks", withIntermediateDirectories: true)
        for (number, file) in Self.files.enumerated() {
            let content = number == Int(first) ? Array(input.dropFirst()) : contents[number]
            try Data(content).write(to: URL(filePath: "\(copy)/\(file)"))
        }
        _ = try? BlockVerifier(copy).verify()
        _ = try? BlockVerifier(copy).timeRange()
    }
}

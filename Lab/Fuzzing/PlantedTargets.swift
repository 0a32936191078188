internal import Foundation
internal import Lab

/// Targets with a known fault, which show that a campaign finds such a fault. Only `--planted` adds them.
enum PlantedFault: String, CaseIterable, Sendable {
    case trap, hang, memory, outside, content
}

/// Fails for inputs that contain the letter T.
struct PlantedTarget: FuzzTarget {
    static let name = "planted"
    let fault: PlantedFault

    func input(_ random: inout CorpusRandom) -> [UInt8] {
        (0..<50).map { _ in UInt8(ascii: "A") + UInt8(random.below(26)) }
    }

    func run(_ input: [UInt8], in place: FuzzPlace) async throws {
        guard input.contains(UInt8(ascii: "T")) else { return }
        switch fault {
        case .trap:
            let number = input.count - 51
            _ = [UInt8](repeating: 0, count: number.signum() - input.count)
        case .hang: while !input.isEmpty {}
        case .memory:
            let bytes = [UInt8](repeating: 1, count: (1200 << 20) + input.count)
            guard bytes.last == 1 else { return }
        case .outside:
            try Data(input).write(to: URL(filePath: "\(place.folder)/outside/planted"))
            try place.checkOutside()
        case .content: throw FuzzFinding("other content")
        }
    }
}

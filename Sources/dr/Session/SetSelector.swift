import ArgumentParser
import Configuration
import Foundation
import Repository
import StrictYAML

/// Which set a user means: `latest`, a set's name, an RFC 3339 time, or an age such as `6h`. Times and ages mean the
/// newest set at or before them.
enum SetSelector: ExpressibleByArgument, Equatable {
    case latest
    case named(Timestamp)
    case at(Timestamp)
    case age(seconds: Int)

    init?(argument: String) {
        if argument == "latest" {
            self = .latest
        } else if let name = Timestamp(argument) {
            self = .named(name)
        } else if let date = try? Date(argument, strategy: .iso8601) {
            self = .at(Timestamp(seconds: Int(date.timeIntervalSince1970.rounded(.down))))
        } else if let period = try? Period(argument) {
            self = .age(seconds: Int(period.duration.components.seconds))
        } else {
            return nil
        }
    }

    /// - Parameter names: of all sets, oldest first.
    func resolve(in names: [Timestamp], now: Timestamp) throws -> Timestamp {
        guard let newest = names.last else {
            throw RepositoryError(.noSuchSet, "sets", "there is no backup yet", hint: "`dr backup` makes one")
        }
        let limit: Timestamp
        switch self {
        case .latest: return newest
        case .named(let name) where names.contains(name): return name
        case .named(let time), .at(let time): limit = time
        case .age(let seconds): limit = Timestamp(seconds: now.seconds - seconds)
        }
        guard let name = names.last(where: { $0 <= limit }) else {
            throw RepositoryError(
                .noSuchSet, limit.description, "there is no set at or before that time",
                hint: "the oldest is \(names[0])")
        }
        return name
    }
}

package import Documents

/// Makes the archived packs of the run's backup sets readable, and waits: `thaw: {}`, or `thaw: {tier: Bulk, days: 3}`.
package struct ThawAction: Action {
    package static let keyword = "thaw"
    package static let isCondition = false

    package var request = ThawRequest()

    package init() {}

    package func preview(in context: ActionContext) async throws -> ActionPreview {
        try await context.services.previewThaw(request, in: context.run)
    }

    package func perform(in context: ActionContext) async throws -> ActionRecord {
        ActionRecord(try await context.services.thaw(request, in: context.run))
    }
}

/// A request to make the packs of the run's backup sets readable.
package struct ThawRequest: Codable, Equatable, Sendable {
    /// The store's retrieval tier.
    package enum Tier: String, Codable, CaseIterable, Sendable {
        case expedited = "Expedited"
        case standard = "Standard"
        case bulk = "Bulk"

        /// The longest time that a thaw usually takes in S3's class GLACIER.
        var usualTime: Period {
            switch self {
            case .expedited: .minutes(5)
            case .standard: .hours(5)
            case .bulk: .hours(12)
            }
        }
    }

    /// Empty for all.
    package var components: [String] = []
    package var days = 7
    package var tier = Tier.standard

    package init() {}
}

extension ThawAction: Section {
    package static let keys: [Key<Self>] = [
        Key("components", \.request.components, as: .list(of: .text), about: "Components to thaw (default: all)."),
        Key("days", \.request.days, as: .count(1...365), about: "Days for which they can be read (default: 7)."),
        Key("tier", \.request.tier, as: .word(), about: "Speed and price of the thaw (default: Standard)."),
    ]

    package static let shape = Shape<Self>.section()
}

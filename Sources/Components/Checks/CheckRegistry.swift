/// The checks by name: those of the kinds, and those of the stack as a whole. Plans and the command line name them.
package struct CheckRegistry: Sendable {
    private struct Entry: Sendable {
        var name: String
        var roles: Set<CheckRole>
        /// The thing that is missing when the entry makes no check.
        var subject: String
        var make: @Sendable (CheckedStack) -> [any RecoveryCheck]
    }

    private let entries: [Entry]
    /// Words for several checks.
    package let aliases = ["sla": ServiceLevel.Objective.allCases.map(\.checkName)]

    package init(_ kinds: [any ComponentKind.Type]) {
        entries = kinds.flatMap { Self.entries(of: $0) } + Self.ofTheStack
    }

    /// Every word that may stand where a check is named.
    package var names: [String] { entries.map(\.name) + aliases.keys.sorted() }

    /// The profiles that need no configuration.
    package var profiles: [String: [String]] { ["full": entries.map(\.name), "quick": names(of: .quick)] }

    /// The names of all checks that have a role.
    package func names(of role: CheckRole) -> [String] { entries.filter { $0.roles.contains(role) }.map(\.name) }

    /// The names of a kind's checks that have a role.
    package static func names<Kind: ComponentKind>(of role: CheckRole, offeredBy kind: Kind.Type) -> [String] {
        kind.checks.filter { $0.roles.contains(role) }.map(\.name)
    }

    /// The checks that names mean, each once, in the order of the names. A name with nothing to look at gives one
    /// check that is skipped and says so; an unknown one gives one that fails.
    package func checks(_ names: [String], of stack: CheckedStack) -> [any RecoveryCheck] {
        var seen: Set<String> = []
        return names.flatMap { aliases[$0] ?? [$0] }.filter { seen.insert($0).inserted }.flatMap {
            name -> [any RecoveryCheck] in
            guard let entry = entries.first(where: { $0.name == name }) else {
                return [FixedCheck(name, .failed("-", "there is no check of this name"))]
            }
            let made = entry.make(stack)
            return made.isEmpty ? [FixedCheck(name, .skipped("there is no \(entry.subject)"))] : made
        }
    }

    // MARK: Making them

    /// One check for each component of the kind; one that cannot be made has failed.
    private static func entries<Kind: ComponentKind>(of kind: Kind.Type) -> [Entry] {
        kind.checks.map { offered in
            Entry(name: offered.name, roles: offered.roles, subject: "component of kind \(kind.name)") { stack in
                stack.components.compactMap { component in
                    guard let settings = component.settings as? Kind else { return nil }
                    do {
                        return try offered.make(settings, component)
                    } catch {
                        return FixedCheck(offered.name, component: component.name, .failed("-", "\(error)"))
                    }
                }
            }
        }
    }

    private static let ofTheStack: [Entry] =
        [
            Entry(
                name: "endpoints", roles: [.quick, .health, .live], subject: "endpoint under 'checks: endpoints:'"
            ) { stack in stack.endpoints.map(EndpointCheck.init) }
        ]
        + ServiceLevel.Objective.allCases.map { objective in
            Entry(name: objective.checkName, roles: [.live], subject: "service level under 'checks: sla:'") { stack in
                stack.serviceLevel.map { [ServiceLevelCheck(objective, $0)] } ?? []
            }
        } + [
            Entry(
                name: DataEquality.checkName, roles: [.content], subject: "set to compare with: name one with --at"
            ) { stack in stack.set == nil ? [] : [DataEquality(stack)] },
            Entry(
                name: CanariesRestored.checkName, roles: [.content], subject: "set to compare with: name one with --at"
            ) { stack in stack.set == nil ? [] : [CanariesRestored(stack)] },
        ]
}

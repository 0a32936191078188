import BackupRepository
import Documents
import Testing

@testable import Elasticsearch

@Suite struct IndexPatternTests {
    @Test(arguments: [
        ("jaeger-*", "jaeger-span-2026-11-24", true), ("jaeger-*", "prod-jaeger-span", false),
        ("*jaeger-*", "prod-jaeger-span", true), ("jaeger-*,-jaeger-span-archive*", "jaeger-span-archive", false),
        ("jaeger-*,-jaeger-span-archive*", "jaeger-service-1", true), ("jaeger-span", "jaeger-span", true),
        ("jaeger-span", "jaeger-span-1", false), ("a*b*c", "aXbYc", true), ("a*b*c", "ac", false),
        ("ab*ba", "aba", false), ("*", "anything", true), ("-jaeger-*", "jaeger-span", false),
    ])
    func matchesAsElasticsearchDoes(pattern: String, name: String, isMatch: Bool) {
        #expect(IndexPattern(pattern).matches(name) == isMatch)
    }
}

@Suite struct SnapshotRepositoryTests {
    private let s3 = SnapshotRepository("dr", .s3(bucket: "b", basePath: "jaeger", client: nil))
    private let directory = SnapshotRepository("dr", .directory("/mnt/a"))

    @Test func isRecognisedByWhatItIs() {
        #expect(s3.difference(from: s3.registration(isReadOnly: false)) == nil)
        #expect(directory.difference(from: directory.registration(isReadOnly: true)) == nil)
        #expect(s3.difference(from: directory.registration(isReadOnly: false)) == "it is of type 'fs', not 's3'")
        let other = SnapshotRepository("dr", .s3(bucket: "b", basePath: nil, client: nil))
        #expect(s3.difference(from: other.registration(isReadOnly: false)) == "its base_path is '', not 'jaeger'")
        let elsewhere = SnapshotRepository("dr", .directory("/mnt/b"))
        #expect(
            directory.difference(from: elsewhere.registration(isReadOnly: false))
                == "its location is '/mnt/b', not '/mnt/a'")
    }

    @Test func isReadOnlyInEitherSpelling() {
        #expect(SnapshotRepository.isReadOnly(s3.registration(isReadOnly: true)))
        #expect(SnapshotRepository.isReadOnly(["settings": ["readonly": "true"]]))
        #expect(!SnapshotRepository.isReadOnly(["settings": ["readonly": "false"]]))
        #expect(!SnapshotRepository.isReadOnly(s3.registration(isReadOnly: false)))
    }
}

@Suite struct ClusterIdentityTests {
    private func identity(_ product: ClusterIdentity.Product, _ version: String) -> ClusterIdentity {
        ClusterIdentity(product: product, version: version, name: "c", uuid: "u")
    }

    @Test func speaksEachDialect() {
        #expect(identity(.elasticsearch, "8.1.0").managerTimeout.keys.first == "master_timeout")
        #expect(identity(.opensearch, "1.3.2").managerTimeout.keys.first == "master_timeout")
        #expect(identity(.opensearch, "2.0.0").managerTimeout.keys.first == "cluster_manager_timeout")
        #expect(identity(.elasticsearch, "7.11.2").withoutFeatures.isEmpty)
        #expect(identity(.elasticsearch, "7.12.0").withoutFeatures == ["feature_states": ["none"]])
        #expect(identity(.opensearch, "3.0.0-alpha1").withoutFeatures.isEmpty)
        #expect(identity(.opensearch, "3.0.0-alpha1").release == (3, 0))
    }

    @Test func refusesWhatCannotWork() {
        #expect(throws: ComponentError.self) {
            try identity(.elasticsearch, "6.8.23").check(hasAPIKey: false, operation: "x")
        }
        #expect(throws: ComponentError.self) {
            try identity(.opensearch, "2.11.0").check(hasAPIKey: true, operation: "x")
        }
        #expect(throws: Never.self) { try identity(.elasticsearch, "9.0.0").check(hasAPIKey: true, operation: "x") }
    }
}

@Suite struct IndexPlanTests {
    private static let essence: JSONValue = [
        "aliases": ["jaeger-span-write": ["is_write_index": true]], "mappings": ["properties": [:]],
        "settings": ["index.number_of_shards": "2", "index.lifecycle.name": "p"],
    ]

    private func index(_ count: DocumentCount? = DocumentCount(least: 10, most: 12)) -> RecordedSnapshot.Index {
        RecordedSnapshot.findingWriteAliases(of: [
            RecordedSnapshot.Index(name: "jaeger-span-1", essence: Self.essence, documents: count)
        ])[0]
    }

    private func around(
        primaries: Int = 2, isOpen: Bool = true, replaces: Bool = false
    ) -> IndexPlan.Surroundings {
        var around = IndexPlan.Surroundings()
        around.indices["jaeger-span-1"] = ListedIndex(
            name: "jaeger-span-1", isOpen: isOpen, primaries: primaries, size: nil)
        around.replaces = replaces
        return around
    }

    private func present(_ documents: Int?, essence: JSONValue = IndexPlanTests.essence) -> IndexPlan.Present {
        IndexPlan.Present(essence: essence, documents: documents)
    }

    private func obstacle(_ action: IndexPlan.Action) -> String {
        if case .conflict(let text) = action { text } else { "" }
    }

    @Test func whatIsNotThereIsCreated() {
        #expect(IndexPlan.action(for: index(), present: nil, in: IndexPlan.Surroundings()) == .create)
    }

    @Test func whatIsThereAlreadyStays() {
        #expect(IndexPlan.action(for: index(), present: present(11), in: around(replaces: true)) == .same)
        // Without its policy, as a restore leaves it.
        var detached = Self.essence
        detached["settings"] = ["index.number_of_shards": "2"]
        #expect(IndexPlan.action(for: index(), present: present(10, essence: detached), in: around()) == .same)
    }

    @Test func whatDiffersIsAConflictOrReplaced() {
        for documents in [9, 13] {
            let action = IndexPlan.action(for: index(), present: present(documents), in: around())
            #expect(obstacle(action).contains("--replace") && obstacle(action).contains("10 to 12"))
        }
        #expect(
            IndexPlan.action(for: index(), present: present(9), in: around(replaces: true)) == .replace(isOpen: true))
        #expect(
            IndexPlan.action(for: index(), present: present(nil), in: around(isOpen: false, replaces: true))
                == .replace(isOpen: false))
        #expect(obstacle(IndexPlan.action(for: index(nil), present: present(3), in: around())) != "")
        var remapped = Self.essence
        remapped["mappings"] = [:]
        #expect(obstacle(IndexPlan.action(for: index(), present: present(11, essence: remapped), in: around())) != "")
    }

    @Test func anotherNumberOfShardsCannotBeReplaced() {
        let action = IndexPlan.action(for: index(), present: present(1), in: around(primaries: 3, replaces: true))
        #expect(obstacle(action).contains("3 primary shards") && obstacle(action).contains("DELETE"))
    }

    @Test func anAliasThatIsTakenIsAConflict() {
        var around = IndexPlan.Surroundings()
        around.indices["jaeger-span-write"] = ListedIndex(
            name: "jaeger-span-write", isOpen: true, primaries: 1, size: nil)
        #expect(obstacle(IndexPlan.action(for: index(), present: nil, in: around)).contains("'jaeger-span-write'"))
        around.prefix = "old-"
        #expect(IndexPlan.action(for: index(), present: nil, in: around) == .create)
        var written = IndexPlan.Surroundings()
        written.aliases["jaeger-span-write"] = Alias(["jaeger-span-2": ["is_write_index": true]])
        #expect(obstacle(IndexPlan.action(for: index(), present: nil, in: written)).contains("'jaeger-span-2'"))
        written.aliases["jaeger-span-write"] = Alias(["jaeger-span-1": ["is_write_index": true]])
        #expect(IndexPlan.action(for: index(), present: nil, in: written) == .create)
    }

    private static let (unset, yes, no): (JSONValue, JSONValue, JSONValue) = (
        [:], ["is_write_index": true], ["is_write_index": false]
    )

    /// One alias: on the snapshot's index, on another index of the snapshot, and on a third one in the cluster.
    @Test(
        arguments: [
            ("w", unset, nil, unset, false), ("w", unset, nil, yes, true), ("w", unset, nil, nil, true),
            ("w", unset, nil, no, true), ("w", yes, nil, unset, false), ("w", yes, nil, yes, false),
            ("w", yes, nil, no, true), ("w", no, yes, yes, true), ("w", no, yes, unset, false),
            ("w", unset, yes, unset, false), ("w", unset, unset, unset, true), ("w", no, nil, unset, false),
            ("jaeger-span-read", unset, nil, unset, true), ("jaeger-span-read", yes, nil, unset, false),
            ("w", ["filter": ["term": ["a": "b"]], "routing": "1"], nil, unset, false),
        ] as [(String, JSONValue, JSONValue?, JSONValue?, Bool)])
    func `an index is not restored behind an alias that would lose its write index`(
        alias: String, own: JSONValue, sibling: JSONValue?, live: JSONValue?, isCreated: Bool
    ) {
        func index(_ name: String, _ properties: JSONValue) -> RecordedSnapshot.Index {
            RecordedSnapshot.Index(
                name: name, essence: ["aliases": .object([alias: properties]), "settings": [:]], documents: nil)
        }
        let recorded = [index("old-1", own)] + (sibling.map { [index("old-2", $0)] } ?? [])
        var around = IndexPlan.Surroundings()
        if let live { around.aliases[alias] = Alias(["live": live]) }
        let action = IndexPlan.action(
            for: RecordedSnapshot.findingWriteAliases(of: recorded)[0], present: nil, in: around)
        #expect((action == .create) == isCreated, "\(action)")
        if !isCreated { #expect(obstacle(action).contains("'\(alias)' writes into 'live'")) }
        around.prefix = "restored-"
        #expect(
            IndexPlan.action(for: RecordedSnapshot.findingWriteAliases(of: recorded)[0], present: nil, in: around)
                == .create)
    }

    @Test func `an alias that is hidden on one of its indices only is a conflict`() {
        let index = RecordedSnapshot.Index(
            name: "a", essence: ["aliases": ["x": ["is_hidden": true]], "settings": [:]], documents: nil)
        var around = IndexPlan.Surroundings()
        around.aliases["x"] = Alias(["b": [:], "c": [:]])
        #expect(obstacle(IndexPlan.action(for: index, present: nil, in: around)).contains("is_hidden"))
        around.aliases["x"] = Alias(["b": ["is_hidden": true], "c": ["is_hidden": true]])
        #expect(IndexPlan.action(for: index, present: nil, in: around) == .create)
    }

    /// An old index that has an alias by chance must not get back the policy that deletes it.
    @Test func `only an index that rolls over keeps its lifecycle policy`() {
        func index(_ alias: String, _ properties: JSONValue) -> RecordedSnapshot.Index {
            RecordedSnapshot.findingWriteAliases(of: [
                RecordedSnapshot.Index(
                    name: "a",
                    essence: [
                        "aliases": .object([alias: properties]), "settings": ["index.lifecycle.rollover_alias": "w"],
                    ], documents: nil)
            ])[0]
        }
        #expect(index("w", Self.unset).isWriteIndex && index("other", Self.yes).isWriteIndex)
        #expect(!index("other", Self.unset).isWriteIndex && !index("w", Self.no).isWriteIndex)
    }
}

@Suite struct QuantityTests {
    @Test(
        arguments: [
            (.number("0"), 0), (.number("12"), 12), (.string("12"), 12), (.number("3.0"), 3),
            (.number("9007199254740992"), 1 << 53), (.number("9007199254740993"), nil), (.number("-1"), nil),
            (.number("9223372036854775807"), nil), (.number("1e400"), nil), (.number("0.5"), nil),
            (.string("NaN"), nil),
            (.null, nil), ([:], nil),
        ] as [(JSONValue, Int?)])
    func `a number of the server is a quantity or nothing`(value: JSONValue, quantity: Int?) {
        #expect(value.quantity == quantity)
    }

    @Test func `sums of quantities end at the greatest one`() {
        #expect(Int.greatestQuantity.plus(Int.greatestQuantity) == Int.greatestQuantity && 1.plus(2) == 3)
    }

    @Test func `a fact has each index with its least and its most`() {
        #expect(DocumentCount.fact([:]) == nil)
        #expect(
            DocumentCount.fact(["b": DocumentCount(least: 3, most: 3), "a": DocumentCount(least: 7, most: 1)])
                == "a 1-7, b 3")
    }
}

@Suite struct BatchTests {
    @Test func namesFitIntoOneLine() {
        let items = (0..<45).map { number in
            IndexRestore.Item(
                index: RecordedSnapshot.Index(name: "jaeger-span-\(number)", essence: nil, documents: nil),
                action: .create)
        }
        #expect(IndexRestore.batches(items) { $0.index.name }.map(\.count) == [20, 20, 5])
        let long = String(repeating: "x", count: 255)
        #expect(IndexRestore.batches(items) { _ in long }.map(\.count).max() == 3)
        #expect(IndexRestore.batches([]) { _ in long }.isEmpty)
    }
}

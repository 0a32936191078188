import Components
import Documents
import FoundationEssentials
import StackConfiguration

extension ClusterSettings {
    /// The settings that follow from `dr.yaml`.
    /// - Returns: also remarks about settings that do not work in a cluster.
    /// - Throws: ``ScheduleError`` if `dr.yaml` contains secrets; `DocumentError`.
    package static func of(_ session: Session) throws -> (settings: ClusterSettings, remarks: [String]) {
        var settings = ClusterSettings()
        let configuration = session.configuration
        if let port = configuration.store.endpoint.flatMap({ URLComponents(string: $0)?.port }) {
            settings.storePorts = [port]
        }
        if case .directory(let path) = configuration.store.url { settings.storeFolder = path }
        settings.useDefaults(of: configuration)
        if !configuration.store.recipients.isEmpty { settings.recoveryKey = "/run/secrets/dr/recovery.pem" }
        var files = try ClusterFiles(session)
        try files.read()
        settings.configuration = files.texts
        settings.variables = files.variables
        var remarks = files.remarks
        for component in configuration.components where component.volume == nil {
            if let home = component.settings.home {
                remarks.append(
                    "component '\(component.name)': jobs in a cluster cannot read '\(home)' of this machine; name its workload "
                        + "in a section `kubernetes` instead")
            }
        }
        return (settings, remarks)
    }

    /// Takes the section `kubernetes`, and what the components use of the cluster.
    private mutating func useDefaults(of configuration: Configuration) {
        let cluster = configuration.kubernetes
        if let image = cluster.image { self.image = image }
        imagePullSecrets = cluster.imagePullSecrets
        priorityClass = cluster.priorityClass
        let volumes = configuration.components.compactMap(\.volume)
        usesSnapshots = volumes.contains { $0.access == .snapshot || $0.keep > 0 }
        moversUseStore = volumes.contains { $0.mode == .inCluster }
        var namespaces = volumes.compactMap { $0.namespace ?? cluster.namespace }
        for server in configuration.components.compactMap(\.settings.server) {
            if case .success(let address) = ClusterAddress.parse(server.url) { namespaces.append(address.namespace) }
        }
        if namespaces.isEmpty, let namespace = cluster.namespace { namespaces = [namespace] }
        if !namespaces.isEmpty { workloads = Set(namespaces).sorted() }
    }

    /// Remarks about the settings together.
    package func remarks(on session: Session) -> [String] {
        var remarks: [String] = []
        let store = session.configuration.store
        if !store.recipients.isEmpty, store.documentKey == nil, !keepsState {
            remarks.append(
                "encrypted backups need the same document key in each run, or they store everything again: name a file of "
                    + "the Secret dr-files in `store: document_key:`, or keep the state with --state-claim")
        }
        if workloads.contains(namespace) {
            remarks.append(
                "dr and the stack share the namespace '\(namespace)': its deletion would take the recovery with it")
        }
        return remarks
    }
}

/// The files of a configuration that a ConfigMap can hold.
private struct ClusterFiles {
    let session: Session
    let folder: String
    var texts: [ClusterSettings.ConfigurationText] = []
    var remarks: [String] = []
    var variables: [String] = []

    /// A ConfigMap holds at most 1 MiB.
    private static let largest = 1_000_000

    init(_ session: Session) throws {
        self.session = session
        folder = URL(filePath: session.file).absoluteURL.standardizedFileURL.deletingLastPathComponent().path
    }

    mutating func read() throws {
        let document = try YAMLDocument(reading: session.file)
        let names = SecretUse.all(in: document.root).compactMap { use in
            if case .environment(let name) = use.source { name } else { nil }
        }
        variables = Set(names).sorted()
        let removed = try SecretRemoval.text(of: document, environment: ProcessInfo.processInfo.environment).removed
        guard removed.isEmpty else {
            throw ScheduleError(
                "'\(session.file)' contains secrets (\(removed.joined(separator: ", "))), which must not be in "
                    + "a ConfigMap\nhint: refer to them with {env: NAME} or {file: /run/secrets/dr/NAME}")
        }
        let pod = PodConfiguration(document)
        texts.append(.init(path: "dr.yaml", text: try pod.text() ?? text(of: session.file)))
        remarks += pod.remarks
        let store = session.configuration.store
        let certificates =
            [store.caFile, store.signing?.certificate, session.configuration.evidence.timestamp?.ca].compactMap { $0 }
            + store.recipients + (store.signing?.trust.compactMap(\.certificate) ?? [])
        for file in certificates { try add(file) }
        for key in [store.signing?.key, store.documentKey].compactMap({ $0 }) where !Self.isOfSecret(key) {
            remarks.append("'\(key)' is a key: put it into the Secret dr-files, and name /run/secrets/dr/… in dr.yaml")
        }
        let plans = session.configuration.plans ?? "\(folder)/plans"
        let found = (try? FileManager.default.contentsOfDirectory(atPath: plans)) ?? []
        for name in found.sorted() where name.hasSuffix(".yaml") {
            let file = "\(plans)/\(name)"
            try add(file)
            guard let plan = try? YAMLDocument(reading: file) else { continue }
            for context in Set(PodConfiguration.contexts(in: plan).map(\.context)).sorted() {
                remarks.append(
                    "'\(file)' names the context '\(context)', which pods do not have: make it a parameter, or remove it"
                )
            }
        }
        guard texts.reduce(0, { $0 + $1.text.utf8.count }) < Self.largest else {
            throw ScheduleError("dr.yaml and the files that it names are larger than 1 MB, the limit of a ConfigMap")
        }
    }

    /// Adds a file below the folder of `dr.yaml`, at the same relative path.
    private mutating func add(_ file: String) throws {
        guard !Self.isOfSecret(file) else { return }
        let path = URL(filePath: file).standardizedFileURL.path
        guard path.hasPrefix(folder + "/") else {
            remarks.append("'\(file)' is not below the folder of dr.yaml: copy it there, and give its relative path")
            return
        }
        let relative = String(path.dropFirst(folder.count + 1))
        guard relative.unicodeScalars.allSatisfy(Self.isPlain) else {
            remarks.append("'\(file)' cannot be in a ConfigMap: use letters, digits, '-', '_' and '.' in its name")
            return
        }
        guard !texts.contains(where: { $0.path == relative }) else { return }
        texts.append(.init(path: relative, text: try text(of: file)))
    }

    private func text(of file: String) throws -> String {
        guard let data = FileManager.default.contents(atPath: file), let text = String(data: data, encoding: .utf8)
        else { throw ScheduleError("'\(file)' cannot be read as text") }
        return text
    }

    private static func isOfSecret(_ path: String) -> Bool { path.hasPrefix("/run/secrets/") }

    private static func isPlain(_ character: Unicode.Scalar) -> Bool {
        character.isASCII && (character.properties.isAlphabetic || "0123456789-_./".unicodeScalars.contains(character))
    }
}

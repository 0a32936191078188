internal import Documents
internal import Foundation

/// The binary form in which kubectl sends some objects, for example those of `kubectl create namespace` and
/// `kubectl auth can-i`.
///
/// The fields are those of the published `generated.proto` files; only those that kubectl sends for these commands are
/// known, and others are ignored.
enum KubernetesProtobuf {
    static let contentType = "application/vnd.kubernetes.protobuf"

    indirect enum Shape: Sendable {
        case text, bytes, integer, bool
        case list(Shape)
        case map(Shape)
        case message([Int: Field])
        /// A message whose members belong to the enclosing one.
        case inline([Int: Field])
    }

    struct Field: Sendable {
        var name: String
        var shape: Shape

        init(_ name: String, _ shape: Shape) {
            self.name = name
            self.shape = shape
        }
    }

    /// Returns the object of a request's body; nil if its kind is not known.
    static func object(_ body: [UInt8]) -> JSONValue? {
        let magic: [UInt8] = [0x6B, 0x38, 0x73, 0]
        guard body.starts(with: magic), let envelope = decode(body.dropFirst(4), envelope),
            let kind = envelope["typeMeta"]?["kind"]?.text, let shape = kinds[kind],
            let raw = envelope["raw"]?.text.flatMap({ Data(base64Encoded: $0) })
        else { return nil }
        return decode([UInt8](raw)[...], shape)?.adding([
            "kind": .string(kind), "apiVersion": envelope["typeMeta"]?["apiVersion"] ?? "v1",
        ])
    }

    // MARK: Messages

    private static let envelope: [Int: Field] = [
        1: Field("typeMeta", .message([1: Field("apiVersion", .text), 2: Field("kind", .text)])),
        2: Field("raw", .bytes),
    ]

    private static let metadata = Field(
        "metadata",
        .message([
            1: Field("name", .text), 2: Field("generateName", .text), 3: Field("namespace", .text),
            11: Field("labels", .map(.text)), 12: Field("annotations", .map(.text)),
            13: Field(
                "ownerReferences",
                .list(
                    .message([
                        1: Field("kind", .text), 3: Field("name", .text), 4: Field("uid", .text),
                        5: Field("apiVersion", .text), 6: Field("controller", .bool),
                        7: Field("blockOwnerDeletion", .bool),
                    ]))),
            14: Field("finalizers", .list(.text)),
        ]))

    private static let container: Shape = .message([
        1: Field("name", .text), 2: Field("image", .text), 3: Field("command", .list(.text)),
        4: Field("args", .list(.text)), 5: Field("workingDir", .text),
        6: Field(
            "ports",
            .list(
                .message([1: Field("name", .text), 3: Field("containerPort", .integer), 4: Field("protocol", .text)]))),
        7: Field("env", .list(.message([1: Field("name", .text), 2: Field("value", .text)]))),
        9: Field(
            "volumeMounts",
            .list(
                .message([
                    1: Field("name", .text), 2: Field("readOnly", .bool), 3: Field("mountPath", .text),
                    4: Field("subPath", .text),
                ]))),
        14: Field("imagePullPolicy", .text),
        15: Field(
            "securityContext",
            .message([
                1: Field("capabilities", .message([1: Field("add", .list(.text)), 2: Field("drop", .list(.text))])),
                2: Field("privileged", .bool), 4: Field("runAsUser", .integer), 5: Field("runAsNonRoot", .bool),
                6: Field("readOnlyRootFilesystem", .bool), 7: Field("allowPrivilegeEscalation", .bool),
                8: Field("runAsGroup", .integer),
                11: Field("seccompProfile", .message([1: Field("type", .text)])),
            ])),
    ])

    private static let volumeSource: [Int: Field] = [
        2: Field("emptyDir", .message([1: Field("medium", .text)])),
        6: Field("secret", .message([1: Field("secretName", .text)])),
        10: Field("persistentVolumeClaim", .message([1: Field("claimName", .text), 2: Field("readOnly", .bool)])),
        19: Field("configMap", .message([1: Field("name", .inline([1: Field("name", .text)]))])),
    ]

    private static let podSpec = Field(
        "spec",
        .message([
            1: Field("volumes", .list(.message([1: Field("name", .text), 2: Field("source", .inline(volumeSource))]))),
            2: Field("containers", .list(container)), 3: Field("restartPolicy", .text),
            4: Field("terminationGracePeriodSeconds", .integer), 5: Field("activeDeadlineSeconds", .integer),
            7: Field("nodeSelector", .map(.text)), 8: Field("serviceAccountName", .text), 10: Field("nodeName", .text),
            14: Field(
                "securityContext",
                .message([
                    2: Field("runAsUser", .integer), 3: Field("runAsNonRoot", .bool),
                    4: Field("supplementalGroups", .list(.integer)), 5: Field("fsGroup", .integer),
                    6: Field("runAsGroup", .integer),
                    10: Field("seccompProfile", .message([1: Field("type", .text)])),
                ])), 20: Field("initContainers", .list(container)), 21: Field("automountServiceAccountToken", .bool),
        ]))

    private static let template: Shape = .message([1: metadata, 2: podSpec])
    private static let selector = Field("selector", .message([1: Field("matchLabels", .map(.text))]))

    private static let kinds: [String: [Int: Field]] = [
        "Namespace": [1: metadata],
        "ServiceAccount": [1: metadata],
        "ConfigMap": [1: metadata, 2: Field("data", .map(.text)), 3: Field("binaryData", .map(.bytes))],
        "Secret": [
            1: metadata, 2: Field("data", .map(.bytes)), 3: Field("type", .text), 4: Field("stringData", .map(.text)),
        ],
        "ResourceQuota": [
            1: metadata,
            2: Field("spec", .message([1: Field("hard", .map(.inline([1: Field("", .text)])))])),
        ],
        "Deployment": [
            1: metadata,
            2: Field(
                "spec", .message([1: Field("replicas", .integer), 2: selector, 3: Field("template", template)])),
        ],
        "Job": [
            1: metadata,
            2: Field(
                "spec",
                .message([
                    1: Field("parallelism", .integer), 2: Field("completions", .integer),
                    3: Field("activeDeadlineSeconds", .integer), 4: selector, 6: Field("template", template),
                    7: Field("backoffLimit", .integer), 8: Field("ttlSecondsAfterFinished", .integer),
                    9: Field("completionMode", .text), 10: Field("suspend", .bool),
                ])),
        ],
        "SelfSubjectAccessReview": [
            1: metadata,
            2: Field(
                "spec",
                .message([
                    1: Field(
                        "resourceAttributes",
                        .message([
                            1: Field("namespace", .text), 2: Field("verb", .text), 3: Field("group", .text),
                            4: Field("version", .text), 5: Field("resource", .text), 6: Field("subresource", .text),
                            7: Field("name", .text),
                        ])),
                    2: Field("nonResourceAttributes", .message([1: Field("path", .text), 2: Field("verb", .text)])),
                ])),
        ],
        "SelfSubjectRulesReview": [1: metadata, 2: Field("spec", .message([1: Field("namespace", .text)]))],
    ]

    // MARK: Decoding

    /// - Returns: nil if the bytes are not a message.
    private static func decode(_ bytes: ArraySlice<UInt8>, _ fields: [Int: Field]) -> JSONValue? {
        var rest = bytes
        var members: [String: JSONValue] = [:]
        while !rest.isEmpty {
            guard let tag = varint(&rest) else { return nil }
            let field = fields[Int(truncatingIfNeeded: tag >> 3)]
            switch tag & 7 {
            case 0:
                guard let number = varint(&rest) else { return nil }
                if let field { add(scalar(number, field.shape), field, to: &members) }
            case 1: rest = rest.dropFirst(8)
            case 5: rest = rest.dropFirst(4)
            case 2:
                guard let length = varint(&rest), length <= UInt64(rest.count) else { return nil }
                let content = rest.prefix(Int(length))
                rest = rest.dropFirst(Int(length))
                if let field { add(content, field, to: &members) }
            default: return nil
            }
        }
        return .object(members)
    }

    private static func varint(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = bytes.popFirst() else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }

    private static func scalar(_ number: UInt64, _ shape: Shape) -> JSONValue {
        if case .bool = shape { return .bool(number != 0) }
        if case .list(let element) = shape { return scalar(number, element) }
        return .number(String(Int64(bitPattern: number)))
    }

    private static func add(_ value: JSONValue, _ field: Field, to members: inout [String: JSONValue]) {
        if case .list = field.shape {
            members[field.name] = .array((members[field.name]?.array ?? []) + [value])
        } else {
            members[field.name] = value
        }
    }

    private static func add(_ bytes: ArraySlice<UInt8>, _ field: Field, to members: inout [String: JSONValue]) {
        switch field.shape {
        case .map(let shape):
            let entry = decode(bytes, [1: Field("key", .text), 2: Field("value", shape)])
            let inner = entry?["value"] ?? entry?[""]
            guard let key = entry?["key"]?.text else { return }
            members[field.name] = (members[field.name] ?? [:]).adding([key: inner ?? ""])
        case .inline(let fields):
            for (name, value) in decode(bytes, fields)?.object ?? [:] { members[name] = value }
        case .list(let element):
            if let value = value(bytes, element) { add(value, field, to: &members) }
        default:
            if let value = value(bytes, field.shape), value != "" { members[field.name] = value }
        }
    }

    private static func value(_ bytes: ArraySlice<UInt8>, _ shape: Shape) -> JSONValue? {
        switch shape {
        case .text: .string(String(decoding: bytes, as: UTF8.self))
        case .bytes: .string(Data(bytes).base64EncodedString())
        case .message(let fields): decode(bytes, fields)
        default: nil
        }
    }
}

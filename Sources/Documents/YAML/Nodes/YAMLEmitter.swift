internal import CYAML

/// Writes nodes as YAML with libyaml: two spaces for each level, no line breaks in long texts.
package final class YAMLEmitter {
    private var emitter = yaml_emitter_t()
    private var output: [UInt8] = []

    private init() {
        yaml_emitter_initialize(&emitter)
        yaml_emitter_set_encoding(&emitter, YAML_UTF8_ENCODING)
        yaml_emitter_set_unicode(&emitter, 1)
        yaml_emitter_set_width(&emitter, -1)
        yaml_emitter_set_output(
            &emitter,
            { context, bytes, count in
                guard let context, let bytes else { return 0 }
                let emitter = Unmanaged<YAMLEmitter>.fromOpaque(context).takeUnretainedValue()
                emitter.output.append(contentsOf: UnsafeBufferPointer(start: bytes, count: Int(count)))
                return 1
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    deinit { yaml_emitter_delete(&emitter) }

    /// The text of one document.
    /// - Returns: nil if libyaml cannot write it.
    package static func text(of node: YAMLNode) -> String? {
        let emitter = YAMLEmitter()
        var event = yaml_event_t()
        yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING)
        guard emitter.emit(&event) else { return nil }
        yaml_document_start_event_initialize(&event, nil, nil, nil, 1)
        guard emitter.emit(&event), emitter.write(node) else { return nil }
        yaml_document_end_event_initialize(&event, 1)
        guard emitter.emit(&event) else { return nil }
        yaml_stream_end_event_initialize(&event)
        guard emitter.emit(&event) else { return nil }
        return String(decoding: emitter.output, as: UTF8.self)
    }

    private func emit(_ event: inout yaml_event_t) -> Bool { yaml_emitter_emit(&emitter, &event) == 1 }

    private func write(_ node: YAMLNode) -> Bool {
        var event = yaml_event_t()
        switch node {
        case .scalar(let scalar): return write(scalar)
        case .sequence(let sequence):
            let style = sequence.style == .flow ? YAML_FLOW_SEQUENCE_STYLE : YAML_ANY_SEQUENCE_STYLE
            let made = Self.withBytes(sequence.tag.name) {
                yaml_sequence_start_event_initialize(&event, nil, $0, sequence.tag == .seq ? 1 : 0, style)
            }
            guard made == 1, emit(&event) else { return false }
            for element in sequence { guard write(element) else { return false } }
            yaml_sequence_end_event_initialize(&event)
            return emit(&event)
        case .mapping(let mapping):
            let style = mapping.style == .flow ? YAML_FLOW_MAPPING_STYLE : YAML_ANY_MAPPING_STYLE
            let made = Self.withBytes(mapping.tag.name) {
                yaml_mapping_start_event_initialize(&event, nil, $0, mapping.tag == .map ? 1 : 0, style)
            }
            guard made == 1, emit(&event) else { return false }
            for (key, value) in mapping { guard write(key), write(value) else { return false } }
            yaml_mapping_end_event_initialize(&event)
            return emit(&event)
        }
    }

    private func write(_ scalar: YAMLNode.Scalar) -> Bool {
        var event = yaml_event_t()
        let style: yaml_scalar_style_t =
            switch scalar.style {
            case .plain: YAML_PLAIN_SCALAR_STYLE
            case .singleQuoted: YAML_SINGLE_QUOTED_SCALAR_STYLE
            case .doubleQuoted: YAML_DOUBLE_QUOTED_SCALAR_STYLE
            case .literal: YAML_LITERAL_SCALAR_STYLE
            case .folded: YAML_FOLDED_SCALAR_STYLE
            case .any, .block, .flow: YAML_ANY_SCALAR_STYLE
            }
        let isPlain = YAMLTag(ofPlain: scalar.string) == scalar.tag
        let made = Self.withBytes(scalar.tag.name) { tag in
            Self.withBytes(scalar.string) { text in
                yaml_scalar_event_initialize(
                    &event, nil, tag, text, Int32(clamping: scalar.string.utf8.count), isPlain ? 1 : 0,
                    scalar.tag == .str ? 1 : 0, style)
            }
        }
        return made == 1 && emit(&event)
    }

    /// libyaml copies the text, and its functions take it as mutable.
    private static func withBytes(_ text: String, _ body: (UnsafeMutablePointer<UInt8>?) -> Int32) -> Int32 {
        var bytes = Array(text.utf8) + [0]
        return bytes.withUnsafeMutableBufferPointer { body($0.baseAddress) }
    }
}

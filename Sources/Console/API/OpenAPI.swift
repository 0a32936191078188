import Operations

/// The description of the API (OpenAPI 3.1). docs/openapi.json is the same text.
package enum OpenAPI {
    /// The description of the whole API.
    package static var document: String { document(Endpoint.all) }

    static func document(_ endpoints: [Endpoint]) -> String {
        let paths = endpoints.map(path) + PublishedSchema.all.map(schema) + [selfDescription, health]
        return """
            {
              "openapi": "3.1.0",
              "info": {
                "title": "dr serve",
                "version": "1",
                "description": "The documents of dr's commands, read-only. All requests are GET or HEAD."
              },
              "servers": [{"url": "http://127.0.0.1:9419"}],
              "security": [{}, {"token": []}],
              "paths": {
            \(paths.joined(separator: ",\n"))
              },
              "components": {
                "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
                "responses": {
                  "failure": {
                    "description": "The document cannot be shown.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/failure"}}}
                  },
                  "denied": {
                    "description": "The console needs a token.",
                    "content": {"text/plain": {"schema": {"type": "string"}}}
                  },
                  "limited": {
                    "description": "Too many wrong tokens came from the address of the client in one minute.",
                    "headers": {"Retry-After": {"schema": {"type": "integer", "minimum": 1}}},
                    "content": {"text/plain": {"schema": {"type": "string"}}}
                  }
                },
                "schemas": {
                  "failure": {
                    "type": "object", "required": ["error"], "additionalProperties": false,
                    "properties": {"error": {
                      "type": "object", "required": ["status", "message"], "additionalProperties": false,
                      "properties": {
                        "status": {"type": "integer"}, "message": {"type": "string"}, "hint": {"type": "string"}
                      }
                    }}
                  },
                  "runs": \(runs),
                  "run": \(run),
                  "overview": \(overview)
                }
              }
            }

            """
    }

    private static func path(_ endpoint: Endpoint) -> String {
        let parameters = endpoint.parameters.map { parameter in
            let example = parameter.example.map { ", \"example\": \"\($0)\"" } ?? ""
            return
                "        {\"name\": \"\(parameter.name)\", \"in\": \"\(parameter.isInPath ? "path" : "query")\", "
                + "\"required\": \(parameter.isInPath), \"description\": \"\(parameter.about)\", "
                + "\"schema\": \(parameter.schema)\(example)}"
        }
        let schema =
            endpoint.ownSchema.map { "#/components/schemas/\($0)" }
            ?? "\(PublishedSchema.output.name)#/$defs/\((endpoint.definition ?? "").replacing(" ", with: "%20"))"
        return operation(
            "/api/v1\(endpoint.path)", about: endpoint.about, parameters: parameters,
            ok:
                "{\"description\": \"The document.\", \"content\": {\"application/json\": {\"schema\": {\"$ref\": \"\(schema)\"}}}}"
        )
    }

    private static func schema(_ schema: PublishedSchema) -> String {
        operation(
            "/api/v1/\(schema.name)", about: "The JSON Schema that this description refers to.", parameters: [],
            ok:
                "{\"description\": \"The schema.\", \"content\": {\"application/schema+json\": {\"schema\": {\"type\": \"object\"}}}}"
        )
    }

    private static var selfDescription: String {
        operation(
            "/api/v1/openapi.json", about: "This description.", parameters: [],
            ok:
                "{\"description\": \"The description.\", \"content\": {\"application/json\": {\"schema\": {\"type\": \"object\"}}}}"
        )
    }

    private static var health: String {
        """
            "/healthz": {"get": {
              "summary": "Answers while the console runs, without a token.",
              "security": [{}],
              "responses": {"200": {"description": "It runs.", "content": {"text/plain": {"schema": {"const": "ok\\n"}}}}}
            }}
        """
    }

    private static func operation(_ path: String, about: String, parameters: [String], ok: String) -> String {
        """
            "\(path)": {"get": {
              "summary": "\(about)",
              "parameters": [\(parameters.isEmpty ? "" : "\n\(parameters.joined(separator: ",\n"))\n      ")],
              "responses": {
                "200": \(ok),
                "401": {"$ref": "#/components/responses/denied"},
                "429": {"$ref": "#/components/responses/limited"},
                "default": {"$ref": "#/components/responses/failure"}
              }
            }}
        """
    }
}

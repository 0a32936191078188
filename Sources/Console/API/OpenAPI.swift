import Operations

/// The description of the API (OpenAPI 3.1). docs/openapi.json is the same text.
package enum OpenAPI {
    /// The description of the whole API.
    package static var document: String { document(Endpoint.all) }

    static func document(_ endpoints: [Endpoint]) -> String {
        let paths = endpoints.map(path) + [selfDescription, health]
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
                  "overview": {
                    "type": "object", "required": ["overview", "colour", "verdict", "confirmed", "ageSeconds"],
                    "additionalProperties": false,
                    "properties": {
                      "colour": {"enum": ["green", "amber", "red"]}, "verdict": {"type": "string"},
                      "confirmed": {"type": "string"}, "ageSeconds": {"type": "integer", "minimum": 0},
                      "failure": {"type": "string"},
                      "overview": {
                        "type": "object",
                        "required": ["stack", "store", "at", "components", "recoveries", "sets", "storedBytes", "objects"],
                        "properties": {
                          "stack": {"type": "string"}, "store": {"type": "string"}, "at": {"type": "string"},
                          "rpoSeconds": {"type": "integer"}, "sets": {"type": "integer", "minimum": 0},
                          "storedBytes": {"type": "integer", "minimum": 0}, "objects": {"type": "integer", "minimum": 0},
                          "components": {"type": "array", "items": {
                            "type": "object", "required": ["name", "verdict"],
                            "properties": {
                              "name": {"type": "string"}, "kind": {"type": "string"}, "set": {"type": "string"},
                              "newestDatum": {"type": "integer"}, "verdict": {"type": "string"},
                              "verified": {"type": "string"}, "drilled": {"type": "string"},
                              "untrustedDrill": {"type": "string"},
                              "storedBytes": {"type": "integer"}, "gaps": {"type": "integer"}
                            }
                          }},
                          "recoveries": {"type": "array", "items": {
                            "type": "object", "required": ["scenario", "verdict", "runs"],
                            "properties": {
                              "scenario": {"type": "string"}, "verdict": {"type": "string"}, "rto": {"type": "number"},
                              "expected": {"type": "number"}, "upper": {"type": "number"}, "runs": {"type": "integer"},
                              "note": {"type": "string"}
                            }
                          }}
                        }
                      }
                    }
                  }
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
            ?? "output.schema.json#/$defs/\((endpoint.definition ?? "").replacing(" ", with: "%20"))"
        return operation(
            "/api/v1\(endpoint.path)", about: endpoint.about, parameters: parameters,
            ok:
                "{\"description\": \"The document.\", \"content\": {\"application/json\": {\"schema\": {\"$ref\": \"\(schema)\"}}}}"
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
                "default": {"$ref": "#/components/responses/failure"}
              }
            }}
        """
    }
}

/// The schema of the overview's document.
extension OpenAPI {
    static let overview = """
        {
              "type": "object", "required": ["overview", "colour", "verdict", "confirmed", "ageSeconds"],
              "additionalProperties": false,
              "properties": {
                "colour": {"enum": ["green", "amber", "red"]}, "verdict": {"type": "string"},
                "confirmed": {"type": "string", "description": "the time when the store last confirmed this state"},
                "ageSeconds": {"type": "integer", "minimum": 0},
                "failure": {"type": "string", "description": "the reason why the store cannot be read now"},
                "overview": {
                  "type": "object",
                  "required": [
                    "stack", "store", "at", "components", "recoveries", "recoveryNotes", "sets", "unreadableSets",
                    "storedBytes", "objects", "alarms", "remarks", "freezes"
                  ],
                  "additionalProperties": false,
                  "properties": {
                    "stack": {"type": "string"}, "store": {"type": "string"}, "at": {"type": "string"},
                    "rpoSeconds": {"type": "integer"},
                    "sets": {"type": "integer", "minimum": 0}, "oldest": {"type": "string"}, "newest": {"type": "string"},
                    "unreadableSets": {"type": "integer", "minimum": 0},
                    "storedBytes": {"type": "integer", "minimum": 0}, "objects": {"type": "integer", "minimum": 0},
                    "alarms": {
                      "type": "array", "items": {"type": "string"}, "description": "signs of an intruder"
                    },
                    "remarks": {"type": "array", "items": {"type": "string"}},
                    "freezes": {
                      "type": "array", "items": {"type": "string"},
                      "description": "the reasons for which retention drops nothing"
                    },
                    "isNewestPartial": {
                      "type": "boolean", "description": "true if the newest set lacks a component, or a part of one"
                    },
                    "hostGaps": {
                      "type": "integer", "minimum": 0,
                      "description": "gaps of the host, which belong to no component; absent if they are not known"
                    },
                    "gapLines": {
                      "type": "array", "items": {"type": "string"}, "description": "some of the first gaps"
                    },
                    "results": {
                      "type": "object", "required": ["isBackupFailed", "tests"], "additionalProperties": false,
                      "description": "the newest runs on this machine",
                      "properties": {
                        "isBackupFailed": {"type": "boolean"},
                        "tests": {"type": "array", "items": {
                          "type": "object", "required": ["run", "scenario", "isDrill", "verdict"],
                          "additionalProperties": false,
                          "properties": {
                            "run": {"type": "string"}, "scenario": {"type": "string"}, "isDrill": {"type": "boolean"},
                            "verdict": {"type": "string"}
                          }
                        }}
                      }
                    },
                    "components": {"type": "array", "items": {
                      "type": "object", "required": ["name", "verdict"], "additionalProperties": false,
                      "properties": {
                        "name": {"type": "string"}, "kind": {"type": "string"}, "set": {"type": "string"},
                        "newestDatum": {"type": "integer", "description": "milliseconds since 1970"},
                        "verdict": {"type": "string"}, "verified": {"type": "string"}, "drilled": {"type": "string"},
                        "untrustedDrill": {"type": "string"},
                        "storedBytes": {"type": "integer"}, "gaps": {"type": "integer"},
                        "isFailed": {
                          "type": "boolean", "description": "true if its backup failed in the newest set"
                        }
                      }
                    }},
                    "recoveries": {"type": "array", "items": {
                      "type": "object", "required": ["scenario", "verdict", "runs"], "additionalProperties": false,
                      "properties": {
                        "scenario": {"type": "string"}, "verdict": {"type": "string"}, "rto": {"type": "number"},
                        "expected": {"type": "number"}, "upper": {"type": "number"}, "runs": {"type": "integer"},
                        "note": {"type": "string"}
                      }
                    }},
                    "recoveryNotes": {
                      "type": "array", "items": {"type": "string"},
                      "description": "the reasons why forecasts are missing"
                    }
                  }
                }
              }
            }
        """
}

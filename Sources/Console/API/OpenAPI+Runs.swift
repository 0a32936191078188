/// The schemas of the documents about runs.
extension OpenAPI {
    static let runs = """
        {
              "type": "object", "required": ["runs", "unreadable"], "additionalProperties": false,
              "properties": {
                "storeProblem": {"type": "string"}, "storeAgeSeconds": {"type": "number"},
                "unreadable": {"type": "integer", "minimum": 0},
                "runs": {"type": "array", "items": {
                  "type": "object", "required": ["id", "scenario", "isDrill", "source", "state"],
                  "additionalProperties": false,
                  "properties": {
                    "id": {"type": "string"}, "scenario": {"type": "string"}, "isDrill": {"type": "boolean"},
                    "started": {"type": "string", "description": "absent if the journal was altered"},
                    "host": {"type": "string"}, "source": {"enum": ["thisHost", "store"]},
                    "state": {"enum": ["running", "silent", "died", "ended", "altered"]},
                    "verdict": {"type": "string", "description": "the end that the run recorded"},
                    "evidence": {"type": "string", "description": "the verdict of the evidence"},
                    "reason": {"type": "string"}, "actualSeconds": {"type": "number"},
                    "rtoSeconds": {"type": "number"},
                    "forecast": {
                      "type": "object", "required": ["expectedSeconds", "lowSeconds", "highSeconds"],
                      "additionalProperties": false,
                      "properties": {
                        "expectedSeconds": {"type": "number"}, "lowSeconds": {"type": "number"},
                        "highSeconds": {"type": "number"}
                      }
                    }
                  }
                }}
              }
            }
        """

    static let run = """
        {
              "type": "object", "required": ["run", "source", "state", "criticalPath", "files"],
              "additionalProperties": false,
              "properties": {
                "source": {"enum": ["thisHost", "store"]}, "state": {"enum": ["running", "silent", "died", "ended"]},
                "silentSeconds": {"type": "number"}, "rtoLeftSeconds": {"type": "number"},
                "remainingSeconds": {"type": "number"},
                "criticalPath": {"type": "array", "items": {"type": "string"}},
                "files": {"type": "array", "items": {"type": "string"}},
                "run": {
                  "type": "object",
                  "required": ["id", "stack", "scenario", "isDrill", "host", "startedAt", "elapsed", "steps"],
                  "additionalProperties": false,
                  "properties": {
                    "id": {"type": "string"}, "stack": {"type": "string"}, "scenario": {"type": "string"},
                    "sets": {"type": "string"}, "isDrill": {"type": "boolean"}, "person": {"type": "string"},
                    "host": {"type": "string"}, "process": {"type": "integer"}, "boot": {"type": "string"},
                    "tool": {"type": "string"},
                    "startedAt": {"type": "number", "description": "seconds since 1970"},
                    "heardAt": {"type": "number", "description": "seconds since 1970"},
                    "elapsed": {"type": "number", "description": "seconds since the start"},
                    "rto": {"type": "number"}, "rtoLead": {"type": "number"}, "hasGraph": {"type": "boolean"},
                    "moreSteps": {"type": "integer"}, "checksExpected": {"type": "number"},
                    "milestones": {"type": "array", "items": {"type": "string"}},
                    "checksPassed": {"type": "integer"}, "checksFailed": {"type": "integer"},
                    "failedChecks": {"type": "array", "items": {"type": "string"}},
                    "withholdsTexts": {"type": "boolean"}, "defects": {"type": "array", "items": {"type": "string"}},
                    "isControl": {"type": "boolean", "description": "true for the negative control of a drill"},
                    "verdict": {"type": "string", "description": "the verdict of the drill's evidence"},
                    "end": {
                      "type": "object", "required": ["verdict", "reasons"], "additionalProperties": false,
                      "properties": {
                        "verdict": {"type": "string"}, "reasons": {"type": "array", "items": {"type": "string"}}
                      }
                    },
                    "steps": {"type": "array", "items": {
                      "type": "object", "required": ["id", "needs", "state", "attempt", "failures"],
                      "additionalProperties": false,
                      "properties": {
                        "id": {"type": "string"}, "needs": {"type": "array", "items": {"type": "string"}},
                        "about": {"type": "string"}, "work": {"type": "string"}, "remark": {"type": "string"},
                        "result": {"type": "string"}, "attempt": {"type": "integer"}, "failures": {"type": "integer"},
                        "began": {"type": "number"}, "ended": {"type": "number"}, "expected": {"type": "number"},
                        "expectedIsLeast": {
                          "type": "boolean", "description": "true if no earlier run shows the time of the whole step"
                        },
                        "bytes": {"type": "integer"},
                        "state": {"enum": [
                          "waiting", "running", "retrying", "done", "failed", "skipped", "cancelled", "rolling_back",
                          "rolled_back"
                        ]}
                      }
                    }},
                    "log": {"type": "array", "items": {
                      "type": "object", "required": ["seconds", "text", "isUrgent"], "additionalProperties": false,
                      "properties": {
                        "seconds": {"type": "number"}, "text": {"type": "string"}, "isUrgent": {"type": "boolean"}
                      }
                    }},
                    "burnDown": {"type": "array", "items": {
                      "type": "object", "required": ["seconds", "remaining"], "additionalProperties": false,
                      "properties": {"seconds": {"type": "number"}, "remaining": {"type": "number"}}
                    }},
                    "transfers": {"type": "array", "items": {
                      "type": "object", "required": ["component", "phase", "files", "totalFiles", "bytes", "totalBytes"],
                      "additionalProperties": false,
                      "properties": {
                        "component": {"type": "string"}, "phase": {"type": "string"}, "files": {"type": "integer"},
                        "totalFiles": {"type": "integer"}, "bytes": {"type": "integer"},
                        "totalBytes": {"type": "integer"}, "rate": {"type": "number"}
                      }
                    }}
                  }
                }
              }
            }
        """
}

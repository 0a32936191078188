#!/usr/bin/env python3
"""Verify the in-toto attestation of a report without dr, with python3 and openssl.

verify-attestation.py report.json signer.crt [journal.jsonl ...]: further files must be subjects of the attestation too.
"""
import base64, hashlib, json, pathlib, subprocess, sys, tempfile

report, certificate, others = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
envelope = json.loads(report.with_suffix(".intoto.json").read_bytes())
kind, payload = envelope["payloadType"].encode(), base64.b64decode(envelope["payload"])
if kind != b"application/vnd.in-toto+json":
    sys.exit("the payload is not an in-toto statement")

with tempfile.TemporaryDirectory() as folder:
    key, signed, signature = (f"{folder}/{name}" for name in ("key", "signed", "signature"))
    subprocess.run(["openssl", "x509", "-in", certificate, "-pubkey", "-noout", "-out", key], check=True)
    pathlib.Path(signed).write_bytes(b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload))
    for entry in envelope["signatures"]:
        pathlib.Path(signature).write_bytes(base64.b64decode(entry["sig"]))
        verify = ["openssl", "dgst", "-sha256", "-verify", key, "-signature", signature, signed]
        if subprocess.run(verify, capture_output=True).returncode == 0:
            break
    else:
        sys.exit("the signature is not valid")

statement = json.loads(payload)
digests = {subject["digest"]["sha256"] for subject in statement["subject"]}
for file in [report, *map(pathlib.Path, others)]:
    if hashlib.sha256(file.read_bytes()).hexdigest() not in digests:
        sys.exit(f"the attestation is not about {file}")
print(statement["predicateType"], statement["predicate"]["verdict"])

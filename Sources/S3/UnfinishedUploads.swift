internal import HTTP
package import ObjectStorage

extension S3Store: PartedStore {
    /// ListMultipartUploads.
    package func unfinishedUploads(_ body: (UnfinishedUpload) throws -> Void) throws {
        var query = [(name: "uploads", value: ""), ("prefix", keyPrefix)]
        var markers = PageMarkers()
        while true {
            try Task.checkCancellation()
            let (response, document) = try attempt("list the uploads of", of: nil) {
                try client.send(S3Request("GET", nil, query: query))
            }
            guard let root = XMLElement.parse(document), root.name == "ListMultipartUploadsResult" else {
                throw storeError(S3Failure(response, document), in: "list the uploads of", of: nil)
            }
            let uploads = root.all("Upload")
            for upload in uploads {
                // A server that ignores the prefix must not make us abort another program's uploads.
                guard let name = upload.value("Key"), name.hasPrefix(keyPrefix),
                    let key = ObjectKey(String(name.dropFirst(keyPrefix.count))), let id = upload.value("UploadId"),
                    let begun = upload.value("Initiated").flatMap(AWSTime.parse)
                else { continue }
                try body(UnfinishedUpload(key: key, id: id, begun: begun))
            }
            guard root.value("IsTruncated") == "true" else { return }
            let key = root.value("NextKeyMarker") ?? "", id = root.value("NextUploadIdMarker") ?? ""
            _ = try attempt("list the uploads of", of: nil) {
                try markers.next(key.isEmpty ? nil : "\(key)\n\(id)", isNew: !uploads.isEmpty)
            }
            query = [("uploads", ""), ("prefix", keyPrefix), ("key-marker", key), ("upload-id-marker", id)]
        }
    }

    /// AbortMultipartUpload.
    package func abort(_ upload: UnfinishedUpload) throws {
        try attempt("abort the upload of", of: upload.key) { try abort(fullKey(upload.key), upload.id) }
    }

    func abort(_ fullKey: String, _ uploadID: String) throws {
        do {
            _ = try client.send(S3Request("DELETE", fullKey, query: [("uploadId", uploadID)]), attempts: 4)
        } catch let failure as S3Failure where failure.code == "NoSuchUpload" {
        }
    }
}

internal import CSQLite
internal import Glibc
package import Platform

/// One SQLite connection: owned, closed once, used by one thread at a time.
package final class Database {
    private let handle: OpaquePointer
    private var statements: [String: Statement] = [:]
    /// Runs once, before the first connection. If SQLite was initialised before, it keeps its configuration.
    private static let setUp = dr_sqlite_count_no_memory()

    /// - Parameter path: a file that is created if there is none; nil for a private database that is deleted on close.
    package init(path: String?) throws(CatalogError) {
        _ = Self.setUp
        var handle: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
        let status = sqlite3_open_v2(path ?? "", &handle, flags, nil)  // an empty name means a private database
        guard let handle else { throw CatalogError(code: status, operation: "open", detail: "out of memory") }
        self.handle = handle
        guard status == SQLITE_OK else { throw error("open '\(path ?? "")'") }
    }

    deinit {
        statements.removeAll()  // before the connection they belong to
        sqlite3_close_v2(handle)
    }

    package func execute(_ sql: String) throws(CatalogError) {
        guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else { throw error(sql) }
    }

    /// The number of rows that the last statement inserted, changed or removed.
    package var changes: Int { Int(sqlite3_changes(handle)) }

    /// Returns a prepared statement, ready to bind; it is cached.
    package func prepare(_ sql: String) throws(CatalogError) -> Statement {
        if let statement = statements[sql] {
            statement.reset()
            return statement
        }
        var pointer: OpaquePointer?
        guard sqlite3_prepare_v2(handle, sql, -1, &pointer, nil) == SQLITE_OK, let pointer else { throw error(sql) }
        let statement = Statement(pointer, of: handle)
        statements[sql] = statement
        return statement
    }

    private func error(_ operation: String) -> CatalogError {
        CatalogError(
            code: sqlite3_errcode(handle), operation: operation, detail: String(cString: sqlite3_errmsg(handle)))
    }
}

/// A prepared SQL statement. Parameters count from 1, columns from 0, as in SQLite.
package final class Statement {
    private let pointer: OpaquePointer
    private let database: OpaquePointer

    fileprivate init(_ pointer: OpaquePointer, of database: OpaquePointer) {
        self.pointer = pointer
        self.database = database
    }

    deinit { sqlite3_finalize(pointer) }

    package func reset() {
        sqlite3_reset(pointer)
        sqlite3_clear_bindings(pointer)
    }

    package func bind(_ index: CInt, _ value: Int) { expect(sqlite3_bind_int64(pointer, index, Int64(value))) }

    package func bind(_ index: CInt, _ value: [UInt8]?) {
        guard let value else { return expect(sqlite3_bind_null(pointer, index)) }
        expect(dr_sqlite_bind_blob(pointer, index, value, CInt(value.count)))
    }

    package func bind(_ index: CInt, _ value: String) { bind(index, Array(value.utf8)) }

    /// - Returns: true while there is a row.
    package func step() throws(CatalogError) -> Bool {
        switch sqlite3_step(pointer) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default:
            let error = CatalogError(
                code: sqlite3_errcode(database), operation: String(cString: sqlite3_sql(pointer)),
                detail: String(cString: sqlite3_errmsg(database)))
            sqlite3_reset(pointer)
            throw error
        }
    }

    /// Runs a statement that returns no rows.
    package func run() throws(CatalogError) {
        while try step() {}
        reset()
    }

    package func integer(_ column: CInt) -> Int { Int(sqlite3_column_int64(pointer, column)) }

    package func bytes(_ column: CInt) -> [UInt8]? {
        guard sqlite3_column_type(pointer, column) != SQLITE_NULL else { return nil }
        let count = Int(sqlite3_column_bytes(pointer, column))
        guard let base = sqlite3_column_blob(pointer, column) else { return [] }
        return [UInt8](UnsafeRawBufferPointer(start: base, count: count))
    }

    package func text(_ column: CInt) -> String? { bytes(column).map { String(decoding: $0, as: UTF8.self) } }

    /// Compares the column's bytes with `other` like memcmp, without copying them: negative, zero or positive.
    package func compare(_ column: CInt, to other: [UInt8]) -> Int {
        let count = Int(sqlite3_column_bytes(pointer, column))
        let base = sqlite3_column_blob(pointer, column)
        let order = other.withUnsafeBytes { right -> CInt in
            guard let base, let start = right.baseAddress else { return 0 }
            return memcmp(base, start, min(count, right.count))
        }
        return order != 0 ? Int(order) : count - other.count
    }

    private func expect(_ status: CInt) { precondition(status == SQLITE_OK, "sqlite3_bind: \(status)") }
}

/// The catalog could not be read or written. It is a cache: the remedy is always to delete it and continue.
package struct CatalogError: OperationError, Equatable {
    /// SQLite's result code.
    package var code: CInt
    package var operation: String
    package var detail: String

    package var reasonCode: String { "catalog_error" }
    package var place: ErrorPlace { ErrorPlace(operation: operation, text: "catalog: \(operation)") }
}

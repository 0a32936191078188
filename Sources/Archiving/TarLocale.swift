internal import Glibc

/// A process starts in the C locale, where libarchive 3.6 crashes on the first name outside ASCII.
enum TarLocale {
    static let use: Void = {
        guard setlocale(LC_CTYPE, "C.UTF-8") != nil else {
            fatalError("the C.UTF-8 locale is missing")  // checked: it takes no data
        }
    }()
}

import BackupRepository
import Platform

extension Site {
    var fileRoutes: [Route] {
        [Route("/sets/{set}/{component}/files") { [self] routed in try files(routed) }]
    }

    private func files(_ routed: RoutedRequest) throws -> WebResponse {
        let request = routed.request
        try PageText.check(request, allows: ["path", "after", "search", "part"])
        let opened = try listings.component(routed["component"], of: routed["set"])
        let folder = PageText.path(request.parameter("path"))
        if !folder.isEmpty {
            guard folder.last == UInt8(ascii: "/"),
                try !opened.listing.children(of: folder, limit: 1).isEmpty || opened.listing.entry(folder) != nil
            else { throw PageFailure.notFound("the set has no such folder") }
        }
        let search = request.parameter("search").flatMap { $0.isEmpty ? nil : $0 }
        let entries =
            try search.map { try opened.listing.search($0, below: folder, limit: FilesView.most + 1) }
            ?? opened.listing.children(
                of: folder, after: request.parameter("after").map { PageText.path($0) }, limit: FilesView.most + 1)
        let view = FilesView(opened, folder: folder, entries, search: search)
        // A folder that a script unfolds within the page of its parent.
        if request.parameter("part") == "1" { return .html(try FilesView.rowsTemplate.render(view)) }
        return try page(
            "Files of \(opened.manifest.component)", try FilesView.template.render(view), at: request,
            scripts: ["files.js"])
    }
}

/// The content of one folder of a component.
struct FilesView {
    static let most = 500

    struct Row {
        var name: String
        var isFolder: Bool
        var isFile: Bool
        var link: String
        var download: String
        var size: String
        var modified: String
        var mode: String
        var target: String?
    }

    struct Crumb {
        var name: String
        var link: String
    }

    var set: String
    var setLink: String
    var component: String
    var crumbs: [Crumb]
    var title: String
    var path: String
    var isDeep: Bool
    var rows: [Row]
    var isEmpty: Bool
    var more: String?
    var tooMany: String?
    var search: String
    var isSearch: Bool
    var tar: String
    var action: String

    init(_ opened: ListingShelf.Opened, folder: [UInt8], _ entries: [CatalogEntry], search: String?) {
        let (name, component) = (opened.set.name, opened.manifest.component)
        func link(_ page: String, _ path: [UInt8]) -> String { PageText.link(set: name, component, page, path: path) }
        set = name.readable
        setLink = PageText.link(set: name)
        self.component = component
        crumbs = [Crumb(name: component, link: link("files", []))]
        var above: [UInt8] = []
        for part in folder.split(separator: UInt8(ascii: "/")) {
            above += part + [UInt8(ascii: "/")]
            crumbs.append(Crumb(name: PathText.text(of: Array(part)), link: link("files", above)))
        }
        title = crumbs.last?.name ?? component
        path = PathText.text(of: folder)
        isDeep = !folder.isEmpty
        isSearch = search != nil
        self.search = search ?? ""
        rows = entries.prefix(Self.most).map { entry in
            let record = entry.record
            let shown = search == nil ? Array(record.path.dropFirst(folder.count)) : record.path
            return Row(
                name: PathText.text(of: shown), isFolder: record.kind == .directory, isFile: record.kind == .file,
                link: link("files", record.path), download: link("download", record.path),
                size: record.kind == .file ? Units.bytes(record.size) : "",
                modified: Timestamp(seconds: record.modified.seconds).readable,
                mode: String(record.mode, radix: 8), target: record.target.map { PathText.text(of: $0) })
        }
        isEmpty = rows.isEmpty
        if entries.count > Self.most, let last = rows.indices.last {
            if search == nil {
                let after = PageText.encoded(PathText.text(of: entries[last].record.path))
                more = link("files", folder) + (folder.isEmpty ? "?" : "&") + "after=\(after)"
            } else {
                tooMany = "More than \(Self.most) files match; only the first are shown."
            }
        }
        tar = link("download", folder)
        action = link("files", [])
    }

    private static let rows =
        """
        {{#rows}}
        <tr><th scope="row" class="path">{{#isFolder}}<a class="folder" href="{{link}}">{{name}}</a>{{/isFolder}}\
        {{^isFolder}}{{name}}{{/isFolder}}{{#target}} <span class="quiet">→ {{.}}</span>{{/target}}</th>
        <td class="number">{{size}}</td><td class="wide">{{modified}}</td><td class="wide mode">{{mode}}</td>
        <td class="take">{{#isFile}}<a href="{{download}}" download>Download<span class="hidden"> {{name}}</span></a>{{/isFile}}\
        {{#isFolder}}<a href="{{download}}" download>tar<span class="hidden"> of {{name}}</span></a>{{/isFolder}}</td></tr>
        {{/rows}}

        """

    static let rowsTemplate = Template(rows)

    static let template = Template(
        """
        <nav class="crumbs" aria-label="Path"><a href="/sets">Backup sets</a> <a href="{{setLink}}">{{set}}</a> \
        {{#crumbs}}<a href="{{link}}">{{name}}</a> {{/crumbs}}</nav>
        <h1>{{title}}</h1>
        <form class="filter" method="get" action="{{action}}" role="search">
        <label for="search">Search by path</label>
        <input id="search" name="search" type="search" value="{{search}}" autocomplete="off">
        {{#isDeep}}<input type="hidden" name="path" value="{{path}}">{{/isDeep}}
        <button type="submit">Search</button>
        <a class="button" href="{{tar}}" download>Download {{title}} as tar</a>
        </form>
        {{#isEmpty}}<p>{{#isSearch}}No file matches.{{/isSearch}}{{^isSearch}}This folder is empty.{{/isSearch}}</p>{{/isEmpty}}
        {{^isEmpty}}
        <table class="files">
        <caption>{{#isSearch}}Files that match “{{search}}”{{/isSearch}}{{^isSearch}}Content of {{title}}{{/isSearch}}</caption>
        <thead><tr><th scope="col">Name</th><th scope="col" class="number">Size</th><th scope="col" class="wide">Modified (UTC)</th>\
        <th scope="col" class="wide">Mode</th><th scope="col" class="take">Content</th></tr></thead>
        <tbody>
        {{{rowsHTML}}}
        </tbody>
        </table>
        {{/isEmpty}}
        {{#tooMany}}<p class="quiet">{{.}}</p>{{/tooMany}}
        <nav class="pages" aria-label="Pages of the folder">{{#more}}<a rel="next" href="{{.}}">More files →</a>{{/more}}</nav>

        """.replacing("{{{rowsHTML}}}\n", with: rows))
}

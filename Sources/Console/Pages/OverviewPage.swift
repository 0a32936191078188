extension Site {
    var overviewRoutes: [Route] {
        [Route("/") { [self] routed in try page("Overview", "<h1>Overview</h1>", at: routed.request) }]
    }
}

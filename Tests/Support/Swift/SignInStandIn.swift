/// A tool that signs in as Codex does: a page for the browser that comes back, which leads to a second one, with which it
/// ends.
public enum SignInStandIn {
    /// Its program, for `/usr/bin/python3`.
    ///
    /// `login <port>` signs in, if the code is `good`. Without arguments it says what it has: its account, and what came to
    /// its pages, a line each with the names of the fields. With `serve <port>` it is a server as `login` is one.
    public static func script(state: String) -> String {
        """
        #!/usr/bin/python3
        import http.server, pathlib, sys
        kept = pathlib.Path.home() / "\(state)"
        if len(sys.argv) < 2:
            print((kept / "account").read_text() + (kept / "seen").read_text(), end="")
            sys.exit()
        port = int(sys.argv[2])
        class Pages(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                with open(kept / "seen", "a") as seen:
                    seen.write(self.path + " " + ",".join(sorted(name.lower() for name in self.headers)) + "\\n")
                if self.path == "/back?code=good&state=s":
                    (kept / "account").write_text("signed in\\n")
                    self.send_response(302)
                    self.send_header("Location", "http://localhost:%d/done" % port)
                    self.end_headers()
                elif self.path == "/done":
                    self.send_response(200)
                    self.end_headers()
                    self.wfile.write(b"<script>alert(1)</script>")
                    self.server.over = True
                else:
                    self.send_response(400)
                    self.end_headers()
            def log_message(self, *words): pass
        server = http.server.HTTPServer(("127.0.0.1", port), Pages)
        server.over = False
        print("ready", flush=True)
        while not server.over: server.handle_request()
        print("welcome", flush=True)

        """
    }
}

import Foundation
import TestSupport
import Testing

extension VMTests {
    /// A stand-in for a tool, with the way of Codex to sign in; the test is the browser.
    @Suite struct `Signing in to a tool` {
        let vm: TestVM

        init() throws { vm = try VirtualMachines.current.shared }

        @Test func `by a browser on this computer, once, for sessions to come`() throws {
            let place = "/usr/local/libexec/dvm/tools/codex"
            // `codex login` has no port to be told.
            let script = SignInStandIn.script(state: ".codex").replacing("int(sys.argv[2])", with: "1455")
                .replacing("/back?", with: "/auth/callback?").replacing(
                    "len(sys.argv) < 2",
                    with: "sys.argv[1] != 'login'"
                )
            func move(_ from: String, _ to: String) -> String { "test ! -e \(from) || mv \(from) \(to)" }
            let back = "rm -rf \(place) /var/lib/dvm-agent/codex/.codex/{account,seen}; \(move("\(place).away", place))"
            try vm.altered("\(move(place, "\(place).away")); mkdir -p \(place)/bin", back: back) {
                try vm.place(Array(script.utf8), at: "\(place)/bin/codex", mode: "0755")
                let browser = "http://localhost:1455/auth/callback?code=good&state=s"
                #expect(try vm.host("/usr/bin/curl", "-s", browser).status == 7)

                let login = try vm.start(["ai", "login", "codex", vm.name])
                defer { login.signal(SIGTERM) }
                var page = try vm.host("/usr/bin/curl", "-s", "-m", "60", browser)
                for _ in 0..<300 where page.status == 7 {
                    Thread.sleep(forTimeInterval: 0.2)
                    page = try vm.host("/usr/bin/curl", "-s", "-m", "60", browser)
                }
                // It may have come before the tool was there, which is a matter of people with codes in their hands.
                for _ in 0..<6 where page.text.contains("Not taken") {
                    Thread.sleep(forTimeInterval: 5)
                    page = try vm.host("/usr/bin/curl", "-s", "-m", "60", browser)
                }
                #expect(page.text.contains("<h1>Handed on</h1>"), "\(page.text)")
                let outcome = try login.finish()
                #expect(outcome.status == 0 && outcome.text == "ready\nwelcome\n", "\(outcome.complaint)")
                #expect(try vm.host("/usr/bin/curl", "-s", browser).status == 7)

                let later = try vm.dvm("ai", "codex", vm.name)
                #expect(later.lines.first == "signed in", "\(later.text) \(later.complaint)")
            }
        }
    }
}

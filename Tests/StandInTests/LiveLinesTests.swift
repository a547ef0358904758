import Foundation
import TestSupport
import Testing

@Suite struct `The lines of several VMs on a terminal` {
    @Test func `are drawn again and again, stay when they are done, and obey nothing that a VM prints`() throws {
        let stage = try SyncStage("use loud\n")
        try stage.recipe(
            "loud",
            #"printf '\033[2J\033]0;evil\007first\r\n'; sleep 1.5; printf '\033[9A\033c\233second\n'; sleep 1.5"#
        )
        try stage.recipe("bad", "echo why; exit 3")
        try stage.fixture.write("config/vms/web.sh", "use loud\n")
        try stage.fixture.write("config/vms/sad.sh", "use bad\n")
        let outcome = try stage.run(
            #"""
            export TERM=xterm
            script -qec 'stty rows 24 cols 80; "$DVM" sync --all; echo "status $?"' typescript >/dev/null </dev/null
            """#
        )
        #expect(outcome.status == 0, "\(outcome)")
        let typed = try #require(stage.fixture.read("typescript"))
        var screen = Screen(columns: 80, rows: 24)
        screen.write(typed.replacing("\r\n", with: "\n"))
        #expect(screen.strange == [])

        // While they worked, each had lines of its own.
        for text in ["first", "second"] { #expect(typed.contains(text), "\(typed)") }
        #expect(typed.contains(/\u{1B}\[\d+A/))
        let text = screen.text
        for vm in ["app", "web"] {
            #expect(text.count { $0.hasPrefix("\(vm) | ✓ ready") && $0.hasSuffix(": ran loud") } == 1, "\(text)")
        }
        #expect(text.contains { $0.hasPrefix("sad | ✗ ") }, "\(text)")
        #expect(text.contains("dvm: error: 1 of 3 VMs failed: sad") && text.contains("status 1"), "\(text)")
        // Nothing that was drawn to be replaced is left, and the cursor is there again.
        #expect(!text.contains { $0.contains("second") }, "\(text)")
        let hidden = try #require(typed.ranges(of: "\u{1B}[?25l").last)
        let shown = try #require(typed.ranges(of: "\u{1B}[?25h").last)
        #expect(hidden.lowerBound < shown.lowerBound)
    }
}

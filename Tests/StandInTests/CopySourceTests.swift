import TestSupport
import Testing

@Suite struct `A source of cp on this computer` {
    @Test(
        arguments: [
            ("typo.txt app:", "there is no typo.txt\n"), ("file no/such app:", "there is no no/such\n"),
            ("config app:", "config is a directory\nhint: -r copies directories\n"),
            ("-r link app:", "link is a link\n"),
            ("-r pipe app:", "pipe is neither a file nor a directory\n"),
        ]
    )
    func `is looked at before a VM is started for it`(words: String, text: String) throws {
        let stage = try SyncStage()
        try stage.fixture.write("list.json", ListedVM.line())
        let outcome = try stage.run("echo x >file; ln -s file link; mkfifo pipe; \"$DVM\" cp \(words)")
        #expect(outcome.status == 1)
        #expect(outcome.errors.hasPrefix("dvm: error: \(text)"), "\(outcome.errors)")
        #expect(stage.fixture.read("calls") == nil)
    }
}

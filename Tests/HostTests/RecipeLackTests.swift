import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `What a recipe cannot do without` {
    private static let pinned = """
        # dvm: vars: DVM_GIT_X_VERSION DVM_GIT_X_SHA256

        dvm_pin git-x 1.0 github:some/x@vVERSION
        dvm_pin_file x86_64 0000000000000000000000000000000000000000000000000000000000000000 x-VERSION-x64.tar.gz
        dvm_pin_file aarch64 - x-VERSION-arm.tar.gz
        """
    private static let digest = String(repeating: "aB", count: 32)
    private static let hint = "set it in the configuration to what sha256sum prints of "

    private func lack(
        _ text: String,
        _ variables: [String: String] = [:],
        on architecture: Settings.Architecture = .x86_64
    ) throws -> Refusal? {
        try Recipe.fixture("x", text).lack(of: variables, on: architecture)
    }

    @Test func `is nothing where its header says so, or says nothing`() throws {
        #expect(try lack("true\n") == nil)
        #expect(try lack("# dvm: vars: DVM_A DVM_B?\n") == nil)
        #expect(try lack(Self.pinned) == nil)
    }

    @Test func `is a variable that has to be set`() throws {
        let text = "# dvm: vars: DVM_A! DVM_B!\n"
        #expect(try lack(text, ["DVM_B": "b"])?.message == "the recipe x needs DVM_A, which is not set")
        #expect(try lack(text, ["DVM_A": "a"])?.message == "the recipe x needs DVM_B, which is not set")
        #expect(try lack(text, ["DVM_A": "a", "DVM_B": "b"]) == nil)
    }

    @Test func `is the digest of a version of one's own, with where that version is`() throws {
        #expect(
            try lack(Self.pinned, ["DVM_GIT_X_VERSION": "2.0"])
                == Refusal(
                    "the recipe x needs DVM_GIT_X_SHA256: no SHA-256 is known of git-x 2.0",
                    hint: Self.hint + "https://github.com/some/x/releases/download/v2.0/x-2.0-x64.tar.gz"
                )
        )
        #expect(try lack(Self.pinned, ["DVM_GIT_X_VERSION": "2.0", "DVM_GIT_X_SHA256": Self.digest]) == nil)
    }

    @Test(arguments: ["", "x", String(repeating: "0", count: 63), String(repeating: "g", count: 64)])
    func `is a digest that is one`(digest: String) throws {
        #expect(
            try lack(Self.pinned, ["DVM_GIT_X_SHA256": digest])
                == Refusal(
                    "DVM_GIT_X_SHA256 says “\(digest)”, which is no SHA-256",
                    hint: "write the 64 hexadecimal digits that sha256sum prints"
                )
        )
    }

    @Test(
        arguments: [
            ("npm:corepack", "any", "c-VERSION.tgz", "https://registry.npmjs.org/corepack/-/c-1.0.tgz"),
            ("pypi:some-x", "aarch64", "x-VERSION.whl", "x-1.0.whl of https://pypi.org/project/some-x/1.0/"),
            ("github:a/b@VERSION", "aarch64", "x", "https://github.com/a/b/releases/download/1.0/x"),
            ("github:a/b@VERSION", "x86_64", "x", "its file for aarch64"),
        ]
    )
    func `is said with the place of the file for the VM's processor`(
        source: String,
        architecture: String,
        file: String,
        place: String
    ) throws {
        let text =
            "# dvm: vars: DVM_X_SHA256!\nif true; then\n    dvm_pin x 1.0 \(source)\n    dvm_pin_file \(architecture) - \(file)\nfi\n"
        #expect(
            try lack(text, on: .aarch64)?.hint == Self.hint + place + "; DVM_X_VERSION chooses another version"
        )
    }

    @Test func `is shown without what a terminal would act on`() throws {
        let text =
            "# dvm: vars: DVM_X_SHA256! DVM_X_VERSION\ndvm_pin x 1.0 github:a/b@VERSION\ndvm_pin_file any - \u{1B}[2J\n"
        let refusal = try #require(try lack(text, ["DVM_X_VERSION": "\u{1B}[3J"]))
        #expect(!refusal.message.contains("\u{1B}"))
        #expect(refusal.hint?.contains("\u{1B}") == false)
        let wrong = try #require(try lack(text, ["DVM_X_SHA256": "\u{1B}"]))
        #expect(!wrong.message.contains("\u{1B}"))
    }

    @Test func `depends on the VM's distribution where its header says so`() throws {
        let text = Self.pinned.replacing(
            "DVM_GIT_X_SHA256",
            with: "DVM_GIT_X_SHA256? DVM_GIT_X_MODE?",
            maxReplacements: 1
        )
        let recipe = try Recipe.fixture("x", text)
        #expect(recipe.lack(of: [:], on: .x86_64) == nil)
        #expect(
            recipe.doubts([:]) == [
                "needs DVM_GIT_X_SHA256 where the VM's distribution has no package of it: no SHA-256 is known of git-x 1.0",
                "may need DVM_GIT_X_MODE, which is not set",
            ]
        )
        #expect(recipe.doubts(["DVM_GIT_X_SHA256": Self.digest, "DVM_GIT_X_MODE": "1"]) == [])
    }

    @Test func `depends on the VM's C library where its pin says so`() throws {
        let text = """
            # dvm: vars: DVM_X_SHA256?
            dvm_pin x 1.0 github:a/b@VERSION
            dvm_pin_file x86_64 \(Self.digest) x-gnu.zip 2.39
            dvm_pin_file x86_64 - x-musl.zip
            """
        let recipe = try Recipe.fixture("x", text)
        #expect(recipe.lack(of: [:], on: .x86_64) == nil)
        #expect(
            recipe.doubts([:]) == [
                "needs DVM_X_SHA256 where the VM's C library is older than glibc 2.39: no SHA-256 is known of x 1.0"
            ]
        )
        // Where every file is known, nobody has to be asked for one.
        let known = try Recipe.fixture("x", text.replacing(" - x-musl", with: " \(Self.digest) x-musl"))
        #expect(known.pins.map(\.glibc) == [nil])
    }
}

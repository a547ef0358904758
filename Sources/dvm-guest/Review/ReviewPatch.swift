internal import DVMProtocol

/// The changes that were found in a repository, as a patch of git's on standard output.
enum ReviewPatch {
    /// Writes it; what was found counts, not what the files hold by now.
    ///
    /// - Throws: a `Refusal` when it is not there any more, or git fails.
    static func write(_ number: Int, of id: ReviewID, _ state: ReviewState) throws(Refusal) {
        guard let repository = state.repository(number, of: id), let now = repository.tree else {
            throw Refusal("there is no patch of that repository", hint: "run `dvm review` again")
        }
        let path = state.path(number, of: id)
        let snapshot = Snapshot(at: path)
        let before: String
        switch repository.base {
        case .remote(let tree), .review(_, _, let tree): before = tree
        case .nothing: before = Snapshot.nothing(isSHA256: now.utf8.count == 64)
        }
        var failure: Refusal?
        let call = LoneGit.Call(
            words: words(from: before, to: now),
            repository: path,
            directory: {
                (try? FileDescriptor.open(path, .readOnly, options: [.directory, .closeOnExec])).map {
                    OwnedDescriptor($0)
                }
            },
            hasWorkTree: false,
            variables: snapshot.variables(repository.base, in: state)
        ) { bytes in
            guard failure == nil else { return }
            do {
                try FileDescriptor.standardOutput.writeAll(bytes)
            } catch {
                failure = Refusal("the patch cannot be written: \(error)")
            }
        }
        let ending = try LoneGit.run(
            [call],
            width: 1,
            limit: ProjectReview.patience,
            deadline: ContinuousClock.now + ProjectReview.patience
        )
        if let failure { throw failure }
        guard ending == [.exited(.exited(0))] else {
            throw Refusal(
                "git could not make a patch of what was found",
                hint: "`dvm review` looks again; what the repository was compared with may be gone from it"
            )
        }
    }

    /// Whole: no difference is left out as too large or of no interest, and no name has two meanings.
    static func words(from old: String, to new: String) -> [String] {
        [
            "diff-tree", "-r", "-p", "--binary", "--full-index", "--no-renames", "--no-ext-diff", "--no-textconv",
            "--no-color", "--ignore-submodules=none", "--src-prefix=a/", "--dst-prefix=b/", old, new,
        ]
    }
}

internal import DVMProtocol

/// Where a copy goes to.
package enum Destination {
    /// A place that a person named, in these words; nothing when not even the directory it is in is there.
    case place(Place?, several: Bool, mustBeDirectory: Bool, shown: String)
    /// A stream, for the contents of one file.
    case stream(OpenFile)
}

/// Where the entries at the top of a copy go, as `cp` has it.
enum Landing {
    /// Into a directory, under their own names.
    case into(OpenFile)
    /// The only one becomes this.
    case named(Place)
    /// Nowhere yet: nothing is changed, and nothing is there.
    case nowhere

    /// Finds out, and makes the directory that was asked for.
    ///
    /// - Throws: a `Refusal` that says what is in the way.
    init(_ place: Place?, several: Bool, mustBeDirectory: Bool, shown: String, dryRun: Bool) throws(Refusal) {
        guard let place else {
            self = .nowhere
            return
        }
        do {
            switch try place.facts()?.kind {
            case .directory?: self = .into(try place.open())
            case nil where several && !mustBeDirectory:
                throw Refusal(
                    "there is no directory \(shown) for several sources",
                    hint: "with a / at its end it is made"
                )
            case nil where mustBeDirectory:
                if dryRun {
                    self = .nowhere
                    return
                }
                try place.directory.makeDirectory(place.name)
                self = .into(try place.open())
            case nil: self = .named(place)
            case .link?:
                throw Refusal(
                    "\(shown) is a link",
                    hint: "name what it leads to: nothing is written through a link that somebody may have put there"
                )
            case .file? where !several && !mustBeDirectory: self = .named(place)
            case .file?, .other?: throw Refusal("\(shown) is not a directory, and not a file to be replaced")
            }
        } catch let refusal as Refusal {
            throw refusal
        } catch {
            throw Refusal("cannot write to \(shown): \(error)")
        }
    }
}

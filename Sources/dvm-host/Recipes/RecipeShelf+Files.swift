internal import DVMProtocol

extension RecipeShelf {
    /// What the file of a recipe ends with; before it is the recipe's name.
    static let suffix = ".sh"

    /// Reads the recipes of a person, which run as the VM's root, and those that came with dvm, trusted as dvm itself is.
    ///
    /// - Throws: a `Refusal` when somebody else could put a recipe among the person's.
    static func read(own: TrustedFiles, bundled: FilePath?) throws(Refusal) -> Self {
        var shelf = Self(prelude: prelude(in: bundled))
        if try own.checkDirectory("recipes") {
            for entry in Files.names(in: own.root.appending("recipes")) where entry.hasSuffix(suffix) {
                do throws(Refusal) {
                    let name = try RecipeName(entry.dropLast(suffix.count))
                    shelf.put(readOwn(name, entry, own), as: name)
                } catch {
                    let path = own.root.appending("recipes").appending(entry)
                    shelf.put(stray: Refusal("\(path.shown): \(error.message)", hint: error.hint))
                }
            }
        }
        guard let bundled else { return shelf }
        for entry in Files.names(in: bundled) where entry.hasSuffix(suffix) {
            guard let name = try? RecipeName(entry.dropLast(suffix.count)), !shelf.holds(name) else { continue }
            shelf.put(readBundled(name, bundled.appending(entry)), as: name)
        }
        return shelf
    }

    private static func readOwn(_ name: RecipeName, _ entry: String, _ own: TrustedFiles) -> Result<Recipe, Refusal> {
        do throws(Refusal) {
            guard let file = try own.read("recipes", entry) else {
                throw Refusal("the recipe \(name) is gone", hint: "run dvm again")
            }
            return .success(try Recipe(name, file.bytes, from: .own(file.path)))
        } catch {
            return .failure(error)
        }
    }

    private static func readBundled(_ name: RecipeName, _ path: FilePath) -> Result<Recipe, Refusal> {
        do throws(Refusal) {
            return .success(try Recipe(name, bytes(of: path), from: .bundled(path)))
        } catch {
            return .failure(error)
        }
    }

    private static let remedy = "install dvm again with `make install`, which brings its recipes"

    private static func prelude(in bundled: FilePath?) -> Result<String, Refusal> {
        guard let bundled else {
            return .failure(Refusal("dvm was installed without its recipes", hint: remedy))
        }
        do throws(Refusal) {
            return .success(String(decoding: try bytes(of: bundled.appending("lib/prelude.sh")), as: UTF8.self))
        } catch {
            return .failure(error)
        }
    }

    private static func bytes(of path: FilePath) throws(Refusal) -> [UInt8] {
        do throws(Refusal) {
            return try Files.bytes(of: path, limit: TrustedFiles.largest)
        } catch {
            throw Refusal(error.message, hint: remedy)
        }
    }

    /// Where the recipes are that came with a program: beside an installed one in `<prefix>/share/dvm/recipes`, and
    /// in `recipes` of the source it was built in.
    static func bundledDirectory(of executable: FilePath) -> FilePath? {
        let prefix = executable.removingLastComponent().removingLastComponent()
        var places = [prefix.appending("share/dvm/recipes")]
        if let build = executable.components.firstIndex(where: { $0.string == ".build" }) {
            places.append(
                FilePath(root: executable.root, executable.components[..<build]).appending("recipes")
            )
        }
        return places.first { Files.exists($0) }
    }
}

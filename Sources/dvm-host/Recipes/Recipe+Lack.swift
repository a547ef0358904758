internal import DVMProtocol

extension Recipe {
    /// Says which variable it cannot do without is not set, or is none; nothing where all it takes is there.
    ///
    /// In the VM the recipe would say the same, after Lima has made it and other recipes have run.
    func lack(of variables: [String: String], on architecture: Settings.Architecture) -> Refusal? {
        // Most take none.
        guard !header.variables.isEmpty else { return nil }
        let pins = pins
        for name in header.requiredVariables where variables[name] == nil {
            guard let pin = pins.first(where: { $0.digestVariable == name }) else {
                return Refusal(
                    "the recipe \(self.name) needs \(name), which is not set",
                    hint: "set it in the configuration; `dvm recipes \(self.name)` shows what the recipe is about"
                )
            }
            return missingDigest(of: pin, variables, on: architecture)
        }
        for pin in pins {
            if let digest = variables[pin.digestVariable] {
                guard !RecipePin.isDigest(digest) else { continue }
                return Refusal(
                    "\(pin.digestVariable) says “\(digest.printable)”, which is no SHA-256",
                    hint: "write the 64 hexadecimal digits that sha256sum prints"
                )
            }
            // What stands in the recipe is the digest of its own version.
            if variables[pin.versionVariable] != nil { return missingDigest(of: pin, variables, on: architecture) }
        }
        return nil
    }

    private func missingDigest(
        of pin: RecipePin,
        _ variables: [String: String],
        on architecture: Settings.Architecture
    ) -> Refusal {
        let version = variables[pin.versionVariable]
        let place = pin.place(on: architecture, version: version) ?? "its file for \(architecture.rawValue)"
        let other = version == nil ? "; \(pin.versionVariable) chooses another version" : ""
        return Refusal(
            "the recipe \(name) needs \(pin.digestVariable): no SHA-256 is known of "
                + "\(pin.name) \(version ?? pin.version)".printable,
            hint: "set it in the configuration to what sha256sum prints of \(place.printable)\(other)"
        )
    }

    /// What it may ask for in the VM, which depends on what the VM's distribution has, a line each.
    func doubts(_ variables: [String: String]) -> [String] {
        header.sometimesRequired.filter { variables[$0] == nil }.map { name in
            guard let pin = pins.first(where: { $0.digestVariable == name }) else {
                return "may need \(name), which is not set"
            }
            let place =
                pin.glibc.map { "VM's C library is older than glibc \($0)" }
                ?? "VM's distribution has no package of it"
            return "needs \(name) where the \(place): no SHA-256 is known of \(pin.name) \(pin.version)".printable
        }
    }

    /// The releases it pins.
    var pins: [RecipePin] { RecipePin.all(in: text) }
}

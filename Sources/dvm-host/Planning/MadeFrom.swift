internal import DVMProtocol

/// What a VM was made from, which nothing can change but making it anew.
struct MadeFrom: Hashable, Sendable, Codable {
    var template: String

    init(_ settings: Settings) { template = settings.template.base }

    /// What the configuration says now that an existing VM cannot have any more, with what to do about it.
    ///
    /// What a VM was made from is not remembered of those that an older dvm made.
    static func differences(
        of instance: LimaInstance,
        _ made: MadeFrom?,
        from settings: Settings,
        of vm: MachineName
    ) -> [String] {
        var found: [String] = []
        func compare(_ variable: Variable, _ old: String?, _ new: String?) {
            guard let old, !old.isEmpty, let new, old != new else { return }
            found.append(
                "\(vm) was made with \(variable.name)=\(old.printable); \(new.printable) "
                    + "(\(settings.origin(of: variable).text.printable)) counts only for a new VM: save what is in it, "
                    + "then `dvm rm \(vm) --yes` and `dvm sync \(vm)`"
            )
        }
        compare(.template, made?.template, settings.template.base)
        compare(.vmType, instance.vmType, settings.vmType?.rawValue)
        compare(.architecture, instance.architecture, settings.architecture?.rawValue)
        return found
    }
}

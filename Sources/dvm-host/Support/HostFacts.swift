internal import DVMProtocol

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// What this computer is like, as far as VMs follow it; what is not known is absent.
struct HostFacts: Hashable, Sendable {
    /// Logical processors.
    var processors: Int?
    /// Bytes of memory.
    var memory: Int?
    /// The name of the time zone in the tz database.
    var timeZone: String?
    /// The language that programs speak.
    var locale: String?

    /// Nothing is known.
    init() {}

    /// This computer, as somebody with these variables uses it.
    init(_ environment: HostEnvironment) {
        let process = ProcessInfo.processInfo
        processors = process.processorCount > 0 ? process.processorCount : nil
        memory = Int(exactly: process.physicalMemory)
        timeZone = Self.timeZone(link: (try? Files.target(ofLink: "/etc/localtime"))?.string ?? "")
        locale = Self.locale(environment["LANG"] ?? "")
    }

    /// The CPUs a VM gets that does not say: all but one or two, at least two where there are two.
    var automaticProcessors: Int {
        guard let processors else { return 2 }
        return min(processors, max(2, processors - (processors <= 4 ? 1 : 2)))
    }

    /// The name of a time zone in where `/etc/localtime` leads to, on Linux and macOS alike.
    static func timeZone(link: String) -> String? {
        guard let start = link.firstRange(of: "/zoneinfo/")?.upperBound else { return nil }
        let name = String(link[start...])
        return (try? SystemOptions.checkTimeZone(name)) == nil ? nil : name
    }

    /// The locale that `LANG` names, if it says anything a VM would not have by itself.
    static func locale(_ name: String) -> String? {
        let language = name.prefix { $0 != "." && $0 != "@" }
        let parts = language.split(separator: "_", omittingEmptySubsequences: false)
        let isLanguage = parts.count == 2 && (2...3).contains(parts[0].count) && parts[0].allSatisfy(\.isLowercase)
        let isPlace = parts.count == 2 && parts[1].count == 2 && parts[1].allSatisfy(\.isUppercase)
        guard isLanguage, isPlace, (try? SystemOptions.checkLocale(name)) != nil else { return nil }
        return name
    }
}

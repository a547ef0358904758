// errno as a type, everywhere in this module: the system's own on a Mac, the package elsewhere.
#if canImport(System)
@_exported public import System
#else
@_exported public import SystemPackage
#endif

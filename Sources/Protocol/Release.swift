/// The release both programs belong to.
public enum Release {
    /// Semantic version; the CHANGELOG says what is in it.
    public static let version = "0.1.0"
}

import Foundation

extension FileManager {
    /// Foundation on Linux has no app groups: here the one group `group.stub` has a folder.
    public func containerURL(forSecurityApplicationGroupIdentifier groupIdentifier: String) -> URL? {
        groupIdentifier == "group.stub" ? temporaryDirectory.appendingPathComponent("group.stub") : nil
    }
}

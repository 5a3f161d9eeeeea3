import Foundation

/// Lets others work until `condition` holds; what never comes ends the test.
func until(_ condition: @MainActor () async throws -> Bool) async throws {
    for _ in 0..<5_000 {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(1))
    }
    throw NeverCame()
}

struct NeverCame: Error {}

import Foundation
import Pforte

/// All ports of one app on this device. Everything has a default; a test, or an app with an idea of its own, replaces one.
public struct AppleHost: Sendable {
    /// A key that needs a fresh finger or face for each use.
    public var gateKey: any GateKey
    /// Signing keys without a prompt.
    public var deviceKey: any DeviceKey
    /// The small secrets.
    public var secretStore: any SecretStore
    /// The browser that shows the provider's pages.
    public var userAgent: any UserAgent
    /// The screens that ask.
    public var presenter: any Presenter
    /// Time to finish work after the app left the front.
    public var backgroundTime: any BackgroundTime
    /// Nothing for the library's own, which counts sleep and names the boot.
    public var clock: (any Clock)?
    /// The folder of the sealed files; nothing for one in Application Support.
    public var folder: URL?

    /// - Parameters:
    ///   - accessGroup: a keychain access group that the app shares with its extensions, such as
    ///     `TEAMID.com.example.portal.shared`. Secrets and signing keys go there; the gate's key never does, because an
    ///     extension can't prompt. Nothing for the app alone.
    ///   - appGroup: the app group whose container holds the sealed files, where extensions read them, too.
    ///   - presenter: the screens that ask; the ready-made ones where nothing is given.
    ///   - allowsDevicePasscode: whether the device's passcode may be made a way to open the session.
    ///   - sharesBrowserSession: whether the provider's page may know the person from Safari. It costs a question of the
    ///     system's own at each sign-in.
    public init(
        accessGroup: String? = nil,
        appGroup: String? = nil,
        presenter: (any Presenter)? = nil,
        allowsDevicePasscode: Bool = false,
        sharesBrowserSession: Bool = true
    ) {
        gateKey = AppleGateKey(allowsDevicePasscode: allowsDevicePasscode)
        deviceKey = AppleDeviceKey(accessGroup: accessGroup)
        secretStore = AppleSecretStore(accessGroup: accessGroup)
        userAgent = WebSignIn(sharesBrowserSession: sharesBrowserSession)
        self.presenter = presenter ?? ApplePresenter()
        backgroundTime = AppleBackgroundTime()
        self.appGroup = appGroup
    }

    /// As `Pforte.open` takes them.
    public var ports: Ports {
        Ports(
            gateKey: gateKey,
            deviceKey: deviceKey,
            secretStore: secretStore,
            userAgent: userAgent,
            presenter: presenter,
            backgroundTime: backgroundTime,
            clock: clock
        )
    }

    private let appGroup: String?

    /// The folder of the sealed files, made where it is missing: readable from the first unlock since start on, and in no
    /// backup. What is sealed for this device is of no use on another.
    func preparedFolder() throws -> URL {
        var folder = try folder ?? standardFolder()
        let files = FileManager.default
        // What is made in the folder takes its protection over.
        let protection: [FileAttributeKey: Any] = [
            .protectionKey: FileProtectionType.completeUntilFirstUserAuthentication
        ]
        do {
            try files.createDirectory(at: folder, withIntermediateDirectories: true, attributes: protection)
            #if !os(macOS)
                try files.setAttributes(protection, ofItemAtPath: folder.path)
            #endif
            var values = URLResourceValues()
            values.isExcludedFromBackup = true
            try folder.setResourceValues(values)
        } catch {
            throw PforteError.unavailable(hint: "The folder \(folder.lastPathComponent) can't be made or protected.")
        }
        return folder
    }

    private func standardFolder() throws -> URL {
        let files = FileManager.default
        guard let appGroup else {
            let support = files.urls(for: .applicationSupportDirectory, in: .userDomainMask)
            guard let support = support.first else {
                throw PforteError.unavailable(hint: "This device has no folder for the app's own files.")
            }
            // On a Mac without a sandbox every app shares it.
            let owner = Bundle.main.bundleIdentifier.map { support.appendingPathComponent($0) } ?? support
            return owner.appendingPathComponent("Pforte")
        }
        guard let container = files.containerURL(forSecurityApplicationGroupIdentifier: appGroup) else {
            throw PforteError.fixConfiguration(
                hint: "The app has no container for the app group \(appGroup): add it to the entitlement "
                    + "com.apple.security.application-groups of the app and its extensions.")
        }
        return container.appendingPathComponent("Pforte")
    }
}

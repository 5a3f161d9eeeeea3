package com.pforte

/*
 * The generated types an app meets, under this package's name.
 *
 * Who writes a port imports `com.pforte.ffi.*` besides: the asks and answers, and each port's exceptions, lie there.
 */

/** Every port of one app, handed over once. */
typealias Ports = com.pforte.ffi.Ports

/** A hardware key that needs a fresh finger or face for each use. */
typealias GateKey = com.pforte.ffi.GateKey

/** P-256 signing keys without a prompt. */
typealias DeviceKey = com.pforte.ffi.DeviceKey

/** The small device-bound secret store. */
typealias SecretStore = com.pforte.ffi.SecretStore

/** The browser that shows the provider's pages. */
typealias UserAgent = com.pforte.ffi.UserAgent

/** The platform's passkeys. */
typealias PasskeyProvider = com.pforte.ffi.PasskeyProvider

/** The screens that ask. */
typealias Presenter = com.pforte.ffi.Presenter

/** Time to finish work after the app left the front. */
typealias BackgroundTime = com.pforte.ffi.BackgroundTime

/** Wall clock and elapsed time. */
typealias Clock = com.pforte.ffi.Clock

/** The text of a policy folder. */
typealias PolicyFolder = com.pforte.ffi.PolicyFolder

/** What a server's step-up challenge asks for. */
typealias Challenge = com.pforte.ffi.Challenge

/** One question to the person, complete with its texts. */
typealias Ask = com.pforte.ffi.Ask

/** What the person did with an ask. */
typealias Answer = com.pforte.ffi.Answer

/** How an answer was given: the evidence beside a consent. */
typealias Act = com.pforte.ffi.Act

/** What one purpose is, and where it stands. */
typealias PurposeView = com.pforte.ffi.PurposeView

/** The states of a purpose. */
typealias ConsentStatus = com.pforte.ffi.ConsentStatus

/** One detail about the person. */
typealias ProfileField = com.pforte.ffi.ProfileField

/** Why a session is [Status.Unavailable]. */
typealias UnavailableCause = com.pforte.ffi.UnavailableCause

/** What signing out achieved. */
typealias SignOutReport = com.pforte.ffi.SignOutReport

/** What a security screen shows. */
typealias SecurityView = com.pforte.ffi.SecurityView

/** How a session is kept on a device. */
typealias Kept = com.pforte.ffi.Kept

/** What the person types on another device. */
typealias OtherDevice = com.pforte.ffi.OtherDevice

/** One step of a person's way through a touchpoint. */
typealias TouchpointEvent = com.pforte.ffi.TouchpointEvent

/** What became of a step. */
typealias Outcome = com.pforte.ffi.Outcome

/** A request the app wants to make to one of its listed API origins. */
typealias HttpRequest = com.pforte.ffi.HttpRequest

/** The server's response. */
typealias HttpResponse = com.pforte.ffi.HttpResponse

/** One header field. */
typealias Header = com.pforte.ffi.Header

/** The response's body as text. */
val HttpResponse.text: String get() = body.decodeToString()

package com.pforte

import com.pforte.ffi.PforteCoreInterface

/** Who knows me: what was agreed to, seen and changed at any time, offline too. */
class Consent internal constructor(
    private val core: PforteCoreInterface,
) {
    /** Every purpose of the policy with its state: what, for whom, since when, how to revoke. */
    suspend fun purposes(): List<PurposeView> = translated { core.consentPurposes() }

    /** Takes a consent back, or objects where the basis is legitimate interest. */
    suspend fun withdraw(
        purpose: String,
        act: Act = Act(surface = "settings", control = "withdraw", genuine = true),
    ) = translated { core.consentWithdraw(purpose, act) }

    /**
     * Agrees, from a settings screen that shows the purpose's text as [purposes] returns it.
     *
     * [act] is the evidence and has no default: it says what the person really operated.
     */
    suspend fun grant(
        purpose: String,
        act: Act,
    ) = translated { core.consentGrant(purpose, act) }

    /** Every entry of the ledger, oldest first, as JSON for display. */
    suspend fun history(): String = translated { core.consentHistory() }

    /**
     * The ledger in use, in the form asked for; `{}` while there is none. It says up to which entry the account service
     * has confirmed it: only so far can somebody else vouch that nothing was left out.
     */
    suspend fun export(format: ExportFormat = ExportFormat.JSON_LD): String = translated { core.consentExport(format) }

    /**
     * Takes an exported ledger (JSON-LD) in again, and returns how many of its records were new. What another device
     * refused counts at once; what it granted counts where the account service has certified it.
     */
    suspend fun import(document: String): ULong = translated { core.consentImport(document) }

    /**
     * Erases the ledger in use (GDPR, Art. 17): nothing is granted any more, the evidence is destroyed at once, and the
     * report says what remains and why. A later choice begins a new ledger under a new pseudonym. Works offline.
     */
    suspend fun erase(): ErasureReport = translated { core.consentErase() }

    /**
     * Brings the known person's ledger and the account service's to the same state. It needs an open session and the
     * configuration's `consentService`. Broken off, it is simply called again: what arrived is kept.
     */
    suspend fun sync(): SyncReport = translated { core.consentSync() }
}

/** The forms in which the ledger leaves the device. */
typealias ExportFormat = com.pforte.ffi.ExportFormat

/** What an erasure did, and what remains of it. */
typealias ErasureReport = com.pforte.ffi.ErasureReport

/** What a sync did. */
typealias SyncReport = com.pforte.ffi.SyncReport

/** The account service's part for consent: its address, and the keys with which it certifies and confirms. */
typealias ConsentService = com.pforte.ffi.ConsentService

/** Who is responsible for the data, for exports. */
typealias Controller = com.pforte.ffi.Controller

/** An event as it leaves the device: its purpose, and its JSON. */
typealias TrackedEvent = com.pforte.ffi.TrackedEvent

/**
 * Where tracked events go. Called on a thread that may block, one event at a time; it must not call back into Pforte.
 * An event whose delivery throws is offered again, as long as its purpose is granted.
 */
fun interface EventSink {
    /** Takes one event. */
    fun deliver(event: TrackedEvent)
}

/** A sink as the core wants it: whatever it throws is a failure that is offered again. */
internal class ForwardingSink(
    private val sink: EventSink,
) : com.pforte.ffi.EventSink {
    override fun deliver(event: TrackedEvent) {
        try {
            sink.deliver(event)
        } catch (error: Exception) {
            throw com.pforte.ffi.EventSinkException.Failed(error.javaClass.simpleName)
        }
    }
}

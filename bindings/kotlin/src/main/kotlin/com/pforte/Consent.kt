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

    /** The ledger as evidence the person can keep (JSON-LD in the shape of ISO/IEC TS 27560). */
    suspend fun export(): String = translated { core.consentExport() }
}

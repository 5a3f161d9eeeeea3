package com.pforte.android.testing

import com.pforte.android.BiometricGate
import com.pforte.ffi.GateException
import com.pforte.ffi.GateKind
import com.pforte.ffi.Prompt
import kotlinx.coroutines.CompletableDeferred
import javax.crypto.Cipher

/** A finger that does what the test says, in the place of the system's prompt; it works on [FakeAndroidKeyStore]'s keys. */
class ScriptedBiometricGate(
    @Volatile var finger: Finger = Finger.RIGHT,
) : BiometricGate {
    /** What happens when the prompt shows. */
    enum class Finger { RIGHT, NOT_RECOGNISED, CANCELS, LOCKED_OUT, NOT_ENROLLED, CLAIMS_BUT_WAS_NOT_THERE, NEVER_COMES }

    /** The prompts that were shown: `KIND title`. */
    val shown: MutableList<String> = java.util.Collections.synchronizedList(mutableListOf())

    @Volatile
    private var waiting: CompletableDeferred<Unit>? = null

    override suspend fun authenticate(
        cipher: Cipher,
        kind: GateKind,
        prompt: Prompt,
    ): Cipher {
        shown += "$kind ${prompt.title}"
        when (finger) {
            Finger.RIGHT -> FakeAndroidKeyStore.authenticate()
            Finger.NOT_RECOGNISED -> throw GateException.NotRecognised()
            Finger.CANCELS -> throw GateException.Cancelled()
            Finger.LOCKED_OUT -> throw GateException.LockedOut()
            Finger.NOT_ENROLLED -> throw GateException.NotEnrolled()
            Finger.CLAIMS_BUT_WAS_NOT_THERE -> Unit
            Finger.NEVER_COMES -> CompletableDeferred<Unit>().also { waiting = it }.await()
        }
        return cipher
    }

    override fun dismiss() {
        waiting?.completeExceptionally(GateException.Cancelled())
    }
}

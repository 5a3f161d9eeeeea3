package com.example.portal

import android.hardware.biometrics.BiometricPrompt
import androidx.compose.ui.test.junit4.v2.createEmptyComposeRule
import com.pforte.DevelopmentProvider
import com.pforte.Status
import com.pforte.UnavailableCause
import com.pforte.android.testing.FakeAndroidKeyStore
import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import org.robolectric.shadows.ShadowBiometricPrompt

/** Fingers that are not the right one, turned phones, and processes that end: what the person sees, and what is kept. */
@RunWith(RobolectricTestRunner::class)
@Config(application = TestPortal::class)
class WhatGoesWrongTest {
    @get:Rule
    val screen = createEmptyComposeRule()

    private fun guest(test: Guest.(DevelopmentProvider) -> Unit) =
        DevelopmentProvider().use { provider ->
            with(Guest(screen, provider)) {
                opensTheApp()
                test(provider)
                closesTheApp()
            }
        }

    private fun Guest.status(): Status = runBlocking { app.pforte.await() }.status.value

    /** Signed in, behind the gate, and locked. */
    private fun Guest.isLockedOutOfTheAccount() {
        signsInToWriteAReview()
        goesBack()
        goesBack()
        taps("Account")
        taps("Lock now")
        sees("Locked")
    }

    private fun promptFails(code: Int): () -> Unit =
        { ShadowBiometricPrompt.authenticateCurrentSessionWithError(code, "as the phone says it") }

    @Test
    fun `a finger that is not recognised may try again`(): Unit =
        guest {
            isLockedOutOfTheAccount()
            var tries = 0
            finger = { if (tries++ == 0) ShadowBiometricPrompt.failCurrentSessionOnce() else rightFinger() }
            taps("Unlock")
            sees("Lock now")
            assertTrue("$tries", tries > 1)
        }

    @Test
    fun `cancelled, locked out and none enrolled leave the account locked, and the next finger opens it`(): Unit =
        guest {
            isLockedOutOfTheAccount()
            val refusals =
                listOf(
                    BiometricPrompt.BIOMETRIC_ERROR_USER_CANCELED to null,
                    BiometricPrompt.BIOMETRIC_ERROR_LOCKOUT to "not possible now",
                    BiometricPrompt.BIOMETRIC_ERROR_NO_BIOMETRICS to "not possible now",
                )
            for ((code, said) in refusals) {
                var prompts = 0
                finger = {
                    promptFails(code)()
                    prompts++
                }
                taps("Unlock")
                until("the prompt's end with $code") { prompts > 0 && !isBusy }
                said?.let { seesPart(it) }
                sees("Locked")
                assertTrue("${status()}", status() is Status.Locked)
            }
            finger = ::rightFinger
            taps("Unlock")
            sees("Lock now")
        }

    @Test
    fun `a new finger on the phone ends the key, and is not shown as signed out`(): Unit =
        guest {
            isLockedOutOfTheAccount()
            FakeAndroidKeyStore.enrol()
            var prompts = 0
            finger = { prompts++ }
            taps("Unlock")
            sees("Please sign in once more")
            assertEquals(UnavailableCause.KEY_LOST, (status() as Status.Unavailable).cause)
            assertEquals("no prompt for a key that is gone", 0, prompts)
            finger = ::rightFinger
            taps("Sign in")
            sees("Sign in with a password")
            taps("Sign in with a password")
            taps("Turn on")
            sees("Hotels")
            assertTrue("${status()}", status() is Status.Unlocked)
        }

    @Test
    fun `a phone that was not unlocked since it started is no sign-out, and opens the account afterwards`(): Unit =
        guest {
            isLockedOutOfTheAccount()
            val saved = losesTheProcess()
            unlocksThePhone(false)
            comesBackTo(saved)
            sees("Please try later")
            assertEquals(UnavailableCause.NOT_NOW, (status() as Status.Unavailable).cause)
            unlocksThePhone(true)
            leavesAndComesBack()
            taps("Unlock")
            sees("Lock now")
        }

    @Test
    fun `a turned phone shows the same question with what was typed`(): Unit =
        guest {
            taps("Look at hotels")
            turnsThePhone()
            sees("Help us improve the portal")
            taps("Refuse")
            taps("Hotel Aurora")
            taps("Write a review")
            taps("Continue")
            taps("Sign in with a password")
            taps("Not now")
            fillsIn("Display name", "Alice")
            turnsThePhone()
            sees("Alice")
            taps("Yes")
            taps("Continue")
            taps("Refuse all")
            fillsIn("Your review", "Quiet rooms.")
            turnsThePhone()
            sees("Quiet rooms.")
            assertEquals("one sign-in", 1, pages.size)
        }

    @Test
    fun `a process that ended in the browser goes on where the person wanted to go`(): Unit =
        guest {
            taps("Look at hotels")
            taps("Agree")
            taps("Hotel Aurora")
            taps("Write a review")
            taps("Continue")
            comesBack = false
            taps("Sign in with a password")
            until("the browser") { pages.isNotEmpty() }
            val saved = losesTheProcess()
            comesBack = true
            isSentBackTo(redirectOf(pages.single()))
            comesBackTo(saved)
            taps("Turn on")
            fillsIn("Display name", "Alice")
            taps("Yes")
            taps("Continue")
            taps("Refuse all")
            sees("Publish")
            assertEquals("one sign-in", 1, pages.size)
        }

    @Test
    fun `a process that ended at a question asks it again, and nothing that was answered`(): Unit =
        guest {
            taps("Look at hotels")
            taps("Agree")
            taps("Hotel Aurora")
            taps("Write a review")
            taps("Continue")
            sees("Sign in with a password")
            val saved = losesTheProcess()
            comesBackTo(saved)
            taps("Write a review")
            sees("Sign in with a password")
            assertTrue(doesNotSee("Your review is public"))
        }
}

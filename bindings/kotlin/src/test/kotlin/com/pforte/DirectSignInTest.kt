package com.pforte

import com.pforte.ffi.DirectAnswer
import com.pforte.ffi.DirectAsk
import com.pforte.ffi.DirectRoute
import com.pforte.ffi.ProviderKind
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.io.TempDir
import java.nio.file.Path

/** Sign-ins without a page, from Kotlin; the provider has fakes of Auth0's and Okta's steps. */
class DirectSignInTest {
    @TempDir
    lateinit var folder: Path

    @Test
    fun `a sent code and a second factor sign in, and a wrong code may be corrected`(): Unit =
        at(ProviderKind.AUTH0) { pforte, provider ->
            pforte.signInDirectly(DirectRoute.EmailCode("alice@example.com")).use { signIn ->
                assertEquals(DirectAsk.Code, signIn.first)
                val wrong = assertThrows<PforteException.Cancelled> { runBlocking { signIn.answer(DirectAnswer.Code("000000")) } }
                assertTrue("code is wrong" in wrong.hint, wrong.hint)
                assertEquals(DirectAsk.Code, signIn.answer(DirectAnswer.Code(provider.oneTimeCode("alice@example.com"))))
                assertEquals(Status.SignedOut, pforte.status.value)
                assertEquals(DirectAsk.SignedIn, signIn.answer(DirectAnswer.Code(provider.oneTimeCode("alice"))))
            }
            assertInstanceOf(Entry.Cleared::class.java, pforte.enter("review.write"))
            assertTrue("/authorize" !in provider.requestLog())
        }

    @Test
    fun `a confirmation on another device is asked for, and a provider of another kind named`(): Unit =
        at(ProviderKind.OKTA) { pforte, _ ->
            pforte.signInDirectly(DirectRoute.Confirmation("alice", ConfirmationChannel.PUSH)).use { signIn ->
                assertEquals(DirectAsk.Confirmation("95", 5u), signIn.first)
                assertEquals(signIn.first, signIn.answer(DirectAnswer.Confirmed))
            }
            assertThrows<PforteException.FixConfiguration> { runBlocking { pforte.signInDirectly(DirectRoute.Passkey) } }
        }

    private fun at(
        kind: ProviderKind,
        work: suspend (Pforte, DevelopmentProvider) -> Unit,
    ) {
        DevelopmentProvider("""{"vendor_steps":true,"second_factor":true}""").use { provider ->
            runBlocking {
                val pforte =
                    Pforte.open(
                        policy = Policy.fromFolder(Surroundings.policy),
                        provider = Provider.development(provider.issuer, "portal-app").copy(kind = kind),
                        redirectUri = "com.example.portal:/callback",
                        ports = MemoryPorts(answer = ::journeyAnswer).ports,
                        folder = folder,
                        apiOrigins = listOf(provider.issuer),
                    )
                pforte.use { work(it, provider) }
            }
        }
    }
}

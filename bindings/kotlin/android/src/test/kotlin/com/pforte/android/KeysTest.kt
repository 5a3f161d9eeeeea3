package com.pforte.android

import android.app.KeyguardManager
import android.content.pm.PackageManager
import android.hardware.biometrics.BiometricManager
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import com.pforte.android.testing.FakeAndroidKeyStore
import com.pforte.android.testing.FakeAndroidKeyStore.StrongBox
import com.pforte.android.testing.ScriptedBiometricGate
import com.pforte.android.testing.ScriptedBiometricGate.Finger
import com.pforte.ffi.GateException
import com.pforte.ffi.GateKind
import com.pforte.ffi.GateReadiness
import com.pforte.ffi.Prompt
import com.pforte.ffi.StoreException
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.shadow.api.Shadow
import org.robolectric.shadows.ShadowBiometricManager
import java.io.File
import java.math.BigInteger
import java.nio.file.Files
import java.nio.file.attribute.PosixFilePermissions
import java.security.AlgorithmParameters
import java.security.KeyFactory
import java.security.Signature
import java.security.spec.ECGenParameterSpec
import java.security.spec.ECParameterSpec
import java.security.spec.ECPoint
import java.security.spec.ECPublicKeySpec

/** The adapters at a FAKE Keystore: which calls, in which order, with which key specs. */
@RunWith(RobolectricTestRunner::class)
class KeysTest {
    private val context get() = RuntimeEnvironment.getApplication()
    private val finger = ScriptedBiometricGate()
    private val gate get() = AndroidGateKey(context, finger)
    private val prompt = Prompt("Unlock", "Your session", "Cancel")
    private val secret get() = ByteArray(32) { it.toByte() }

    @Before
    fun fresh() = FakeAndroidKeyStore.install()

    private fun hasStrongBox() = shadowOf(context.packageManager).setSystemFeature(PackageManager.FEATURE_STRONGBOX_KEYSTORE, true)

    @Test
    fun `a secret goes through the gate and back, with one prompt each way`() =
        runBlocking {
            val key = gate
            key.createKey("a", GateKind.BIOMETRIC)
            val given = secret
            val wrapped = key.wrapSecret("a", given, prompt)
            assertArrayEquals("the adapter's copy is wiped", ByteArray(32), given)
            // In another process.
            assertArrayEquals(secret, gate.unwrapSecret("a", wrapped, prompt))
            assertEquals(listOf("BIOMETRIC Unlock", "BIOMETRIC Unlock"), finger.shown)
            val name = "a.biometric"
            assertEquals(
                listOf("generate $name", "init encrypt $name", "finish $name", "init decrypt $name", "finish $name"),
                FakeAndroidKeyStore.calls,
            )
        }

    @Test
    fun `the gate's key asks each time and dies with a new enrolment`() =
        runBlocking {
            gate.createKey("a", GateKind.BIOMETRIC)
            val spec = FakeAndroidKeyStore.specs.getValue("a.biometric")
            assertEquals(KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT, spec.purposes)
            assertEquals(256, spec.keySize)
            assertArrayEquals(arrayOf(KeyProperties.BLOCK_MODE_GCM), spec.blockModes)
            assertTrue(spec.isUserAuthenticationRequired)
            assertEquals(0, spec.userAuthenticationValidityDurationSeconds.coerceAtLeast(0))
            assertEquals(KeyProperties.AUTH_BIOMETRIC_STRONG, spec.userAuthenticationType)
            assertTrue(spec.isInvalidatedByBiometricEnrollment)
            assertFalse(spec.isStrongBoxBacked)
        }

    @Test
    fun `the device's credential is a key of its own kind`() =
        runBlocking {
            val key = gate
            key.createKey("a", GateKind.DEVICE_CREDENTIAL)
            val spec = FakeAndroidKeyStore.specs.getValue("a.device-credential")
            assertEquals(KeyProperties.AUTH_DEVICE_CREDENTIAL, spec.userAuthenticationType)
            val wrapped = key.wrapSecret("a", secret, prompt)
            gate.unwrapSecret("a", wrapped, prompt)
            assertEquals(listOf("DEVICE_CREDENTIAL Unlock", "DEVICE_CREDENTIAL Unlock"), finger.shown)
        }

    @Test
    fun `a prompt that only claims success opens nothing`() {
        val wrapped =
            runBlocking {
                gate.createKey("a", GateKind.BIOMETRIC)
                gate.wrapSecret("a", secret, prompt)
            }
        finger.finger = Finger.CLAIMS_BUT_WAS_NOT_THERE
        assertThrows(GateException.Failed::class.java) { runBlocking { gate.unwrapSecret("a", wrapped, prompt) } }
    }

    @Test
    fun `what the person does arrives, and the key stays`() {
        val wrapped =
            runBlocking {
                gate.createKey("a", GateKind.BIOMETRIC)
                gate.wrapSecret("a", secret, prompt)
            }
        val outcomes =
            mapOf(
                Finger.NOT_RECOGNISED to GateException.NotRecognised::class.java,
                Finger.CANCELS to GateException.Cancelled::class.java,
                Finger.LOCKED_OUT to GateException.LockedOut::class.java,
                Finger.NOT_ENROLLED to GateException.NotEnrolled::class.java,
            )
        outcomes.forEach { (does, error) ->
            finger.finger = does
            assertThrows(error) { runBlocking { gate.unwrapSecret("a", wrapped, prompt) } }
        }
        finger.finger = Finger.RIGHT
        assertArrayEquals(secret, runBlocking { gate.unwrapSecret("a", wrapped, prompt) })
    }

    @Test
    fun `after a new enrolment the key is lost, without a prompt and without a second try`() {
        val wrapped =
            runBlocking {
                gate.createKey("a", GateKind.BIOMETRIC)
                gate.wrapSecret("a", secret, prompt)
            }
        FakeAndroidKeyStore.enrol()
        finger.shown.clear()
        FakeAndroidKeyStore.calls.clear()
        assertThrows(GateException.KeyLost::class.java) { runBlocking { gate.unwrapSecret("a", wrapped, prompt) } }
        assertEquals(emptyList<String>(), finger.shown)
        assertEquals(listOf("init decrypt a.biometric"), FakeAndroidKeyStore.calls)
    }

    @Test
    fun `a key that is not there is lost, and deleting it again does nothing`() =
        runBlocking {
            gate.createKey("a", GateKind.BIOMETRIC)
            gate.deleteKey("a")
            gate.deleteKey("a")
            assertThrows(GateException.KeyLost::class.java) { runBlocking { gate.wrapSecret("a", secret, prompt) } }
            assertEquals(1, FakeAndroidKeyStore.calls.count { it == "delete a.biometric" })
        }

    @Test
    fun `a busy Keystore is asked again before the prompt, never after`() =
        runBlocking {
            gate.createKey("a", GateKind.BIOMETRIC)
            FakeAndroidKeyStore.busy = 2
            gate.wrapSecret("a", secret, prompt)
            assertEquals(3, FakeAndroidKeyStore.calls.count { it == "init encrypt a.biometric" })
            assertEquals(1, finger.shown.size)
            FakeAndroidKeyStore.busy = 3
            assertThrows(GateException.Failed::class.java) { runBlocking { gate.wrapSecret("a", secret, prompt) } }
            assertEquals(1, finger.shown.size)
        }

    @Test
    fun `StrongBox is used where it works`() =
        runBlocking {
            hasStrongBox()
            gate.createKey("a", GateKind.BIOMETRIC)
            assertTrue(FakeAndroidKeyStore.specs.getValue("a.biometric").isStrongBoxBacked)
        }

    @Test
    fun `StrongBox that refuses the key is left for the TEE`() =
        runBlocking {
            hasStrongBox()
            FakeAndroidKeyStore.strongBox = StrongBox.REFUSES
            gate.createKey("a", GateKind.BIOMETRIC)
            assertFalse(FakeAndroidKeyStore.specs.getValue("a.biometric").isStrongBoxBacked)
            assertEquals(listOf("generate a.biometric", "generate a.biometric"), FakeAndroidKeyStore.calls)
        }

    @Test
    fun `StrongBox that fails in use is left for the TEE, with one more prompt`() =
        runBlocking {
            hasStrongBox()
            FakeAndroidKeyStore.strongBox = StrongBox.BREAKS_IN_USE
            val key = gate
            key.createKey("a", GateKind.BIOMETRIC)
            val wrapped = key.wrapSecret("a", secret, prompt)
            assertFalse(FakeAndroidKeyStore.specs.getValue("a.biometric").isStrongBoxBacked)
            assertEquals(2, finger.shown.size)
            assertArrayEquals(secret, key.unwrapSecret("a", wrapped, prompt))
            // Once is enough.
            key.createKey("b", GateKind.BIOMETRIC)
            assertFalse(FakeAndroidKeyStore.specs.getValue("b.biometric").isStrongBoxBacked)
        }

    @Test
    fun `what the device offers is read and asks nobody`() =
        runBlocking {
            val biometrics = Shadow.extract<ShadowBiometricManager>(context.getSystemService(BiometricManager::class.java))
            biometrics.setAuthenticatorType(BiometricManager.Authenticators.BIOMETRIC_STRONG)
            biometrics.setCanAuthenticate(true)
            assertEquals(GateReadiness.READY, gate.availability().biometric)
            biometrics.setCanAuthenticate(false)
            assertFalse(gate.availability().biometric == GateReadiness.READY)
            shadowOf(context.getSystemService(KeyguardManager::class.java)).setIsDeviceSecure(true)
            assertFalse("only if the app wants it", gate.availability().deviceCredential)
            assertTrue(AndroidGateKey(context, finger, allowsDeviceCredential = true).availability().deviceCredential)
            assertEquals(emptyList<String>(), FakeAndroidKeyStore.calls)
        }

    @Test
    @Config(sdk = [29])
    fun `below API 30 there is no gate, and the Keystore is not even asked`() =
        runBlocking {
            shadowOf(context.packageManager).setSystemFeature(PackageManager.FEATURE_FINGERPRINT, true)
            shadowOf(context.getSystemService(KeyguardManager::class.java)).setIsDeviceSecure(true)
            val key = AndroidGateKey(context, finger, allowsDeviceCredential = true)
            assertEquals(GateReadiness.NO_HARDWARE, key.availability().biometric)
            assertFalse(key.availability().deviceCredential)
            assertThrows(GateException.NoHardware::class.java) { runBlocking { key.createKey("a", GateKind.BIOMETRIC) } }
            assertEquals(emptyList<String>(), FakeAndroidKeyStore.calls.filter { it.startsWith("generate") })
            // What needs no finger is there all the same.
            AndroidSecretStore(context).write("one", secret)
            assertArrayEquals(secret, AndroidSecretStore(context).read("one"))
            assertEquals(65, AndroidDeviceKey().publicKey("d").size)
        }

    @Test
    fun `a dismissed prompt ends its call`() =
        runBlocking {
            val key = gate
            key.createKey("a", GateKind.BIOMETRIC)
            val wrapped = key.wrapSecret("a", secret, prompt)
            finger.finger = Finger.NEVER_COMES
            val waiting = async(start = CoroutineStart.DEFAULT) { runCatching { key.unwrapSecret("a", wrapped, prompt) } }
            while (finger.shown.size < 2) kotlinx.coroutines.yield()
            while (waiting.isActive) {
                key.dismissPrompt()
                kotlinx.coroutines.yield()
            }
            assertTrue(waiting.await().exceptionOrNull() is GateException.Cancelled)
        }

    @Test
    fun `a signing key is made once, without a prompt, and its signatures hold`() {
        val keys = AndroidDeviceKey(attestationChallenge = byteArrayOf(7))
        val public = keys.publicKey("d")
        assertArrayEquals(public, keys.publicKey("d"))
        val spec: KeyGenParameterSpec = FakeAndroidKeyStore.specs.getValue("d")
        assertEquals(KeyProperties.PURPOSE_SIGN, spec.purposes)
        assertFalse(spec.isUserAuthenticationRequired)
        assertFalse(spec.isStrongBoxBacked)
        assertArrayEquals(byteArrayOf(7), spec.attestationChallenge)
        assertArrayEquals(arrayOf(KeyProperties.DIGEST_SHA256), spec.digests)
        assertEquals(1, keys.attestation("d").size)
        val data = "signed".encodeToByteArray()
        // Often enough that short numbers come by.
        repeat(300) { assertTrue(verifies(public, data, keys.signEs256("d", data))) }
        keys.deleteKey("d")
        assertEquals(emptyList<ByteArray>(), keys.attestation("d"))
    }

    private fun verifies(
        public: ByteArray,
        data: ByteArray,
        raw: ByteArray,
    ): Boolean {
        assertEquals(64, raw.size)
        val parameters = AlgorithmParameters.getInstance("EC").apply { init(ECGenParameterSpec("secp256r1")) }
        val curve = parameters.getParameterSpec(ECParameterSpec::class.java)
        val point = ECPoint(BigInteger(1, public.copyOfRange(1, 33)), BigInteger(1, public.copyOfRange(33, 65)))
        val key = KeyFactory.getInstance("EC").generatePublic(ECPublicKeySpec(point, curve))
        val numbers = listOf(raw.copyOf(32), raw.copyOfRange(32, 64)).map { BigInteger(1, it).toByteArray() }
        val inside = numbers.map { byteArrayOf(2, it.size.toByte()) + it }.reduce { one, other -> one + other }
        val der = byteArrayOf(0x30, inside.size.toByte()) + inside
        return Signature.getInstance("SHA256withECDSA").run {
            initVerify(key)
            update(data)
            verify(der)
        }
    }

    @Test
    fun `a signing key goes to StrongBox only if it is wanted`() {
        AndroidDeviceKey(strongBox = true).publicKey("d")
        assertTrue(FakeAndroidKeyStore.specs.getValue("d").isStrongBoxBacked)
    }

    @Test
    fun `secrets are sealed, private, and read again by the next process`() {
        val store = AndroidSecretStore(context)
        assertNull(store.read("main/open"))
        val given = secret
        store.write("main/open", given)
        assertArrayEquals("the adapter's copy is wiped", ByteArray(32), given)
        assertArrayEquals(secret, AndroidSecretStore(context).read("main/open"))
        val file = File(context.noBackupFilesDir, AndroidSecretStore.FOLDER).listFiles().orEmpty().single()
        val allowed = Files.getPosixFilePermissions(file.toPath())
        assertEquals("rw-------", PosixFilePermissions.toString(allowed))
        assertFalse("main" in file.name)
        val content = file.readBytes().asList()
        assertEquals(-1, java.util.Collections.indexOfSubList(content, secret.asList().take(8)))
        assertFalse(FakeAndroidKeyStore.specs.getValue(AndroidSecretStore.KEY).isUserAuthenticationRequired)
        store.remove("main/open")
        store.remove("main/open")
        assertNull(store.read("main/open"))
    }

    @Test
    fun `a secret that can't be read again is lost, and never not there`() {
        val store = AndroidSecretStore(context)
        store.write("one", secret)
        store.write("two", ByteArray(32))
        val files = File(context.noBackupFilesDir, AndroidSecretStore.FOLDER).listFiles().orEmpty().sortedBy { it.name }
        // One secret's file under the other's name is refused.
        val first = files[0].readBytes()
        files[0].writeBytes(files[1].readBytes())
        assertTrue(listOf("one", "two").count { runCatching { store.read(it) }.exceptionOrNull() is StoreException.Lost } == 1)
        files[0].writeBytes(first)
        assertArrayEquals(secret, store.read("one"))
        AndroidKeystore.delete(AndroidSecretStore.KEY)
        assertThrows(StoreException.Lost::class.java) { store.read("one") }
    }

    @Test
    fun `before the first unlock nothing is lost and nothing is missing`() {
        val store = AndroidSecretStore(context)
        store.write("one", secret)
        shadowOf(context.getSystemService(android.os.UserManager::class.java)).setUserUnlocked(false)
        assertThrows(StoreException.NotNow::class.java) { store.read("one") }
        assertThrows(StoreException.NotNow::class.java) { store.read("another") }
        assertEquals(GateReadiness.NOT_NOW, runBlocking { gate.availability().biometric })
    }
}

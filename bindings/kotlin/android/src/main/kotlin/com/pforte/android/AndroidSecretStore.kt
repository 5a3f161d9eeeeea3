package com.pforte.android

import android.content.Context
import android.os.UserManager
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import com.pforte.ffi.SecretStore
import com.pforte.ffi.StoreException
import java.io.File
import java.io.IOException
import java.nio.ByteBuffer
import java.nio.channels.FileChannel
import java.nio.file.Files
import java.nio.file.StandardCopyOption
import java.nio.file.StandardOpenOption
import java.nio.file.attribute.PosixFilePermissions
import java.security.MessageDigest
import javax.crypto.AEADBadTagException
import javax.crypto.Cipher
import javax.crypto.spec.GCMParameterSpec

/**
 * A few small secrets: each a file of its own in `noBackupFilesDir`, sealed by a Keystore key that never leaves this device.
 *
 * ```text
 *   version 1 | nonce 12 | AES-256-GCM(secret, aad = version || name) and its tag 16
 * ```
 *
 * Written atomically (temporary file, fsync, rename, fsync of the folder) and readable by this app alone (0600). Before the
 * first unlock since start neither the files nor, on some devices, the key can be read: that is "not now", never "not there".
 */
class AndroidSecretStore(
    private val context: Context,
) : SecretStore {
    private val lock = Any()

    override fun read(name: String): ByteArray? =
        typed {
            val file = fileOf(name)
            if (!file.exists()) return@typed null
            val sealed = file.readBytes()
            if (sealed.size <= HEAD || sealed[0] != VERSION) throw StoreException.Failed("a secret's file of unknown form")
            val key = AndroidKeystore.secretKey(KEY) ?: throw StoreException.Lost()
            val nonce = GCMParameterSpec(AndroidKeystore.TAG_BITS, sealed, 1, AndroidKeystore.NONCE)
            try {
                Cipher.getInstance(AndroidKeystore.CIPHER).run {
                    init(Cipher.DECRYPT_MODE, key, nonce)
                    updateAAD(bound(name))
                    doFinal(sealed, HEAD, sealed.size - HEAD)
                }
            } catch (_: AEADBadTagException) {
                throw StoreException.Lost() // sealed by a key that is gone, or not what was written
            }
        }

    override fun write(
        name: String,
        secret: ByteArray,
    ) {
        try {
            typed {
                val key = AndroidKeystore.secretKey(KEY) ?: AndroidKeystore.createSecretKey(spec())
                val cipher = Cipher.getInstance(AndroidKeystore.CIPHER).apply { init(Cipher.ENCRYPT_MODE, key) }
                cipher.updateAAD(bound(name))
                val sealed = cipher.doFinal(secret)
                replace(fileOf(name), byteArrayOf(VERSION) + cipher.iv + sealed)
            }
        } finally {
            secret.fill(0)
        }
    }

    override fun remove(name: String) =
        typed {
            val file = fileOf(name)
            if (file.exists() && !file.delete()) throw IOException("not deleted")
            syncFolder(folder())
        }

    private fun replace(
        file: File,
        content: ByteArray,
    ) {
        val temporary = File(file.path + ".new").toPath()
        Files.deleteIfExists(temporary) // of a process that ended in between
        FileChannel.open(temporary, setOf(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), OWN).use {
            val bytes = ByteBuffer.wrap(content)
            while (bytes.hasRemaining()) it.write(bytes)
            it.force(true)
        }
        Files.move(temporary, file.toPath(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING)
        syncFolder(folder())
    }

    /** A rename is only there after a power cut if the folder was written, too. */
    private fun syncFolder(folder: File) = FileChannel.open(folder.toPath(), StandardOpenOption.READ).use { it.force(true) }

    private fun folder(): File {
        if (context.getSystemService(UserManager::class.java)?.isUserUnlocked == false) {
            throw StoreException.NotNow("the device has not been unlocked since it started")
        }
        val folder = File(context.noBackupFilesDir, FOLDER)
        if (!folder.isDirectory && !folder.mkdirs() && !folder.isDirectory) throw IOException("no folder")
        return folder
    }

    /** Names hold account names, so they are hashed. */
    private fun fileOf(name: String): File {
        val hash = MessageDigest.getInstance("SHA-256").digest(name.encodeToByteArray())
        return File(folder(), hash.joinToString("") { "%02x".format(it) })
    }

    private fun bound(name: String): ByteArray = byteArrayOf(VERSION) + name.encodeToByteArray()

    private fun spec(): KeyGenParameterSpec =
        KeyGenParameterSpec
            .Builder(KEY, KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT)
            .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
            .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
            .setKeySize(AndroidKeystore.KEY_BITS)
            .build()

    private fun <T> typed(work: () -> T): T =
        synchronized(lock) {
            try {
                work()
            } catch (error: Exception) {
                throw error.toStore()
            }
        }

    internal companion object {
        const val KEY = "pforte.secrets"
        const val FOLDER = "pforte-secrets"
        const val VERSION: Byte = 1

        /** For this app alone: 0600. */
        private val OWN = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))

        /** The version and the nonce. */
        const val HEAD = 1 + AndroidKeystore.NONCE
    }
}

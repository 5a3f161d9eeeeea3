package com.pforte

/**
 * Writes the details that a person filled in to their account, such as by the app's own server.
 *
 * The same may come twice. What a call threw on stays on this device as it is, and is offered again.
 */
fun interface ProfileWriter {
    /** Writes [fields], whose source is `self`. */
    suspend fun write(fields: List<ProfileField>)
}

/** A writer as the core wants it: whatever it throws is a failure, and the details are offered again. */
internal class ForwardingProfileWriter(
    private val writer: ProfileWriter,
) : com.pforte.ffi.ProfileWriter {
    override suspend fun writeProfile(fields: List<ProfileField>) {
        try {
            writer.write(fields)
        } catch (error: Exception) {
            throw com.pforte.ffi.ProfileWriterException.Failed(error.javaClass.simpleName)
        }
    }
}

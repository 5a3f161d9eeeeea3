package com.pforte.android

import android.content.ComponentName
import android.content.Context
import android.content.Intent
import android.content.pm.PackageManager
import android.net.Uri
import com.pforte.ConsentService
import com.pforte.Controller
import com.pforte.Pforte
import com.pforte.PforteException
import com.pforte.Policy
import com.pforte.PolicyFolder
import com.pforte.ffi.LocaleTexts
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import java.io.IOException
import java.util.Locale

/** A policy folder among the app's assets; read when [open] needs it. */
class AssetPolicy internal constructor(
    internal val folder: String,
)

/** The policy in the asset folder [folder]: `policy.toml` and `texts/LOCALE.toml`. */
fun Policy.fromAssets(folder: String): AssetPolicy = AssetPolicy(folder)

/**
 * Opens the client on Android. Prompts nobody, uses no network; may be called from the main thread, which it does not block.
 *
 * @param context any context; the application's is kept, and no Activity ever is.
 * @param redirectUri where the browser comes back to, exactly as registered at the provider.
 * @param host all ports; [AndroidHost] lets one be replaced.
 * @throws PforteException.FixConfiguration naming what is missing: a line of the manifest, or a file of the policy.
 */
suspend fun Pforte.Companion.open(
    context: Context,
    policy: AssetPolicy,
    provider: com.pforte.ffi.Provider,
    redirectUri: String,
    host: AndroidHost = AndroidHost(context),
    locale: String = Locale.getDefault().toLanguageTag(),
    apiOrigins: List<String> = emptyList(),
    account: String = "main",
    consentService: ConsentService? = null,
    controller: Controller? = null,
): Pforte {
    val application = context.applicationContext
    val pforte =
        withContext(Dispatchers.IO) {
            CertificateVerifier.prepare(application)
            requireManifest(application, redirectUri)
            open(
                policy = policy.read(application),
                provider = provider,
                redirectUri = redirectUri,
                ports = host.ports,
                folder = host.folder,
                locale = locale,
                apiOrigins = apiOrigins,
                account = account,
                consentService = consentService,
                controller = controller,
            )
        }
    SessionLock.follow(pforte)
    Redirects.handOver(pforte, redirectUri)
    return pforte
}

/** Reads the folder out of the app's assets, on the calling thread. */
private fun AssetPolicy.read(context: Context): PolicyFolder {
    val texts = context.assets.list("$folder/texts").orEmpty().filter { it.endsWith(TOML) }.sorted()
    if (texts.isEmpty()) throw missing("$folder/texts/LOCALE.toml", null)
    return PolicyFolder(
        policyToml = text(context, "$folder/policy.toml"),
        texts = texts.map { LocaleTexts(it.removeSuffix(TOML), text(context, "$folder/texts/$it")) },
    )
}

private fun text(
    context: Context,
    file: String,
): String =
    try {
        context.assets.open(file).use { it.readBytes().decodeToString(throwOnInvalidSequence = true) }
    } catch (error: IOException) {
        throw missing(file, error)
    }

private fun missing(
    file: String,
    cause: Throwable?,
) = PforteException
    .FixConfiguration("assets/$file is missing or no UTF-8 text. The policy folder holds policy.toml and texts/LOCALE.toml.")
    .apply { cause?.let(::initCause) }

/** Names the first line that is missing in the app's manifest. */
internal fun requireManifest(
    context: Context,
    redirectUri: String,
) {
    val missing = missingManifestLine(context, redirectUri) ?: return
    throw PforteException.FixConfiguration(missing)
}

/** What is missing in the app's manifest, with the line to add; nothing where it is complete. */
internal fun missingManifestLine(
    context: Context,
    redirectUri: String,
): String? {
    val activities = listOf(BrowserActivity::class.java, RedirectActivity::class.java, AskActivity::class.java)
    val declared = { name: Class<*> -> runCatching { context.packageManager.getActivityInfo(ComponentName(context, name), 0) } }
    activities.firstOrNull { declared(it).isFailure }?.let {
        return "The manifest lacks <activity android:name=\"${it.name}\">. It comes with the library: don't remove it in merging."
    }
    val service = ComponentName(context, FinishingService::class.java)
    if (runCatching { context.packageManager.getServiceInfo(service, 0) }.isFailure) {
        return "The manifest lacks <service android:name=\"${service.className}\">. It comes with the library: don't remove it in merging."
    }
    val uri = Uri.parse(redirectUri)
    val scheme = uri.scheme ?: return "The redirect URI $redirectUri has no scheme; one such as com.example.portal:/callback is due."
    return if (reachesRedirectActivity(context, uri)) null else redirectLine(context, scheme, uri)
}

private fun reachesRedirectActivity(
    context: Context,
    uri: Uri,
): Boolean {
    val intent = Intent(Intent.ACTION_VIEW, uri).addCategory(Intent.CATEGORY_BROWSABLE).setPackage(context.packageName)
    return context.packageManager
        .queryIntentActivities(intent, PackageManager.MATCH_DEFAULT_ONLY or PackageManager.GET_RESOLVED_FILTER)
        .any { it.activityInfo.name == RedirectActivity::class.java.name }
}

private fun redirectLine(
    context: Context,
    scheme: String,
    uri: Uri,
): String =
    if (scheme == "https") {
        "No <intent-filter android:autoVerify=\"true\"> of ${RedirectActivity::class.java.name} in the manifest takes $uri. Add one with " +
            "<data android:scheme=\"https\" android:host=\"${uri.host}\" android:path=\"${uri.path}\" />, and serve " +
            "https://${uri.host}/.well-known/assetlinks.json for ${context.packageName}."
    } else {
        "Nothing in the manifest takes the redirect $uri. Set the placeholder in build.gradle.kts: " +
            "manifestPlaceholders[\"pforteRedirectScheme\"] = \"$scheme\""
    }

private const val TOML = ".toml"

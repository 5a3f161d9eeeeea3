//! Where the judges differ, and why.

/// Explains the disagreement about a case with these mutations: one of them, and the refuser's own reason, must be those
/// of a known class. `stricter` where only we refuse.
pub fn explanation(peer: &str, stricter: bool, labels: &[String], reason: &str) -> Option<&'static str> {
    let known = KNOWN.iter().find(|known| {
        known.stricter == stricter
            && known.peers.contains(&peer)
            && reason.contains(known.reason)
            && labels.iter().any(|label| known.mutations.iter().any(|mutation| fits(mutation, label)))
    });
    known.map(|known| known.why)
}

/// A mutation ends in `*` where every one that begins so is meant.
fn fits(mutation: &str, label: &str) -> bool {
    mutation.strip_suffix('*').map_or(mutation == label, |start| label.starts_with(start))
}

/// Every explanation; one that explains nothing any more has to go.
pub fn explanations() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().map(|known| known.why)
}

struct Known {
    peers: &'static [&'static str],
    /// Whether only we refuse.
    stricter: bool,
    mutations: &'static [&'static str],
    /// In the words of whoever refuses.
    reason: &'static str,
    why: &'static str,
}

const BOTH: &[&str] = &["jose", "oauth4webapi"];
const JOSE: &[&str] = &["jose"];
const OAUTH: &[&str] = &["oauth4webapi"];

/// Only we refuse.
const fn ours(
    peers: &'static [&'static str],
    mutations: &'static [&'static str],
    reason: &'static str,
    why: &'static str,
) -> Known {
    Known { peers, stricter: true, mutations, reason, why }
}

/// Only they refuse.
const fn theirs(
    peers: &'static [&'static str],
    mutations: &'static [&'static str],
    reason: &'static str,
    why: &'static str,
) -> Known {
    Known { peers, stricter: false, mutations, reason, why }
}

const KNOWN: &[Known] = &[
    // Only we refuse: tokens.
    ours(BOTH, &["acr *"], "acr is not", "acr is a string (OIDC Core 2); they do not look at it"),
    ours(
        BOTH,
        &["at_hash *"],
        "at_hash does not fit",
        "at_hash must fit where it is there (OIDC Core 3.1.3.8); they leave it out in the code flow",
    ),
    ours(
        BOTH,
        &["aud array with client and number"],
        "aud or azp is wrong",
        "every audience is a string (RFC 7519, 4.1.3); they look for the client alone",
    ),
    ours(
        BOTH,
        &["azp *"],
        "aud or azp is wrong",
        "an azp is this client, also beside one audience (OIDC Core 3.1.3.7, 5); they compare it beside several or not at all",
    ),
    ours(
        BOTH,
        &["email *", "email_verified *", "name *"],
        "a claim has the wrong type",
        "profile claims have their types (OIDC Core 5.1); they hand them on as they are",
    ),
    ours(
        JOSE,
        &["auth_time *"],
        "auth_time is",
        "auth_time is a time that has been (OIDC Core 2); it is not its business",
    ),
    ours(
        OAUTH,
        &["auth_time fraction", "auth_time far fraction", "auth_time future", "auth_time beyond 2^63"],
        "auth_time is",
        "auth_time is whole seconds and has been; it takes any number above 0 without max_age",
    ),
    ours(
        JOSE,
        &["nonce *"],
        "nonce is wrong",
        "the nonce is this sign-in's (OIDC Core 3.1.3.7, 11); it only sees that there is one",
    ),
    ours(
        JOSE,
        &["sub *"],
        "sub is wrong",
        "sub is a string of 1 to 255 characters (OIDC Core 2); it only sees that there is one",
    ),
    ours(OAUTH, &["sub empty text"], "sub is wrong", "an empty sub names nobody; it takes any string"),
    ours(
        BOTH,
        &["exp fraction", "exp far fraction", "exp beyond 2^63"],
        "exp is missing",
        "whole seconds below 2^63 (a float is a way to smuggle); they take any number (RFC 7519, 2)",
    ),
    ours(
        BOTH,
        &["iat *"],
        "iat or nbf",
        "iat is whole seconds and not in the future; they do not compare it with the clock",
    ),
    ours(
        BOTH,
        &["nbf fraction", "nbf negative"],
        "iat or nbf",
        "whole seconds from 1970 on; they take any number (RFC 7519, 2)",
    ),
    ours(
        BOTH,
        &["form iss twice*", "form sub twice*", "form aud twice*", "form exp twice*", "form nonce twice*"],
        "it is malformed",
        "a claim that comes twice means two things (RFC 7519, 4 lets us refuse); JSON.parse takes the last",
    ),
    ours(
        BOTH,
        &["form base64 padded"],
        "it is malformed",
        "base64url without padding (RFC 7515, 2); they ignore padding",
    ),
    ours(
        BOTH,
        &["form base64 with other trailing bits"],
        "its signature is wrong",
        "one text for one signature (RFC 4648, 3.5); they ignore the bits behind the last byte",
    ),
    ours(
        BOTH,
        &["form payload with a byte order mark"],
        "it is malformed",
        "JSON without a byte order mark (RFC 8259, 8.1); they strip it",
    ),
    ours(
        BOTH,
        &["form space behind"],
        "id_token is mistyped",
        "a token has no spaces (RFC 6749, A.12); they trim base64",
    ),
    ours(
        BOTH,
        &["header typ at+jwt", "header typ media type", "header typ number"],
        "its header holds",
        "an ID token's typ is JWT or missing (RFC 8725, 3.11); they do not look at it",
    ),
    ours(
        BOTH,
        &["header b64 false", "header b64 true"],
        "its header holds",
        "b64 has no place in a JWT (RFC 7797, 7); without crit they ignore it",
    ),
    // Only we refuse: callbacks.
    ours(
        OAUTH,
        &["callback target *"],
        "did not come to the redirect URI",
        "the URL is the redirect URI byte by byte (RFC 8252, 8.10); it only sees parameters",
    ),
    ours(
        OAUTH,
        &["callback code again*", "callback tail &code=%ff"],
        "a parameter came twice",
        "no parameter comes twice (RFC 6749, 3.1); it leaves code to the caller",
    ),
    ours(
        OAUTH,
        &["callback error *"],
        "neither a code nor an error",
        "a code and an error, even an empty one, contradict each other; it takes the code",
    ),
    ours(
        OAUTH,
        &["callback tail &caf\u{e9}=1"],
        "not a URL",
        "a URL is ASCII (RFC 3986, 2); a WHATWG parser encodes the rest",
    ),
    // Only they refuse.
    theirs(
        BOTH,
        &["header alg Ed25519"],
        "alg",
        "EdDSA with Ed25519 has a second name (RFC 9864), and the key is the same; they compare names",
    ),
    theirs(
        BOTH,
        &["header kid null"],
        "key",
        "null counts as absent, and then one key alone fits the algorithm; they look for a key named null",
    ),
    theirs(BOTH, &["nbf null"], "nbf", "null counts as absent; they want a number where there is a member"),
    theirs(
        OAUTH,
        &["auth_time null"],
        "auth_time",
        "null counts as absent; it wants a number where there is a member",
    ),
    theirs(
        OAUTH,
        &["callback id_token *", "callback token *"],
        "implicit and hybrid flows",
        "unknown parameters are ignored (RFC 6749, 4.1.2), and these are never read; it refuses other flows' parameters",
    ),
    theirs(
        OAUTH,
        &["callback response *"],
        "JARM",
        "unknown parameters are ignored (RFC 6749, 4.1.2); it knows JARM by this one",
    ),
];

//! One feature after the other, each asked of the provider itself.

use std::pin::Pin;
use std::time::Duration;

use pforte_host::SecretText;
use pforte_oauth::exchange::{self, Exchange};
use pforte_oauth::token::{self, RefreshOptions};
use pforte_oauth::{
    AuthorizeOptions, Identity, OauthError, ProviderSettings, TokenType, callback, device, id_token, logout,
    revocation, userinfo,
};

use crate::driver::{claims, now_s};
use crate::{Browser, Cell, Driver, Ended, Miss, SignedIn, Target};

type Asked<'a> = Pin<Box<dyn Future<Output = Result<(), Miss>> + 'a>>;

/// A feature's name, and how it is asked for.
struct Feature {
    name: &'static str,
    ask: for<'a> fn(&'a Target, &'a mut Option<String>) -> Asked<'a>,
}

macro_rules! features {
    ($($name:literal: $ask:ident,)*) => {
        [$(Feature { name: $name, ask: |target, said| Box::pin($ask(target, said)) }),*]
    };
}

const FEATURES: [Feature; 21] = features![
    "discovery": discovery,
    "authorization code with PKCE S256": code_with_pkce,
    "iss in the response (RFC 9207)": iss_in_the_response,
    "pushed authorization requests (RFC 9126)": pushed_requests,
    "UserInfo": userinfo_about_the_person,
    "refresh token rotation": rotation,
    "replay of a rotated token is refused": replay_is_refused,
    "DPoP: token bound to the device's key (RFC 9449)": dpop_token,
    "DPoP: refresh": dpop_refresh,
    "DPoP: UserInfo": dpop_userinfo,
    "DPoP: a bound token as Bearer is refused": dpop_downgrade,
    "DPoP: refresh without a proof is refused": dpop_refresh_without_proof,
    "DPoP: nonces": dpop_nonces,
    "resource indicators (RFC 8707)": resource_indicators,
    "step-up by acr": step_up,
    "prompt=none": prompt_none,
    "device grant (RFC 8628)": device_grant,
    "token exchange (RFC 8693)": token_exchange,
    "brokered social sign-in": brokered,
    "revocation (RFC 7009)": revoked,
    "RP-initiated logout": rp_logout,
];

/// Asks a provider for every feature.
pub async fn ask_all(target: &Target) -> Vec<(&'static str, Cell)> {
    let mut cells = Vec::new();
    for feature in &FEATURES {
        let mut server_said = None;
        let result = (feature.ask)(target, &mut server_said).await;
        cells.push((feature.name, Cell::of(result, server_said.as_deref())));
    }
    cells
}

/// Runs `work`, and keeps what the server said where it came to nothing.
macro_rules! asking {
    ($driver:ident, $said:ident, $work:block) => {{
        let result: Result<(), Miss> = async { $work }.await;
        if result.is_err() {
            $said.clone_from(&$driver.last_refusal);
        }
        result
    }};
}

async fn driver(target: &Target, client: &str) -> Result<Driver, Miss> {
    Driver::discover(ProviderSettings { client_id: client.to_owned(), ..target.settings.clone() }).await
}

async fn usual(target: &Target) -> Result<Driver, Miss> {
    driver(target, &target.settings.client_id).await
}

fn browser(target: &Target) -> Result<Browser, Miss> {
    Ok(Browser::new(&target.person)?)
}

async fn bearer(driver: &mut Driver, target: &Target) -> Result<SignedIn, Miss> {
    driver.sign_in(&mut browser(target)?, &AuthorizeOptions::default(), TokenType::Bearer).await
}

async fn bound(driver: &mut Driver, target: &Target) -> Result<SignedIn, Miss> {
    if driver.metadata.dpop_signing_alg_values_supported.is_empty() {
        return Err(Miss::NotOffered);
    }
    let options = AuthorizeOptions { dpop_jkt: Some(driver.thumbprint()?), ..Default::default() };
    driver.sign_in(&mut browser(target)?, &options, TokenType::Dpop).await
}

fn refresh_token(signed_in: &SignedIn) -> Result<&SecretText, Miss> {
    signed_in.tokens.refresh_token.as_ref().ok_or_else(|| Miss::No("no refresh token was given".to_owned()))
}

fn refresh_request(driver: &Driver, token: &SecretText) -> Result<http::Request<Vec<u8>>, Miss> {
    Ok(token::refresh_request(&driver.settings, &driver.metadata, token, &RefreshOptions::default())?)
}

/// The server must refuse, and it must be for the grant.
fn must_be_refused<T>(result: Result<T, OauthError>, what: &str) -> Result<(), Miss> {
    match result {
        Err(OauthError::InvalidGrant { .. }) => Ok(()),
        Err(other) => Err(Miss::No(format!("{what} ended in: {other}"))),
        Ok(_) => Err(Miss::No(format!("{what} was accepted"))),
    }
}

async fn discovery(target: &Target, _: &mut Option<String>) -> Result<(), Miss> {
    let mut driver = usual(target).await?;
    driver.keys().await.map(drop)
}

/// The code is redeemed, and another one is not without its verifier.
async fn code_with_pkce(target: &Target, said: &mut Option<String>) -> Result<(), Miss> {
    let mut driver = usual(target).await?;
    asking!(driver, said, {
        bearer(&mut driver, target).await?;
        let (sign_in, other) =
            (driver.start(&AuthorizeOptions::default())?, driver.start(&AuthorizeOptions::default())?);
        let redirect_uri = driver.settings.redirect_uri.clone();
        let url = driver.url(&sign_in, false).await?;
        let Ended::Redirect(callback_url) = browser(target)?.walk(&url, &redirect_uri).await? else {
            return Err(Miss::No("the browser stayed on a page".to_owned()));
        };
        let code = callback::judge(&sign_in.transaction, &callback_url, now_s())?;
        let request = token::code_request(&driver.settings, &driver.metadata, &other.transaction, &code)?;
        let answer = driver.send(request).await?;
        must_be_refused(token::response(&answer, TokenType::Bearer), "a code with another sign-in's verifier")
    })
}

async fn iss_in_the_response(target: &Target, said: &mut Option<String>) -> Result<(), Miss> {
    let mut driver = usual(target).await?;
    asking!(driver, said, {
        if !driver.metadata.authorization_response_iss_parameter_supported {
            return Err(Miss::NotOffered);
        }
        let signed_in = bearer(&mut driver, target).await?;
        let query = signed_in.callback_url.split_once('?').map_or("", |(_, query)| query);
        let issuer = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "iss");
        match issuer {
            Some((_, issuer)) if issuer == driver.settings.issuer.as_str() => Ok(()),
            other => Err(Miss::No(format!("iss was {other:?}"))),
        }
    })
}

async fn pushed_requests(target: &Target, said: &mut Option<String>) -> Result<(), Miss> {
    let mut driver = driver(target, &target.par_client).await?;
    asking!(driver, said, {
        let sign_in = driver.start(&AuthorizeOptions::default())?;
        let url = driver.url(&sign_in, true).await?;
        if url.contains("code_challenge") || !url.contains("request_uri=") {
            return Err(Miss::No("the URL for the browser holds more than the request's name".to_owned()));
        }
        driver.finish(&mut browser(target)?, &sign_in, &url, TokenType::Bearer).await.map(drop)
    })
}

async fn userinfo_about_the_person(target: &Target, said: &mut Option<String>) -> Result<(), Miss> {
    let mut driver = usual(target).await?;
    asking!(driver, said, {
        if driver.metadata.userinfo_endpoint.is_none() {
            return Err(Miss::NotOffered);
        }
        let signed_in = bearer(&mut driver, target).await?;
        let tokens = &signed_in.tokens;
        let request = userinfo::request(&driver.metadata, &tokens.access_token, tokens.token_type)?;
        let answer = driver.send(request).await?;
        userinfo::response(&answer, &signed_in.identity.subject)?;
        Ok(())
    })
}

async fn rotation(target: &Target, said: &mut Option<String>) -> Result<(), Miss> {
    let mut driver = usual(target).await?;
    asking!(driver, said, { rotated(&mut driver, target).await.map(drop) })
}

/// Signs in and refreshes once: the old refresh token and the new one.
async fn rotated(driver: &mut Driver, target: &Target) -> Result<(SecretText, SecretText), Miss> {
    let signed_in = bearer(driver, target).await?;
    let old = refresh_token(&signed_in)?.clone();
    let request = refresh_request(driver, &old)?;
    let renewed = driver.ask_for_tokens(request, TokenType::Bearer).await?;
    if renewed.id_token.is_some() {
        let keys = driver.keys().await?;
        let Identity { subject, auth_time_s, .. } = &signed_in.identity;
        let previous = id_token::PreviousSignIn { subject, auth_time_s: *auth_time_s };
        id_token::verify_refreshed(&driver.settings, &keys, previous, &renewed, now_s())?;
    }
    match renewed.refresh_token {
        Some(new) if new != old => Ok((old, new)),
        _ => Err(Miss::No("the refresh token stayed the same".to_owned())),
    }
}

async fn replay_is_refused(target: &Target, said: &mut Option<String>) -> Result<(), Miss> {
    let mut driver = usual(target).await?;
    asking!(driver, said, {
        let (old, _) = rotated(&mut driver, target).await?;
        let request = refresh_request(&driver, &old)?;
        let answer = driver.send(request).await?;
        must_be_refused(token::response(&answer, TokenType::Bearer), "a replayed refresh token")
    })
}

async fn dpop_token(target: &Target, said: &mut Option<String>) -> Result<(), Miss> {
    let mut driver = driver(target, &target.dpop_client).await?;
    asking!(driver, said, {
        let signed_in = bound(&mut driver, target).await?;
        // An opaque token says nothing about its key; the resource server knows.
        let thumbprint = claims(&signed_in.tokens.access_token).map(|claims| claims["cnf"]["jkt"].clone());
        match thumbprint {
            Some(jkt) if jkt != driver.thumbprint()?.as_str() => Err(Miss::No(format!("cnf.jkt is {jkt}"))),
            _ => Ok(()),
        }
    })
}

async fn dpop_refresh(target: &Target, said: &mut Option<String>) -> Result<(), Miss> {
    let mut driver = driver(target, &target.dpop_client).await?;
    asking!(driver, said, {
        let signed_in = bound(&mut driver, target).await?;
        let request = refresh_request(&driver, refresh_token(&signed_in)?)?;
        driver.ask_for_tokens(request, TokenType::Dpop).await.map(drop)
    })
}

async fn dpop_userinfo(target: &Target, said: &mut Option<String>) -> Result<(), Miss> {
    let mut driver = driver(target, &target.dpop_client).await?;
    asking!(driver, said, {
        let signed_in = bound(&mut driver, target).await?;
        let token = &signed_in.tokens.access_token;
        let request = userinfo::request(&driver.metadata, token, TokenType::Dpop)?;
        let answer = driver.send_with_proof(request, Some(token)).await?;
        userinfo::response(&answer, &signed_in.identity.subject)?;
        Ok(())
    })
}

async fn dpop_downgrade(target: &Target, said: &mut Option<String>) -> Result<(), Miss> {
    let mut driver = driver(target, &target.dpop_client).await?;
    asking!(driver, said, {
        let signed_in = bound(&mut driver, target).await?;
        let request = userinfo::request(&driver.metadata, &signed_in.tokens.access_token, TokenType::Bearer)?;
        match driver.send(request).await?.status().as_u16() {
            400 | 401 => Ok(()),
            status => Err(Miss::No(format!("a bound token was taken as Bearer ({status})"))),
        }
    })
}

async fn dpop_refresh_without_proof(target: &Target, said: &mut Option<String>) -> Result<(), Miss> {
    let mut driver = driver(target, &target.dpop_client).await?;
    asking!(driver, said, {
        let signed_in = bound(&mut driver, target).await?;
        let request = refresh_request(&driver, refresh_token(&signed_in)?)?;
        match driver.send(request).await?.status().as_u16() {
            400 | 401 => Ok(()),
            status => Err(Miss::No(format!("a refresh without a proof was answered ({status})"))),
        }
    })
}

async fn dpop_nonces(target: &Target, said: &mut Option<String>) -> Result<(), Miss> {
    let mut driver = driver(target, &target.dpop_client).await?;
    asking!(driver, said, {
        bound(&mut driver, target).await?;
        if driver.nonce_demanded {
            Ok(())
        } else {
            Err(Miss::No("proofs without a nonce are taken".to_owned()))
        }
    })
}

async fn resource_indicators(target: &Target, said: &mut Option<String>) -> Result<(), Miss> {
    let mut driver = usual(target).await?;
    asking!(driver, said, {
        let options = AuthorizeOptions { resources: vec![target.resource.clone()], ..Default::default() };
        let signed_in = driver.sign_in(&mut browser(target)?, &options, TokenType::Bearer).await?;
        let audience = claims(&signed_in.tokens.access_token).map(|claims| claims["aud"].clone());
        match audience {
            Some(serde_json::Value::String(one)) if one == target.resource => Ok(()),
            Some(serde_json::Value::Array(several))
                if several.iter().any(|one| *one == target.resource.as_str()) =>
            {
                Ok(())
            }
            Some(other) => Err(Miss::No(format!("the access token's aud is {other}"))),
            None => Err(Miss::No("the access token is opaque".to_owned())),
        }
    })
}

/// An ordinary sign-in, then a stronger one in the same browser; the ID token's `acr` is checked both times.
async fn step_up(target: &Target, said: &mut Option<String>) -> Result<(), Miss> {
    let mut driver = usual(target).await?;
    asking!(driver, said, {
        let [ordinary, strong] = &target.levels;
        if !driver.metadata.acr_values_supported.contains(strong) {
            return Err(Miss::NotOffered);
        }
        let mut browser = browser(target)?;
        for level in [ordinary, strong] {
            let options = AuthorizeOptions { acr_values: vec![level.clone()], ..Default::default() };
            let signed_in = driver.sign_in(&mut browser, &options, TokenType::Bearer).await?;
            if signed_in.identity.acr.as_ref() != Some(level) {
                return Err(Miss::No(format!("acr is {:?}", signed_in.identity.acr)));
            }
        }
        Ok(())
    })
}

/// Nobody is signed in: refused. Somebody is: no page.
async fn prompt_none(target: &Target, said: &mut Option<String>) -> Result<(), Miss> {
    let mut driver = usual(target).await?;
    asking!(driver, said, {
        let mut browser = browser(target)?;
        needs_the_person(&mut driver, &mut browser).await?;
        driver.sign_in(&mut browser, &AuthorizeOptions::default(), TokenType::Bearer).await?;
        driver.sign_in(&mut browser, &silent(), TokenType::Bearer).await.map(drop)
    })
}

fn silent() -> AuthorizeOptions {
    AuthorizeOptions { prompt: Some("none".to_owned()), ..Default::default() }
}

async fn needs_the_person(driver: &mut Driver, browser: &mut Browser) -> Result<(), Miss> {
    let sign_in = driver.start(&silent())?;
    let url = driver.url(&sign_in, false).await?;
    let redirect_uri = driver.settings.redirect_uri.clone();
    match browser.walk(&url, &redirect_uri).await? {
        Ended::Redirect(callback_url) => {
            match callback::judge(&sign_in.transaction, &callback_url, now_s()) {
                Err(OauthError::InteractionNeeded { code }) if code == "login_required" => Ok(()),
                other => Err(Miss::No(format!("prompt=none without a session gave {other:?}"))),
            }
        }
        Ended::Page(words) => Err(Miss::No(format!("prompt=none showed a page: {words}"))),
    }
}

async fn device_grant(target: &Target, said: &mut Option<String>) -> Result<(), Miss> {
    let mut driver = driver(target, &target.device_client).await?;
    asking!(driver, said, {
        if driver.metadata.device_authorization_endpoint.is_none() {
            return Err(Miss::NotOffered);
        }
        let request = device::request(&driver.settings, &driver.metadata)?;
        let answer = driver.send(request).await?;
        let mut grant = device::response(&driver.settings, &answer, now_s())?;
        let poll = device::poll_request(&driver.settings, &driver.metadata, &grant)?;
        let answer = driver.send(poll.clone()).await?;
        if !matches!(grant.judge(&answer, TokenType::Bearer, now_s())?, device::Poll::Pending) {
            return Err(Miss::No("tokens came before anybody confirmed".to_owned()));
        }
        let page = grant.verification_uri_complete.clone().unwrap_or_else(|| grant.verification_uri.clone());
        let redirect_uri = driver.settings.redirect_uri.clone();
        let ended = browser(target)?.walk(page.as_str(), &redirect_uri).await?;
        for _ in 0..3 {
            let pause = Duration::from_secs(u64::try_from(grant.interval_s).unwrap_or(5));
            tokio::time::sleep(pause).await;
            let answer = driver.send(poll.clone()).await?;
            if let device::Poll::Tokens(tokens) = grant.judge(&answer, TokenType::Bearer, now_s())? {
                let request = userinfo::request(&driver.metadata, &tokens.access_token, tokens.token_type)?;
                let status = driver.send(request).await?.status();
                return if status.is_success() {
                    Ok(())
                } else {
                    Err(Miss::No(format!("UserInfo: {status}")))
                };
            }
        }
        Err(Miss::No(format!("still pending after the browser ended at {ended:?}")))
    })
}

/// A confidential client gives an app's access token for one of its own.
async fn token_exchange(target: &Target, said: &mut Option<String>) -> Result<(), Miss> {
    let mut driver = usual(target).await?;
    asking!(driver, said, {
        let offered = "urn:ietf:params:oauth:grant-type:token-exchange";
        if !driver.metadata.grant_types_supported.iter().any(|grant| grant == offered) {
            return Err(Miss::NotOffered);
        }
        let signed_in = bearer(&mut driver, target).await?;
        let exchange = Exchange {
            subject_token: signed_in.tokens.access_token.clone(),
            subject_token_type: exchange::token_type::ACCESS_TOKEN.to_owned(),
            requested_token_type: None,
            audience: None,
            resources: Vec::new(),
            scopes: Vec::new(),
        };
        let client = match &target.exchange_client {
            Some((client, _)) => client.clone(),
            None => driver.settings.client_id.clone(),
        };
        let settings = ProviderSettings { client_id: client.clone(), ..driver.settings.clone() };
        let mut request = exchange::request(&settings, &driver.metadata, &exchange)?;
        if let Some((_, secret)) = &target.exchange_client {
            // This is a backend's part; an app has no secret.
            request.body_mut().extend_from_slice(format!("&client_secret={secret}").as_bytes());
        }
        let answer = driver.send(request).await?;
        let tokens = exchange::response(&answer, &exchange, TokenType::Bearer)?;
        let party = claims(&tokens.access_token).map(|claims| claims["azp"].clone());
        match party {
            Some(party) if party == client.as_str() => Ok(()),
            other => Err(Miss::No(format!("the new token's azp is {other:?}"))),
        }
    })
}

/// The hint leads to another provider, whose person signs in.
async fn brokered(target: &Target, said: &mut Option<String>) -> Result<(), Miss> {
    let mut driver = usual(target).await?;
    asking!(driver, said, {
        let options = AuthorizeOptions { identity_provider: Some("social".to_owned()), ..Default::default() };
        let mut browser = Browser::new(&target.social_person)?;
        let signed_in = driver.sign_in(&mut browser, &options, TokenType::Bearer).await?;
        let issuer = format!("{}/", driver.settings.issuer.trim_end_matches('/'));
        if browser.visited.iter().all(|url| url.starts_with(&issuer)) {
            return Err(Miss::No("the hint led to no other provider".to_owned()));
        }
        let name = signed_in.identity.email.as_deref().and_then(|email| email.split('@').next());
        if name == Some(target.social_person.as_str()) {
            Ok(())
        } else {
            Err(Miss::No(format!("signed in as {name:?}")))
        }
    })
}

async fn revoked(target: &Target, said: &mut Option<String>) -> Result<(), Miss> {
    let mut driver = usual(target).await?;
    asking!(driver, said, {
        let signed_in = bearer(&mut driver, target).await?;
        let token = refresh_token(&signed_in)?;
        let request =
            revocation::request(&driver.settings, &driver.metadata, token)?.ok_or(Miss::NotOffered)?;
        let answer = driver.send(request).await?;
        revocation::response(&answer)?;
        let request = refresh_request(&driver, token)?;
        let answer = driver.send(request).await?;
        must_be_refused(token::response(&answer, TokenType::Bearer), "a revoked refresh token")
    })
}

/// The browser comes back with `state`, and nobody is signed in there any more.
async fn rp_logout(target: &Target, said: &mut Option<String>) -> Result<(), Miss> {
    let mut driver = usual(target).await?;
    asking!(driver, said, {
        let mut browser = browser(target)?;
        let signed_in = driver.sign_in(&mut browser, &AuthorizeOptions::default(), TokenType::Bearer).await?;
        let target_uri = target.post_logout_redirect_uri.as_str();
        let hint = signed_in.tokens.id_token.as_ref();
        let url =
            logout::url(&driver.settings, &driver.metadata, hint, Some(target_uri), Some("state-of-logout"))?
                .ok_or(Miss::NotOffered)?;
        match browser.walk(&url, target_uri).await? {
            Ended::Redirect(back) if back.contains("state=state-of-logout") => {}
            other => return Err(Miss::No(format!("the browser ended at {other:?}"))),
        }
        needs_the_person(&mut driver, &mut browser).await
    })
}

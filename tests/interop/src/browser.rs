//! A browser without a window: it keeps cookies, follows redirects and fills login forms in.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{Method, Request, Response};
use pforte_transport::{Transport, TransportError, TransportSettings};
use url::Url;

use crate::html::{self, Form};
use crate::one_time_code::six_digits;

/// More pages than any sign-in has.
const MOST_PAGES: usize = 30;

/// How a walk ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// At the app's redirect URI: the whole URL.
    Redirect(String),
    /// On a page with nothing to fill in: its words.
    Page(String),
}

/// Why a walk did not end.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// The connection failed.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// An error page.
    #[error("the provider showed an error page ({status}): {words}")]
    ErrorPage {
        /// The status code.
        status: u16,
        /// The page's words.
        words: String,
    },
    /// A URL that makes no sense.
    #[error("the provider led to a URL that can't be opened")]
    Url,
    /// Too many pages.
    #[error("the pages never end")]
    Loop,
}

/// Cookies by origin, path and name; and who sits in front.
pub struct Browser {
    transport: Transport,
    person: String,
    cookies: BTreeMap<(String, String, String), String>,
    /// Every URL that was opened, without its query.
    pub visited: Vec<String>,
}

impl Browser {
    /// A new browser, in front of which `person` sits. Any password form gets `any password`.
    pub fn new(person: &str) -> Result<Self, BrowserError> {
        let settings = TransportSettings { allow_loopback_http: true, ..TransportSettings::default() };
        let transport = Transport::new(settings)?;
        Ok(Self { transport, person: person.to_owned(), cookies: BTreeMap::new(), visited: Vec::new() })
    }

    /// Opens `start` and walks on until the app's `redirect_uri` or a page with nothing to fill in.
    pub async fn walk(&mut self, start: &str, redirect_uri: &str) -> Result<Ended, BrowserError> {
        let mut request = (Method::GET, Url::parse(start).map_err(|_| BrowserError::Url)?, String::new());
        for _ in 0..MOST_PAGES {
            let (method, url, body) = request;
            let response = self.open(method, &url, body).await?;
            if let Some(location) = response.headers().get(LOCATION) {
                let location = location.to_str().map_err(|_| BrowserError::Url)?;
                if location.starts_with(redirect_uri) {
                    return Ok(Ended::Redirect(location.to_owned()));
                }
                request = (Method::GET, url.join(location).map_err(|_| BrowserError::Url)?, String::new());
                continue;
            }
            let page = String::from_utf8_lossy(response.body()).into_owned();
            if response.status().is_client_error() || response.status().is_server_error() {
                let status = response.status().as_u16();
                return Err(BrowserError::ErrorPage { status, words: html::words(&page) });
            }
            match self.filled(html::forms(&page)) {
                Some((action, body)) => {
                    request = (Method::POST, url.join(&action).map_err(|_| BrowserError::Url)?, body);
                }
                None => return Ok(Ended::Page(html::words(&page))),
            }
        }
        Err(BrowserError::Loop)
    }

    async fn open(
        &mut self,
        method: Method,
        url: &Url,
        body: String,
    ) -> Result<Response<Vec<u8>>, BrowserError> {
        let origin = url.origin().ascii_serialization();
        self.visited.push(format!("{origin}{}", url.path()));
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .filter(|((from, path, _), _)| *from == origin && url.path().starts_with(path.as_str()))
            .map(|((_, _, name), value)| format!("{name}={value}"))
            .collect();
        let mut url = url.clone();
        url.set_fragment(None);
        let mut request =
            Request::builder().method(method).uri(url.as_str()).header(COOKIE, cookies.join("; "));
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let request = request.body(body.into_bytes()).map_err(|_| BrowserError::Url)?;
        let response = self.transport.send(request).await?;
        for cookie in response.headers().get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok()) {
            self.keep(&origin, url.path(), cookie);
        }
        Ok(response)
    }

    /// `Secure` is of no matter on this machine, as in real browsers.
    fn keep(&mut self, origin: &str, page: &str, cookie: &str) {
        let mut parts = cookie.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { return };
        let attributes: BTreeMap<String, &str> = parts
            .map(|part| part.split_once('=').unwrap_or((part, "")))
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .collect();
        let directory = page
            .rsplit_once('/')
            .map_or("/", |(directory, _)| if directory.is_empty() { "/" } else { directory });
        let path = attributes.get("path").copied().unwrap_or(directory);
        let key = (origin.to_owned(), path.to_owned(), name.to_owned());
        let ended = attributes.get("max-age") == Some(&"0")
            || attributes.get("expires").is_some_and(|date| date.contains("1970"));
        if ended || value.is_empty() {
            self.cookies.remove(&key);
        } else {
            self.cookies.insert(key, value.to_owned());
        }
    }

    /// The form to send: the one that asks for a secret, otherwise the first.
    fn filled(&self, forms: Vec<Form>) -> Option<(String, String)> {
        let secret = |form: &Form| {
            form.controls
                .iter()
                .any(|control| matches!(control.name.as_str(), "password" | "otp" | "one_time_code"))
        };
        let form = match forms.iter().position(secret) {
            Some(at) => forms.into_iter().nth(at)?,
            None => forms.into_iter().next()?,
        };
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        let mut pressed = false;
        for control in &form.controls {
            let value = match (control.name.as_str(), control.kind.as_str()) {
                ("", "submit") => {
                    pressed = true;
                    continue;
                }
                ("", _) | (_, "checkbox" | "reset") => continue,
                (_, "hidden") => control.value.clone(),
                // Radio buttons are chosen by what they say, and only one of a form is.
                ("person", "radio") if control.value == self.person => control.value.clone(),
                (_, "radio") => continue,
                (_, "submit" | "button") if pressed => continue,
                (_, "submit" | "button") => {
                    pressed = true;
                    control.value.clone()
                }
                ("password", _) => "any password".to_owned(),
                ("otp" | "one_time_code", _) => six_digits(now_s()),
                (_, _) if !control.value.is_empty() => control.value.clone(),
                ("username" | "login", _) => self.person.clone(),
                (_, _) => String::new(),
            };
            body.append_pair(&control.name, &value);
        }
        Some((form.action, body.finish()))
    }
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

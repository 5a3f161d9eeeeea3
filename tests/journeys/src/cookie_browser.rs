//! A browser without a window that follows a provider's redirects on this machine and keeps its cookies.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use async_trait::async_trait;
use pforte_host::{UserAgent, UserAgentError};

/// More redirects than any sign-in needs.
const MOST_REDIRECTS: usize = 20;

/// Follows redirects from page to page until one leads to the redirect URI.
#[derive(Debug, Clone, Copy, Default)]
pub struct CookieBrowser;

#[async_trait]
impl UserAgent for CookieBrowser {
    async fn browse(&self, url: String, redirect_uri: String) -> Result<String, UserAgentError> {
        tokio::task::spawn_blocking(move || follow(url, &redirect_uri))
            .await
            .map_err(|error| UserAgentError::Failed { reason: error.to_string() })?
            .map_err(|reason| UserAgentError::Failed { reason })
    }
}

fn follow(start: String, redirect_uri: &str) -> Result<String, String> {
    let mut cookies = BTreeMap::new();
    let mut url = start;
    for _ in 0..MOST_REDIRECTS {
        if url.starts_with(redirect_uri) {
            return Ok(url);
        }
        let (authority, target) = url
            .strip_prefix("http://127.0.0.1:")
            .and_then(|rest| rest.split_once('/'))
            .map(|(port, target)| (format!("127.0.0.1:{port}"), target.to_owned()))
            .ok_or("the redirect leaves this machine")?;
        let answer = get(&authority, &target, &cookies).map_err(|error| error.to_string())?;
        let head = answer.split("\r\n\r\n").next().unwrap_or_default();
        let mut location = None;
        for (name, value) in head.lines().filter_map(|line| line.split_once(':')) {
            if name.eq_ignore_ascii_case("location") {
                location = Some(value.trim().to_owned());
            }
            if name.eq_ignore_ascii_case("set-cookie") {
                let pair = value.split(';').next().unwrap_or_default().trim();
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let location =
            location.ok_or_else(|| format!("no redirect: {}", head.lines().next().unwrap_or_default()))?;
        url = if location.starts_with('/') { format!("http://{authority}{location}") } else { location };
    }
    Err("too many redirects".to_owned())
}

fn get(authority: &str, target: &str, cookies: &BTreeMap<String, String>) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(authority)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let cookies: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    write!(
        stream,
        "GET /{target} HTTP/1.1\r\nhost: {authority}\r\ncookie: {}\r\nconnection: close\r\n\r\n",
        cookies.join("; ")
    )?;
    let mut answer = Vec::new();
    stream.take(256 * 1024).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

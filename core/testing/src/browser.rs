//! A browser without a window, for a provider on this machine that signs in without a page.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use pforte_host::{UserAgent, UserAgentError};

use crate::PortLog;

/// What the browser does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum BrowserHabit {
    /// Asks the provider once, and comes back with the redirect.
    #[default]
    Follows,
    /// The person closes it.
    Closes,
    /// Comes back with this URL, whatever was asked.
    Strays(String),
}

/// A browser for tests: one plain `GET` to `http://127.0.0.1` or `localhost`, no cookies, no page. Clones are the same.
#[derive(Clone)]
pub struct RedirectingBrowser {
    habit: Arc<Mutex<BrowserHabit>>,
    log: PortLog,
}

impl RedirectingBrowser {
    /// Follows from now on.
    pub fn new(log: PortLog) -> Self {
        Self { habit: Arc::default(), log }
    }

    /// What it does from now on.
    pub fn will(&self, habit: BrowserHabit) {
        *self.habit.lock().unwrap_or_else(PoisonError::into_inner) = habit;
    }
}

#[async_trait]
impl UserAgent for RedirectingBrowser {
    async fn browse(&self, url: String, _redirect_uri: String) -> Result<String, UserAgentError> {
        let failed = |reason: &str| UserAgentError::Failed { reason: reason.to_owned() };
        let (authority, target) = url
            .strip_prefix("http://")
            .and_then(|rest| rest.split_once('/'))
            .ok_or_else(|| failed("this browser only reaches this machine, without TLS"))?;
        self.log
            .note("user_agent.browse", &format!("/{}", target.split(['?', '#']).next().unwrap_or_default()));
        let habit = self.habit.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match habit {
            BrowserHabit::Closes => Err(UserAgentError::Closed),
            BrowserHabit::Strays(url) => Ok(url),
            BrowserHabit::Follows => {
                let answer = get(authority, target).map_err(|error| failed(&error.to_string()))?;
                location(&answer).ok_or_else(|| failed("the provider answered without a redirect"))
            }
        }
    }
}

/// One exchange; it blocks for as long as a provider on this machine takes.
fn get(authority: &str, target: &str) -> std::io::Result<String> {
    let local = ["127.0.0.1:", "localhost:", "[::1]:"].iter().any(|host| authority.starts_with(host));
    if !local {
        return Err(std::io::Error::other("this browser only reaches this machine"));
    }
    let mut stream = TcpStream::connect(authority)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(stream, "GET /{target} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(64 * 1024).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn location(answer: &str) -> Option<String> {
    let head = answer.split("\r\n\r\n").next()?;
    head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("location").then(|| value.trim().to_owned())
    })
}

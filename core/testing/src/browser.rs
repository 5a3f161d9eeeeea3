//! A browser without a window, for a provider on this machine that signs in without a page.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use pforte_host::{UserAgent, UserAgentError};
use tokio::sync::oneshot;

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

/// A browser for tests: one plain `GET` to this machine (`127.0.0.1`, `localhost`, `[::1]`, with a port), no cookies, no
/// page. Clones are the same browser.
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
        // A fragment stays in the browser (RFC 3986, section 3.5).
        let target = target.split('#').next().unwrap_or_default();
        self.log.note("user_agent.browse", &format!("/{}", target.split('?').next().unwrap_or_default()));
        let habit = self.habit.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match habit {
            BrowserHabit::Closes => Err(UserAgentError::Closed),
            BrowserHabit::Strays(url) => Ok(url),
            BrowserHabit::Follows => {
                let (authority, target) = (authority.to_owned(), target.to_owned());
                let (done, answer) = oneshot::channel();
                // A thread of its own: the provider may live on the thread that polls this future.
                std::thread::spawn(move || drop(done.send(get(&authority, &target))));
                let answer = answer.await.map_err(|_| failed("the browser ended"))?;
                let answer = answer.map_err(|error| failed(&error.to_string()))?;
                location(&answer).ok_or_else(|| failed("the provider answered without a redirect"))
            }
        }
    }
}

/// One exchange; it blocks for as long as a provider on this machine takes, at most ten seconds a read.
fn get(authority: &str, target: &str) -> std::io::Result<String> {
    let local = ["127.0.0.1:", "localhost:", "[::1]:"].iter().any(|host| authority.starts_with(host));
    if !local {
        return Err(std::io::Error::other("this browser only reaches this machine"));
    }
    let mut stream = TcpStream::connect(authority)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let request = format!("GET /{target} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
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

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// Answers one request with `answer`, and gives its address and then the request line.
    fn provider(answer: &'static str) -> (String, std::thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        let served = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let length = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&request[..length]).lines().next().unwrap().to_owned()
        });
        (authority, served)
    }

    async fn browse(browser: &RedirectingBrowser, url: String) -> Result<String, UserAgentError> {
        browser.browse(url, "app:/callback".to_owned()).await
    }

    #[tokio::test]
    async fn it_comes_back_with_the_redirect() {
        let (authority, served) = provider(
            "HTTP/1.1 302 Found\r\nLocation: app:/callback?code=c&state=s\r\ncontent-length: 0\r\n\r\n",
        );
        let log = PortLog::default();
        let url = format!("http://{authority}/authorize?state=s#part");
        let back = browse(&RedirectingBrowser::new(log.clone()), url).await;
        assert_eq!(back, Ok("app:/callback?code=c&state=s".to_owned()));
        assert!(served.join().unwrap().starts_with("GET /authorize?state=s HTTP"));
        assert_eq!(log.lines(), ["user_agent.browse(/authorize)"]);
    }

    #[tokio::test]
    async fn a_page_instead_of_a_redirect_is_an_error() {
        let (authority, served) = provider("HTTP/1.1 200 OK\r\n\r\nlocation: app:/callback?code=page");
        let browser = RedirectingBrowser::new(PortLog::default());
        let stayed = browse(&browser, format!("http://{authority}/authorize")).await;
        assert!(matches!(stayed, Err(UserAgentError::Failed { .. })), "{stayed:?}");
        served.join().unwrap();
    }

    #[tokio::test]
    async fn its_habits_need_no_provider() {
        let browser = RedirectingBrowser::new(PortLog::default());
        let url = || "http://127.0.0.1:1/authorize".to_owned();
        browser.will(BrowserHabit::Closes);
        assert_eq!(browse(&browser, url()).await, Err(UserAgentError::Closed));
        browser.will(BrowserHabit::Strays("app:/callback?code=other".to_owned()));
        assert_eq!(browse(&browser, url()).await, Ok("app:/callback?code=other".to_owned()));
    }

    #[tokio::test]
    async fn it_leaves_this_machine_for_nobody() {
        let browser = RedirectingBrowser::new(PortLog::default());
        for url in ["https://127.0.0.1:1/a", "http://example.com/a", "http://127.0.0.1.example.com:80/a", "x"]
        {
            let refused = browse(&browser, url.to_owned()).await;
            assert!(matches!(refused, Err(UserAgentError::Failed { .. })), "{url}");
        }
    }
}

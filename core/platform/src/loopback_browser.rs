//! A desktop's browser, with the redirect back to a port of this machine (RFC 8252, section 7.3).

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use pforte_host::{UserAgent, UserAgentError};
use tokio::sync::oneshot;

/// The one path that is answered.
const PATH: &str = "/callback";
/// How long the person may take; a sign-in is not good for longer.
const PATIENCE: Duration = Duration::from_secs(600);
/// How long one connection may take to say what it wants.
const HASTE: Duration = Duration::from_secs(5);
/// How often the port is looked at.
const PACE: Duration = Duration::from_millis(20);
/// The longest request that is read, in bytes.
const LONGEST: usize = 16 * 1024;
/// The most connections at once: browsers open some that they may never use.
const MOST: usize = 16;
const PAGE: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Back to the app</title>\
    <p>You can go back to the app now and close this page.";

type Redirect = Result<String, UserAgentError>;

/// Opens the system's browser, and waits at a loopback port for the redirect, at most ten minutes. Clones wait at the
/// same port, one after the other.
///
/// ```
/// use pforte_platform::LoopbackBrowser;
///
/// let (browser, redirect_uri) = LoopbackBrowser::bind()?;
/// assert!(redirect_uri.starts_with("http://127.0.0.1:"));
/// # drop(browser);
/// # Ok::<(), pforte_host::UserAgentError>(())
/// ```
#[derive(Debug, Clone)]
pub struct LoopbackBrowser {
    listener: Arc<TcpListener>,
    origin: String,
    open: fn(&str) -> Result<(), UserAgentError>,
    turn: Arc<Mutex<()>>,
}

impl LoopbackBrowser {
    /// Takes a free port. The redirect URI to configure comes with it: the port has to be known before the sign-in.
    ///
    /// Errors: [`UserAgentError::Failed`] where there is no loopback port.
    pub fn bind() -> Result<(Self, String), UserAgentError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let origin = format!("http://127.0.0.1:{}", listener.local_addr().map_err(failed)?.port());
        let redirect_uri = format!("{origin}{PATH}");
        let browser =
            Self { listener: Arc::new(listener), origin, open: system_browser, turn: Arc::default() };
        Ok((browser, redirect_uri))
    }

    /// Opens the browser and waits for the one request that is the redirect; everything else is answered with 404.
    fn open_and_wait(&self, url: &str, given_up: impl Fn() -> bool) -> Redirect {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        (self.open)(url)?;
        let until = Instant::now() + PATIENCE;
        let open = Arc::new(AtomicUsize::new(0));
        let (arrived, arrivals) = mpsc::channel();
        while Instant::now() < until && !given_up() {
            match self.listener.accept() {
                // One thread each: a connection that says nothing must not hold up the one that brings the redirect.
                Ok((stream, _)) if open.load(Ordering::SeqCst) < MOST => {
                    open.fetch_add(1, Ordering::SeqCst);
                    let (open, arrived) = (open.clone(), arrived.clone());
                    let answering = std::thread::Builder::new().spawn(move || {
                        if let Some(target) = answer(stream) {
                            drop(arrived.send(target));
                        }
                        open.fetch_sub(1, Ordering::SeqCst);
                    });
                    answering.map_err(failed)?;
                }
                Ok((stream, _)) => drop(stream),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                Err(error) => return Err(failed(error)),
            }
            if let Ok(target) = arrivals.recv_timeout(PACE) {
                return Ok(format!("{}{target}", self.origin));
            }
        }
        Err(UserAgentError::Closed)
    }
}

#[async_trait]
impl UserAgent for LoopbackBrowser {
    async fn browse(&self, url: String, redirect_uri: String) -> Result<String, UserAgentError> {
        let here = format!("{}{PATH}", self.origin);
        if redirect_uri != here {
            return Err(UserAgentError::RedirectNotRegistered {
                reason: format!("this browser waits at {here}; set it as the client's redirect URI"),
            });
        }
        // A thread of its own: whoever polls this future must not be blocked for minutes.
        let (done, waited) = oneshot::channel();
        let browser = self.clone();
        let waiting = move || {
            let result = browser.open_and_wait(&url, || done.is_closed());
            drop(done.send(result));
        };
        std::thread::Builder::new().spawn(waiting).map_err(failed)?;
        waited.await.unwrap_or(Err(UserAgentError::Closed))
    }
}

fn system_browser(url: &str) -> Result<(), UserAgentError> {
    webbrowser::open(url).map_err(|error| UserAgentError::NoBrowser { reason: error.to_string() })
}

fn failed(error: std::io::Error) -> UserAgentError {
    UserAgentError::Failed { reason: error.to_string() }
}

/// Answers one request; its target where it is the redirect.
fn answer(mut stream: TcpStream) -> Option<String> {
    let request = head(&mut stream)?;
    let request = String::from_utf8(request).ok()?;
    let target = request.lines().next()?.strip_prefix("GET ")?.strip_suffix(" HTTP/1.1");
    let ours = target.filter(|target| target.split('?').next() == Some(PATH));
    let (status, page) = if ours.is_some() { ("200 OK", PAGE) } else { ("404 Not Found", "") };
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\n\
         cache-control: no-store\r\nreferrer-policy: no-referrer\r\ncontent-security-policy: default-src 'none'\r\n\
         connection: close\r\n\r\n{page}",
        page.len()
    );
    // The redirect counts also where the browser is gone before it has the page.
    drop(stream.write_all(answer.as_bytes()));
    ours.map(str::to_owned)
}

/// Everything up to the empty line, bounded in bytes and in time, however slowly it comes.
fn head(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let until = Instant::now() + HASTE;
    stream.set_nonblocking(false).ok()?;
    stream.set_write_timeout(Some(HASTE)).ok()?;
    let mut request = Vec::new();
    let mut chunk = [0; 1024];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        let left = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
        stream.set_read_timeout(Some(left)).ok()?;
        let length = stream.read(&mut chunk).ok().filter(|length| *length > 0)?;
        request.extend_from_slice(chunk.get(..length)?);
        if request.len() > LONGEST {
            return None;
        }
    }
    Some(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stands for the system's browser: nobody clicks.
    fn nobody(_url: &str) -> Result<(), UserAgentError> {
        Ok(())
    }

    /// Stands for a browser and a provider that sends it straight back.
    fn straight_back(url: &str) -> Result<(), UserAgentError> {
        let url = url.to_owned();
        std::thread::spawn(move || {
            let (authority, target) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
            let mut stream = TcpStream::connect(authority).unwrap();
            write!(stream, "GET /{target} HTTP/1.1\r\nhost: {authority}\r\n\r\n").unwrap();
            stream.read_to_end(&mut Vec::new()).unwrap();
        });
        Ok(())
    }

    fn browser(open: fn(&str) -> Result<(), UserAgentError>) -> (LoopbackBrowser, String) {
        let (browser, redirect_uri) = LoopbackBrowser::bind().unwrap();
        (LoopbackBrowser { open, ..browser }, redirect_uri)
    }

    fn exchange(authority: &str, request: &str) -> String {
        let mut stream = TcpStream::connect(authority).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap_or_default();
        answer
    }

    fn get(authority: &str, target: &str) -> String {
        exchange(authority, &format!("GET {target} HTTP/1.1\r\nhost: {authority}\r\n\r\n"))
    }

    #[tokio::test]
    async fn the_redirect_comes_back_whole() {
        let (browser, redirect_uri) = browser(straight_back);
        for state in ["s1", "s2"] {
            let url = format!("{redirect_uri}?code=c&state={state}");
            assert_eq!(browser.browse(url.clone(), redirect_uri.clone()).await, Ok(url));
        }
    }

    #[test]
    fn only_the_redirect_is_taken() {
        let (browser, redirect_uri) = browser(nobody);
        let authority = browser.origin.strip_prefix("http://").unwrap().to_owned();
        let visitor = std::thread::spawn(move || {
            let silent = TcpStream::connect(&authority).unwrap();
            let strays = ["/favicon.ico", "/callbacks?code=c", "/a/callback?code=c", "//callback"]
                .map(|target| get(&authority, target));
            let posted = exchange(&authority, "POST /callback?code=c HTTP/1.1\r\n\r\n");
            let noise = exchange(&authority, "\u{fffd}\r\n\r\n");
            let endless = exchange(&authority, &format!("GET /{}", "a".repeat(LONGEST + 1024)));
            let redirect = get(&authority, "/callback?code=c&state=s");
            drop(silent);
            (strays, [posted, noise, endless], redirect)
        });
        let began = Instant::now();
        assert_eq!(browser.open_and_wait("", || false).unwrap(), format!("{redirect_uri}?code=c&state=s"));
        assert!(began.elapsed() < HASTE, "a silent connection holds nobody up");
        let (strays, refused, redirect) = visitor.join().unwrap();
        assert!(strays.iter().all(|answer| answer.starts_with("HTTP/1.1 404")), "{strays:?}");
        assert!(refused.iter().all(|answer| !answer.starts_with("HTTP/1.1 200")), "{refused:?}");
        assert!(redirect.starts_with("HTTP/1.1 200") && redirect.contains("referrer-policy: no-referrer"));
    }

    #[tokio::test]
    async fn a_redirect_uri_that_leads_elsewhere_is_told_before_the_browser_opens() {
        let (browser, redirect_uri) = browser(|_| panic!("the browser must stay closed"));
        let elsewhere = browser.browse(String::new(), "com.example:/callback".into()).await;
        match elsewhere {
            Err(UserAgentError::RedirectNotRegistered { reason }) => assert!(reason.contains(&redirect_uri)),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_machine_without_a_browser_says_so() {
        let (browser, redirect_uri) = browser(|_| Err(UserAgentError::NoBrowser { reason: "none".into() }));
        let none = browser.browse(redirect_uri.clone(), redirect_uri).await;
        assert!(matches!(none, Err(UserAgentError::NoBrowser { .. })));
    }

    #[tokio::test]
    async fn a_sign_in_that_was_given_up_leaves_the_port_to_the_next() {
        let (browser, redirect_uri) = browser(nobody);
        let given_up = browser.browse(redirect_uri.clone(), redirect_uri.clone());
        assert!(tokio::time::timeout(Duration::from_millis(100), given_up).await.is_err());
        let browser = LoopbackBrowser { open: straight_back, ..browser };
        let url = format!("{redirect_uri}?code=c");
        let next = browser.browse(url.clone(), redirect_uri);
        assert_eq!(tokio::time::timeout(Duration::from_secs(5), next).await, Ok(Ok(url)));
    }
}

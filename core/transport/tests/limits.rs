//! What the transport allows, and where it stops, against plain sockets on this machine.

// Helpers of tests may unwrap, as tests may.
#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http::Request;
use pforte_transport::{Trace, TraceLine, Transport, TransportError, TransportSettings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn settings() -> TransportSettings {
    TransportSettings {
        allow_loopback_http: true,
        connect_timeout: Duration::from_secs(2),
        total_timeout: Duration::from_secs(5),
        max_body_bytes: 1_000,
        ..TransportSettings::default()
    }
}

fn transport() -> Transport {
    Transport::new(settings()).unwrap()
}

fn get(url: &str) -> Request<Vec<u8>> {
    Request::get(url).body(Vec::new()).unwrap()
}

/// A server that reads one request on each connection and then does what it is told. Counts its connections.
async fn server<F, W>(then: F) -> (SocketAddr, Arc<AtomicUsize>)
where
    F: Fn(TcpStream, String) -> W + Send + Sync + 'static,
    W: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let then = Arc::new(then);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let then = then.clone();
            tokio::spawn(async move {
                let request = read_request(&mut socket).await;
                then(socket, request).await;
            });
        }
    });
    (address, count)
}

/// Reads up to the end of the headers, and the body that `content-length` announces.
async fn read_request(socket: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        let read = socket.read(&mut buffer).await.unwrap_or(0);
        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
            if body.len() >= length.parse().unwrap() {
                return text;
            }
        }
        if read == 0 {
            return text;
        }
    }
}

async fn answering(response: &'static str) -> (SocketAddr, Arc<AtomicUsize>) {
    server(move |mut socket, _| async move {
        let _ = socket.write_all(response.as_bytes()).await;
    })
    .await
}

#[tokio::test]
async fn a_request_goes_out_as_it_is_and_the_response_comes_back() {
    let (address, _) = server(|mut socket, request| async move {
        let echo = format!(
            "HTTP/1.1 201 Created\r\nx-a: 1\r\nx-a: 2\r\ncontent-length: {}\r\n\r\n{request}",
            request.len()
        );
        let _ = socket.write_all(echo.as_bytes()).await;
    })
    .await;
    let request = Request::post(format!("http://{address}/token?q=1"))
        .header("x-own", "yes")
        .body(b"a=b".to_vec())
        .unwrap();
    let response = transport().send(request).await.unwrap();
    assert_eq!(response.status(), 201);
    assert_eq!(response.headers().get_all("x-a").iter().collect::<Vec<_>>(), ["1", "2"]);
    let seen = String::from_utf8(response.into_body()).unwrap().to_lowercase();
    assert!(seen.starts_with("post /token?q=1 http/1.1\r\n") && seen.ends_with("\r\n\r\na=b"), "{seen}");
    assert!(seen.contains("x-own: yes"));
    for absent in ["cookie", "accept-encoding", "referer", "user-agent"] {
        assert!(!seen.contains(absent), "{absent} in {seen}");
    }
}

#[tokio::test]
async fn localhost_is_this_machine() {
    let (address, _) = answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let response = transport().send(get(&format!("http://localhost:{}/", address.port()))).await.unwrap();
    assert_eq!(response.body(), b"ok");
}

/// Attack list 22.
#[tokio::test]
async fn redirects_are_handed_back_and_not_followed() {
    let (target, reached) = answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    for status in [301, 302, 303, 307, 308] {
        let (address, _) = server(move |mut socket, _| async move {
            let head =
                format!("HTTP/1.1 {status} Moved\r\nlocation: http://{target}/\r\ncontent-length: 0\r\n\r\n");
            let _ = socket.write_all(head.as_bytes()).await;
        })
        .await;
        let response = transport().send(get(&format!("http://{address}/"))).await.unwrap();
        assert_eq!(response.status(), status);
    }
    assert_eq!(reached.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn cookies_are_not_kept() {
    let (address, _) = server(|mut socket, request| async move {
        let status = if request.to_lowercase().contains("cookie:") { 500 } else { 200 };
        let head = format!(
            "HTTP/1.1 {status} X\r\nset-cookie: a=b; path=/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        let _ = socket.write_all(head.as_bytes()).await;
    })
    .await;
    let transport = transport();
    for _ in 0..2 {
        assert_eq!(transport.send(get(&format!("http://{address}/"))).await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn only_https_and_allowed_loopback_go_out() {
    let strict = Transport::new(TransportSettings::default()).unwrap();
    for url in ["http://127.0.0.1:1/", "http://localhost:1/", "http://[::1]:1/", "http://id.example.com/"] {
        let result = strict.send(get(url)).await;
        assert!(matches!(result, Err(TransportError::NotAllowed { .. })), "{url}");
    }
    for url in [
        "http://id.example.com/",
        "http://127.0.0.1.example.com/",
        "http://user@127.0.0.1:1/",
        "https://u:p@id.example.com/",
        "ftp://127.0.0.1/",
        "/relative",
    ] {
        let result = transport().send(get(url)).await;
        assert!(matches!(result, Err(TransportError::NotAllowed { .. })), "{url}");
    }
}

/// Attack list 33: a body that is announced too long, and one that never ends.
#[tokio::test]
async fn long_bodies_are_not_read() {
    let (announced, _) = answering("HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\nx").await;
    let (endless, _) = server(|mut socket, _| async move {
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
        let chunk = format!("100\r\n{}\r\n", "x".repeat(256));
        while socket.write_all(chunk.as_bytes()).await.is_ok() {}
    })
    .await;
    for address in [announced, endless] {
        let error = transport().send(get(&format!("http://{address}/"))).await.unwrap_err();
        assert_eq!(error, TransportError::TooLarge { limit: 1_000 });
        assert!(error.may_have_arrived());
    }
    let (exact, _) = server(|mut socket, _| async move {
        let whole = format!("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{}", "x".repeat(1_000));
        let _ = socket.write_all(whole.as_bytes()).await;
    })
    .await;
    assert_eq!(transport().send(get(&format!("http://{exact}/"))).await.unwrap().body().len(), 1_000);
}

/// Attack list 33: headers, or a body, a byte at a time.
#[tokio::test]
async fn a_slow_server_meets_the_deadline() {
    async fn drip(mut socket: TcpStream, head: &'static str) {
        let _ = socket.write_all(head.as_bytes()).await;
        while socket.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    let (headers, _) = server(|socket, _| drip(socket, "HTTP/1.1 200 OK\r\nx: ")).await;
    let (body, _) = server(|socket, _| drip(socket, "HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n")).await;
    let hasty = TransportSettings { total_timeout: Duration::from_millis(300), ..settings() };
    for address in [headers, body] {
        let began = Instant::now();
        let error = Transport::new(hasty.clone())
            .unwrap()
            .send(get(&format!("http://{address}/")))
            .await
            .unwrap_err();
        assert_eq!(error, TransportError::TimedOut { may_have_arrived: true });
        assert!(began.elapsed() < Duration::from_secs(3));
    }
}

#[tokio::test]
async fn nobody_there_is_offline_and_nothing_was_sent() {
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let error = transport().send(get(&format!("http://{closed}/"))).await.unwrap_err();
    assert_eq!(error, TransportError::Offline);
    assert!(!error.may_have_arrived());
}

#[tokio::test]
async fn a_broken_connection_is_said_and_nothing_is_sent_again() {
    let (silent, connections) = server(|socket, _| async move { drop(socket) }).await;
    let request = Request::post(format!("http://{silent}/token")).body(b"refresh_token=x".to_vec()).unwrap();
    let error = transport().send(request).await.unwrap_err();
    assert_eq!(error, TransportError::Interrupted);
    assert!(error.may_have_arrived());
    assert_eq!(connections.load(Ordering::SeqCst), 1);

    let (half, _) = answering("HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\nhalf").await;
    let error = transport().send(get(&format!("http://{half}/"))).await.unwrap_err();
    assert_eq!(error, TransportError::Interrupted);
}

#[tokio::test]
async fn no_error_shows_the_url() {
    let transport = transport();
    for url in [
        "http://127.0.0.1:1/p?code=canary",
        "http://id.example.com/?code=canary",
        "https://localhost:1/?code=canary",
    ] {
        let error = transport.send(get(url)).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    }
    assert!(!format!("{transport:?}").contains("client"));
}

#[tokio::test]
async fn a_trace_tells_of_each_exchange_and_of_no_secret() {
    let (address, _) = answering("HTTP/1.1 204 No Content\r\nx-canary: canary\r\n\r\n").await;
    let lines = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = lines.clone();
    let trace = Trace::new(move |line: &TraceLine| seen.lock().unwrap().push(line.clone()));
    let transport = Transport::new(TransportSettings { trace: Some(trace), ..settings() }).unwrap();
    let request = Request::post(format!("http://{address}/token?code=canary"))
        .header("authorization", "Bearer canary")
        .body(b"refresh_token=canary".to_vec())
        .unwrap();
    assert_eq!(transport.send(request).await.unwrap().status(), 204);
    assert!(transport.send(get("http://example.com/x?canary")).await.is_err());
    let lines = lines.lock().unwrap().clone();
    assert_eq!(lines.len(), 2);
    assert_eq!((lines[0].path.as_str(), lines[0].outcome.as_ref().unwrap().as_u16()), ("/token", 204));
    assert!(matches!(lines[1].outcome, Err(TransportError::NotAllowed { .. })));
    assert!(!format!("{lines:?}").contains("canary"));
}

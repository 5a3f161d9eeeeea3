//! After locking no token is left in the process's memory, neither in use nor freed.
//!
//! The search runs in a process of its own, started from this very executable: the provider, which knows the tokens, stays
//! outside. It never holds what it looks for in one piece.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]
#![allow(clippy::print_stdout, reason = "how often a token was found is a result")]

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use pforte_client::{Client, Config, Entry, HttpRequest, Provider};
use pforte_journeys::{answers, policy};
use pforte_platform::FolderFiles;
use pforte_provider::{Act, Endpoint, Misbehaviour, Settings};
use pforte_testing::ScriptedHost;

/// As in the library that apps link: what is freed is wiped, also by crates that know nothing of secrets.
#[global_allocator]
static WIPES_WHAT_IS_FREED: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

/// Tells the started process that it is the one to look at, and where the provider is.
const ISSUER: &str = "PFORTE_MEMORY_TEST_ISSUER";

/// How many bytes of a token must be found in a row.
const ENOUGH: usize = 24;

#[test]
fn after_locking_no_token_is_in_memory() {
    if let Ok(issuer) = std::env::var(ISSUER) {
        return tokio::runtime::Runtime::new().unwrap().block_on(looked_at(issuer));
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let settings = Settings { automatic: Some("alice".to_owned()), ..Settings::default() };
    let provider = runtime.block_on(pforte_provider::Provider::start(settings)).unwrap();
    let canary: String = (0..64).map(|at| char::from(refresh_token(at))).collect();
    let planted = Act::member("refresh_token", canary.into());
    provider.control().misbehave(Misbehaviour::always(Endpoint::Token, planted)).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "after_locking_no_token_is_in_memory", "--nocapture"])
        .env(ISSUER, provider.issuer())
        .output()
        .unwrap();
    println!("{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A character of the refresh token that the provider gives out; both processes work it out.
fn refresh_token(at: usize) -> u8 {
    let mixed = (at as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23) ^ 0x5bd1_e995;
    b'a' + u8::try_from(mixed.wrapping_mul(0xff51_afd7_ed55_8ccd) >> 40 & 0xff).unwrap() % 26
}

async fn looked_at(issuer: String) {
    let device = ScriptedHost::new();
    device.asks.answer_with(|ask| Ok(answers(ask)));
    let folder = tempfile::tempdir().unwrap();
    let host = device.host_with_files(Arc::new(FolderFiles::open(folder.path()).unwrap()));
    let provider = Provider::development(&issuer, "portal-app");
    let config = Config::new(policy(), provider, "com.example.portal:/callback");
    let config = Config { api_origins: vec![issuer.clone()], ..config };
    let client = Client::open(config, host).await.unwrap();
    assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));

    // The access token, each byte turned over; the caller's copy is the caller's to wipe.
    let mut header = client.authorization(&issuer).await.unwrap().into_bytes();
    let mask = |byte: &u8| byte ^ 0xff;
    // A JWT begins as many others do: its signature is its own.
    let access_token: Vec<u8> = header[header.len() - 64..].iter().map(mask).collect();
    header.fill(0);
    std::hint::black_box(&header);

    let tokens: [(&str, &dyn Fn(usize) -> u8); 2] =
        [("refresh token", &refresh_token), ("access token", &|at| access_token[at] ^ 0xff)];
    let mut search = Search { buffer: vec![0; 1 << 20] };
    for round in 1..=3 {
        // The access token travels, and stays in the connection's buffer until that closes.
        let call = HttpRequest {
            method: "GET".to_owned(),
            url: format!("{issuer}/portal/reviews"),
            headers: Vec::new(),
            body: Vec::new(),
        };
        assert_eq!(client.send(call).await.unwrap().status, 200);
        for (name, token) in tokens {
            let found = search.count(token);
            println!("round {round}, unlocked: the {name} is in memory {found} times");
            assert!(found > 0, "the search does not find what is there");
        }
        client.lock().await.unwrap();
        for (name, token) in tokens {
            // A connection that was let go of closes on its own task.
            let mut found = search.count(token);
            for _ in 0..50 {
                if found == 0 {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
                found = search.count(token);
            }
            println!("round {round}, locked: the {name} is in memory {found} times");
            assert_eq!(found, 0, "{name}");
        }
        client.unlock().await.unwrap();
    }
}

/// Looks through this process's memory; what it reads is in its own buffer, and only there.
struct Search {
    buffer: Vec<u8>,
}

impl Search {
    fn count(&mut self, token: &dyn Fn(usize) -> u8) -> usize {
        let own = self.buffer.as_ptr().addr() as u64;
        let own = own..own + self.buffer.len() as u64;
        let mut memory = File::open("/proc/self/mem").unwrap();
        let mut found = 0;
        for (from, to) in writable_regions() {
            let mut at = from;
            while at + (ENOUGH as u64) <= to {
                let length = usize::try_from(to - at).unwrap().min(self.buffer.len());
                memory.seek(SeekFrom::Start(at)).unwrap();
                // A region may be gone by now, or not be readable after all.
                let Ok(read) = memory.read(&mut self.buffer[..length]) else { break };
                let is_match = |window: &[u8]| window.iter().enumerate().all(|(at, byte)| *byte == token(at));
                let first = token(0);
                let hits = self.buffer[..read].windows(ENOUGH).enumerate().filter(|(offset, window)| {
                    window[0] == first && !own.contains(&(at + *offset as u64)) && is_match(window)
                });
                found += hits.count();
                if read < ENOUGH {
                    break;
                }
                at += (read - ENOUGH + 1) as u64;
            }
        }
        self.buffer.fill(0);
        found
    }
}

fn writable_regions() -> Vec<(u64, u64)> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let region = |line: &str| {
        let (range, rest) = line.split_once(' ')?;
        let (from, to) = range.split_once('-')?;
        let bounds = (u64::from_str_radix(from, 16).ok()?, u64::from_str_radix(to, 16).ok()?);
        rest.starts_with("rw").then_some(bounds)
    };
    maps.lines().filter_map(region).collect()
}

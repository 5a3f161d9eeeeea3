//! The protocol steps against Keycloak, and one table of features by provider.
//!
//! Keycloak comes from Maven Central, once; it is built once for what is tested, and each run begins with empty realms
//! of our own (`tests/interop/keycloak`).

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::counts::Reader;
use crate::folders;
use crate::rings::interop;
use crate::run::{Run, Stop};
use crate::tools;
use crate::workspace::Workspace;

const VERSION: &str = "26.7.3";

/// Part of the build, so that another choice builds anew.
const FEATURES: &str = "resource-indicators";

/// It takes 15 to 30 s.
const START: Duration = Duration::from_secs(120);

/// How long it may take to end by itself.
const END: Duration = Duration::from_secs(15);

pub fn run(workspace: &Workspace, run: &mut Run) -> Result<(), Stop> {
    tools::require(run, &["java", "mvn", "unzip"], &["default-jdk-headless", "maven", "unzip"])?;
    interop::install(workspace, run)?;
    let home = install(workspace, run)?;
    tools::build_everything(workspace, run)?;
    let keycloak = Keycloak::start(workspace, &home)?;
    println!("  Keycloak answers at {}", keycloak.base);
    let provider = interop::Provider::start(workspace)?;
    let mut tests = workspace.cargo(["test", "--workspace", "--exclude", "xtask", "--test", "providers"]);
    tests
        .args(["--", "--nocapture"])
        .env("PFORTE_KEYCLOAK", &keycloak.base)
        .env("PFORTE_OP", &provider.issuer);
    run.step("features by provider", &mut tests, Reader::CargoTest)?;
    let mut tests = workspace.cargo(["test", "--workspace", "--exclude", "xtask", "--test", "client"]);
    tests.env("PFORTE_KEYCLOAK", &keycloak.base);
    run.step("the whole client at Keycloak", &mut tests, Reader::CargoTest)
}

/// Downloads, unpacks and builds, each once. A stamp is written when all of it is done.
fn install(workspace: &Workspace, run: &mut Run) -> Result<PathBuf, Stop> {
    let folder = workspace.target("keycloak");
    let home = folder.join(format!("keycloak-{VERSION}"));
    let stamp = folder.join(format!("built-{VERSION}-{FEATURES}"));
    if stamp.is_file() && home.join("bin/kc.sh").is_file() {
        return Ok(home);
    }
    fs::create_dir_all(&folder)?;
    let artifact = format!("org.keycloak:keycloak-quarkus-dist:{VERSION}:zip");
    let plugin = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy";
    let mut maven = workspace.command("mvn", ["-B", "-ntp", "-q", plugin]);
    maven
        .arg(format!("-Dartifact={artifact}"))
        .arg(format!("-DoutputDirectory={}", folder.display()))
        .arg("-Dmdep.useBaseVersion=true");
    run.prepare(&format!("download Keycloak {VERSION}, 177 MB"), &mut maven)?;
    let archive = folder.join(format!("keycloak-quarkus-dist-{VERSION}.zip"));
    let mut unzip = workspace.command("unzip", ["-q", "-o"]);
    run.prepare("unpack Keycloak", unzip.arg(&archive).arg("-d").arg(&folder))?;
    fs::remove_file(archive)?;
    let mut build = Command::new(home.join("bin/kc.sh"));
    build.args(["build", "--db=dev-file", "--cache=local", "--features-disabled=kerberos"]);
    run.prepare("build Keycloak", build.arg(format!("--features={FEATURES}")).current_dir(&home))?;
    fs::write(stamp, "")?;
    Ok(home)
}

/// Keycloak's process; ends with this value. `kc.sh` passes the signal on to its child, which is the server.
struct Keycloak {
    process: Child,
    base: String,
}

impl Keycloak {
    fn start(workspace: &Workspace, home: &Path) -> Result<Self, Stop> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        // Passkeys and `Secure` cookies want the name, not the address.
        let base = format!("http://localhost:{port}");
        begin_anew(workspace, home, &base)?;
        let log = fs::File::create(workspace.target("keycloak/server.log"))?;
        let mut server = Command::new(home.join("bin/kc.sh"));
        server
            .args(["start", "--optimized", "--import-realm", "--http-enabled=true", "--http-host=127.0.0.1"])
            .arg(format!("--http-port={port}"))
            .arg(format!("--hostname={base}"))
            .env("JAVA_OPTS_KC_HEAP", "-Xms64m -Xmx512m")
            .env("JAVA_OPTS_APPEND", "-XX:TieredStopAtLevel=1")
            .current_dir(home)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let mut keycloak = Self { process: server.spawn()?, base };
        let began = Instant::now();
        while !answers(port) {
            let ended = keycloak.process.try_wait()?;
            if ended.is_some() || began.elapsed() > START {
                let seconds = began.elapsed().as_secs();
                return Err(Stop::Failed(format!(
                    "Keycloak was not ready after {seconds} s; see target/keycloak/server.log"
                )));
            }
            thread::sleep(Duration::from_millis(200));
        }
        Ok(keycloak)
    }
}

impl Drop for Keycloak {
    fn drop(&mut self) {
        // These fail only when it has already ended.
        let id = self.process.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        let began = Instant::now();
        while began.elapsed() < END {
            if !matches!(self.process.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(100));
        }
        // The child first: nobody could name it once its parent is gone.
        let _ = Command::new("pkill").args(["-KILL", "-P", &id]).status();
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Empty databases, and our realms to be imported with this run's address in them.
fn begin_anew(workspace: &Workspace, home: &Path, base: &str) -> Result<(), Stop> {
    let data = home.join("data");
    folders::empty(&data)?;
    fs::create_dir_all(data.join("import"))?;
    for realm in ["portal-realm.json", "social-realm.json"] {
        let text = fs::read_to_string(workspace.path("tests/interop/keycloak").join(realm))?;
        fs::write(data.join("import").join(realm), text.replace("@BASE@", base))?;
    }
    Ok(())
}

/// Whether the realm's metadata is served.
fn answers(port: u16) -> bool {
    let asked = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let path = "/realms/portal/.well-known/openid-configuration";
        write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost:{port}\r\nconnection: close\r\n\r\n")?;
        let mut head = [0; 12];
        stream.read_exact(&mut head)?;
        Ok(head.ends_with(b"200"))
    };
    asked().unwrap_or(false)
}

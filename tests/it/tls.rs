//! TLS and password files, against a server with a certificate made here.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::support::{
    Given, Workdir, ask, assert_says, command, eventually, front, homes, refusal, run,
    start_from_template,
};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use seedrow::postgres::embedded::Home;
use seedrow::postgres::embedded::cluster::Cluster;
use seedrow::postgres::programs;

const IS_ENCRYPTED: &str = "SELECT ssl::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

/// Who may come in how; the passwords are `hunter2`.
const RULES: &str = "
local   all all             trust
hostssl all only_tls   all  trust
hostnossl all only_plain all trust
hostssl all certified  all  cert
host    all shop       all  scram-sha-256
host    all postgres   all  trust
";

const ROLES: &str = "CREATE ROLE only_tls LOGIN; CREATE ROLE only_plain LOGIN; CREATE ROLE certified LOGIN; \
                     CREATE ROLE shop LOGIN PASSWORD 'hunter2'";

/// A server on 127.0.0.1 whose certificate is for `localhost`, and files to reach it with.
struct TlsServer {
    port: u16,
    folder: PathBuf,
}

impl TlsServer {
    fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// `host=127.0.0.1` as this role, with more parameters.
    fn at(&self, user: &str, more: &str) -> String {
        let port = self.port;
        format!("host=127.0.0.1 port={port} user={user} dbname=postgres {more}")
    }

    fn is_encrypted(&self, user: &str, more: &str) -> String {
        ask(&given(&self.at(user, more), &[]), IS_ENCRYPTED).unwrap()
    }

    fn refusal(&self, user: &str, more: &str) -> String {
        // What can't pass is not waited for.
        refusal(&Given {
            wait: Duration::from_secs(600),
            ..given(&self.at(user, more), &[])
        })
    }
}

fn given<'a>(url: &'a str, variables: &'a [(&'a str, &'a str)]) -> Given<'a> {
    Given {
        url: Some(url),
        variables,
        ..Given::default()
    }
}

/// The server of these tests. It ends with the test process.
fn tls_server() -> &'static TlsServer {
    static SERVER: OnceLock<TlsServer> = OnceLock::new();
    SERVER.get_or_init(|| {
        let home = Home::at(&homes().join("tls")).unwrap();
        home.prepare().unwrap();
        let installation = programs::installed().unwrap().remove(0);
        let cluster = Cluster::new(&home, installation).unwrap();
        cluster.stop_orphan().unwrap();
        let _ = fs::remove_dir_all(&cluster.data);
        start_from_template(&home);
        make_certificates(&cluster.data);
        fs::write(cluster.data.join("pg_hba.conf"), RULES).unwrap();
        give_files(&cluster);
        let socket = home.socket();
        cluster.ensure_private_folder(&socket).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let folder = cluster.data.clone();
        run_forever(cluster, &home, port, &socket);
        let admin = format!("host={} port={port} user=postgres", socket.display());
        eventually("the server with TLS", || {
            fs::read_to_string(folder.join("postmaster.pid"))
                .is_ok_and(|text| text.lines().nth(7).map(str::trim) == Some("ready"))
        });
        crate::support::execute_at(&admin, ROLES);
        TlsServer { port, folder }
    })
}

/// Starts postgres from a thread that outlives the test that came first: postgres ends with the thread.
fn run_forever(cluster: Cluster, home: &Home, port: u16, socket: &Path) {
    let log = fs::File::create(home.log()).unwrap();
    let mut command = cluster.command("postgres");
    command.arg("-D").arg(&cluster.data).stderr(log);
    for setting in [
        format!("port={port}"),
        format!("unix_socket_directories={}", socket.display()),
        "listen_addresses=127.0.0.1".into(),
        "dynamic_shared_memory_type=mmap".into(),
        "ssl=on".into(),
        "ssl_ca_file=ca.crt".into(),
    ] {
        command.arg("-c").arg(setting);
    }
    let (started, ready) = mpsc::channel();
    thread::spawn(move || {
        let mut postgres = command.spawn().unwrap();
        started.send(()).unwrap();
        postgres.wait()
    });
    ready.recv().unwrap();
}

/// An authority with the server's and a client's certificate, and another authority.
fn make_certificates(folder: &Path) {
    let write = |name: &str, text: String| fs::write(folder.join(name), text).unwrap();
    let (ca, ca_pem) = authority();
    write("ca.crt", ca_pem);
    write("other.crt", authority().1);
    for (file, name) in [("server", "localhost"), ("certified", "certified")] {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_string()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        write(
            &format!("{file}.crt"),
            params.signed_by(&key, &ca).unwrap().pem(),
        );
        write(&format!("{file}.key"), key.serialize_pem());
    }
}

fn authority() -> (Issuer<'static, KeyPair>, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
        .distinguished_name
        .push(DnType::CommonName, "an authority made by a test");
    let pem = params.self_signed(&key).unwrap().pem();
    (Issuer::new(params, key), pem)
}

/// Closes the keys to others, and gives all to the server's user.
fn give_files(cluster: &Cluster) {
    for entry in fs::read_dir(&cluster.data).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|it| it == "key") {
            fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        }
        if let Some(account) = cluster.account {
            chown(path, Some(account.uid), Some(account.gid)).unwrap();
        }
    }
}

/// A file that only we may read.
fn private_file(dir: &Workdir, name: &str, text: &str) -> String {
    let path = dir.write(name, text);
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    path.display().to_string()
}

#[test]
fn each_mode_encrypts_as_libpq_says() {
    let server = tls_server();
    for (mode, expected) in [
        ("disable", "false"),
        ("allow", "false"),
        ("prefer", "true"),
        ("require", "true"),
    ] {
        let more = format!("sslmode={mode}");
        assert_eq!(server.is_encrypted("postgres", &more), expected, "{mode}");
    }
    assert_eq!(server.is_encrypted("postgres", ""), "true");
    let variables = [("PGSSLMODE", "disable")];
    let url = server.at("postgres", "");
    assert_eq!(
        ask(&given(&url, &variables), IS_ENCRYPTED).unwrap(),
        "false"
    );
}

#[test]
fn allow_and_prefer_go_the_other_way_where_the_server_insists() {
    let server = tls_server();
    assert_eq!(server.is_encrypted("only_tls", "sslmode=allow"), "true");
    assert_eq!(server.is_encrypted("only_plain", "sslmode=prefer"), "false");
    let message = server.refusal("only_tls", "sslmode=disable");
    assert_says(&message, &["no encryption", "28000", "sslmode=require"]);
    let message = server.refusal("only_plain", "sslmode=require");
    assert_says(&message, &["SSL encryption", "28000", "pg_hba.conf"]);
}

#[test]
fn the_right_authority_and_name_are_accepted() {
    let server = tls_server();
    let root = format!("sslrootcert={}", server.file("ca.crt"));
    for more in ["sslmode=require", "sslmode=verify-ca"] {
        let more = format!("{more} {root}");
        assert_eq!(server.is_encrypted("postgres", &more), "true", "{more}");
    }
    let port = server.port;
    let url = format!(
        "postgresql://postgres@localhost:{port}/postgres?hostaddr=127.0.0.1&sslmode=verify-full"
    );
    let file = server.file("ca.crt");
    let variables = [("PGSSLROOTCERT", file.as_str())];
    assert_eq!(ask(&given(&url, &variables), IS_ENCRYPTED).unwrap(), "true");
}

#[test]
fn the_users_own_root_certificate_is_found_and_makes_require_verify() {
    let server = tls_server();
    let dir = Workdir::new("own_root");
    let right = dir.write(
        "right/.postgresql/root.crt",
        fs::read(server.file("ca.crt")).unwrap(),
    );
    let wrong = dir.write(
        "wrong/.postgresql/root.crt",
        fs::read(server.file("other.crt")).unwrap(),
    );
    let home = |file: &Path| file.ancestors().nth(2).unwrap().display().to_string();
    let (right, wrong) = (home(&right), home(&wrong));
    for mode in ["require", "verify-ca"] {
        let url = server.at("postgres", &format!("sslmode={mode}"));
        let variables = [("HOME", right.as_str())];
        assert_eq!(ask(&given(&url, &variables), IS_ENCRYPTED).unwrap(), "true");
        let message = refusal(&given(&url, &[("HOME", wrong.as_str())]));
        assert_says(&message, &["not trusted", "wrong/.postgresql/root.crt"]);
    }
    let url = server.at("postgres", "sslmode=prefer");
    let variables = [("HOME", wrong.as_str())];
    assert_eq!(ask(&given(&url, &variables), IS_ENCRYPTED).unwrap(), "true");
}

#[test]
fn another_authority_is_refused_at_once() {
    let server = tls_server();
    for mode in ["require", "verify-ca", "verify-full"] {
        let more = format!("sslmode={mode} sslrootcert={}", server.file("other.crt"));
        let message = server.refusal("postgres", &more);
        assert_says(
            &message,
            &[
                "could not connect to postgres on 127.0.0.1",
                "the server's certificate is not trusted",
                "other.crt",
                "sslrootcert=FILE",
            ],
        );
    }
    let message = server.refusal("postgres", "sslrootcert=system");
    assert_says(&message, &["not trusted"]);
}

#[test]
fn another_name_is_refused_by_verify_full_alone() {
    let server = tls_server();
    let more = format!("sslmode=verify-full sslrootcert={}", server.file("ca.crt"));
    let message = server.refusal("postgres", &more);
    assert_says(
        &message,
        &["is for localhost, not for 127.0.0.1", "sslmode=verify-ca"],
    );
}

#[test]
fn a_server_without_tls_is_told_from_one_with() {
    let port = front(vec![]);
    let file = tls_server().file("ca.crt");
    for mode in ["require", "verify-ca", "verify-full"] {
        let url =
            format!("host=127.0.0.1 port={port} user=postgres sslmode={mode} sslrootcert={file}");
        let wait = Duration::from_secs(600);
        let message = refusal(&Given {
            wait,
            ..given(&url, &[])
        });
        assert_says(&message, &["the server has no TLS", mode, "sslmode=prefer"]);
    }
    for mode in ["allow", "prefer"] {
        let url = format!("host=127.0.0.1 port={port} user=postgres sslmode={mode}");
        assert_eq!(ask(&given(&url, &[]), IS_ENCRYPTED).unwrap(), "false");
    }
}

#[test]
fn scram_is_bound_to_the_channel() {
    let server = tls_server();
    let more = "password=hunter2 channel_binding=require";
    assert_eq!(server.is_encrypted("shop", more), "true");
    let message = server.refusal("postgres", "channel_binding=require");
    assert_says(&message, &["channel binding"]);
    assert_eq!(
        server.is_encrypted("shop", "password=hunter2 sslmode=disable"),
        "false"
    );
}

#[test]
fn client_certificates_are_shown_to_servers_that_ask() {
    let server = tls_server();
    let (cert, key) = (server.file("certified.crt"), server.file("certified.key"));
    let more = format!("sslmode=require sslcert={cert} sslkey={key}");
    assert_eq!(server.is_encrypted("certified", &more), "true");
    let message = server.refusal("certified", "sslmode=require");
    assert_says(&message, &["valid client certificate"]);
}

#[test]
fn passwords_come_from_the_file_unless_they_are_given() {
    let server = tls_server();
    let dir = Workdir::new("passfile");
    let port = server.port;
    let right = private_file(&dir, "right", &format!("127.0.0.1:{port}:*:shop:hunter2\n"));
    let wrong = private_file(&dir, "wrong", "*:*:*:*:hunter3\n");
    let who = "SELECT current_user::text";
    let url = server.at("shop", "");
    assert_eq!(
        ask(&given(&url, &[("PGPASSFILE", &right)]), who).unwrap(),
        "shop"
    );
    let named = server.at("shop", &format!("passfile={right}"));
    assert_eq!(
        ask(&given(&named, &[("PGPASSFILE", &wrong)]), who).unwrap(),
        "shop"
    );
    let message = refusal(&given(&url, &[("PGPASSFILE", &wrong)]));
    assert_says(&message, &["28P01", "the password is the one in", "/wrong"]);
    assert!(!message.contains("hunter3"), "{message}");
    let variables = [("PGPASSFILE", wrong.as_str()), ("PGPASSWORD", "hunter2")];
    assert_eq!(ask(&given(&url, &variables), who).unwrap(), "shop");
    let with_password = server.at("shop", "password=hunter2");
    assert_eq!(
        ask(&given(&with_password, &[("PGPASSFILE", &wrong)]), who).unwrap(),
        "shop"
    );
}

#[test]
fn a_password_file_that_others_may_read_is_ignored_with_a_warning() {
    let server = tls_server();
    let dir = Workdir::new("open_passfile");
    let file = private_file(&dir, ".pgpass", "*:*:*:shop:hunter2\n");
    let index = || {
        let mut index = command(["index", "--allow-empty", "--url", &server.at("shop", "")]);
        index.env("HOME", dir.path(""));
        run(index)
    };
    index().exits(0).lacks("ignored").lacks("hunter2");
    for mode in [0o640, 0o604] {
        fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        index()
            .exits(2)
            .stderr_has(&format!(
                "password file {file} ignored: group or others have access"
            ))
            .stderr_has("chmod 600")
            .stderr_has("password missing")
            .lacks("hunter2");
    }
}

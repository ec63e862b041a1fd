//! The web: addresses that are kept for examples, digests that no password has.

use crate::infer::domain::MakerToml;
use crate::infer::names::made::{one_of, pattern, phrase};
use crate::infer::names::rule::Make::{By, Entry, Maker};
use crate::infer::names::rule::{Made, MatchedSibling, Scene};
use crate::infer::names::rule::{Rule, rules};
use crate::infer::names::types::{BYTES, INET, INT, MAC, TEXT};

/// Rules about the web and what is stored of its users.
pub const RULES: &[Rule] = rules! {
    "password|password hash|password digest|encrypted password|crypted password|password encrypted|hash password" [] TEXT, 9
        => By(password), "a digest that no password has", "users.password_hash";
    "password|password hash|salt|encrypted password|password salt" [] BYTES, 0 => By(bytes), "random bytes", "users.password_salt";
    "mac address|mac|hardware address" [] MAC.or(TEXT), 17 => Maker(|| pattern("02:00(:[0-9a-f]{2}){4}")), "an address for local use",
        "devices.mac_address";
    "ipv 6|ip v 6|ipv 6 address" [] INET.or(TEXT), 20 => Maker(|| pattern("2001:db8::[0-9a-f]{1,4}:[1-9a-f]")), "an address kept for documents",
        "hosts.ipv6";
    "subnet|network|cidr|ip range|netblock|prefix" [] INET, 0 => Maker(|| pattern("10\\.[0-9]{1,2}\\.[0-9]{1,2}\\.0/24")), "a private network", "networks.subnet";
    "ip|ip address|client ip|remote ip|last login ip|sign in ip|host ip|ipv 4|user ip|remote address|ip v 4|source ip|last ip|current sign in ip|last sign in ip|registration ip|login ip|inet|server ip|created ip"
        [] INET.or(TEXT), 15 => By(ip), "an address kept for documents", "logins.ip_address";
    "user agent|agent string|client agent" [] TEXT, 100 => Entry("user-agents", 1), "a browser", "sessions.user_agent";
    "browser|browser name" [] TEXT, 7 => Maker(|| one_of(&["Chrome", "Safari", "Firefox", "Edge"], &[12, 5, 2, 2])), "a browser", "visits.browser";
    "os|operating system|platform|os name|device os|system" [] TEXT, 7 => Maker(|| one_of(&["Windows", "macOS", "Linux", "Android", "iOS"], &[8, 4, 1, 6, 5])),
        "an operating system", "visits.os";
    "device|device type|device name|client type|form factor|device category" [] TEXT, 7 => Maker(|| one_of(&["desktop", "mobile", "tablet"], &[8, 9, 1])), "a device",
        "visits.device_type";
    "http method|request method|verb|http verb" [] TEXT, 4 => Maker(method), "an HTTP method", "requests.http_method";
    "method" ["request", "log", "api", "call", "webhook", "access", "http", "endpoint", "route", "audit"] TEXT, 4 => Maker(method), "an HTTP method", "requests.method";
    "status code|http status|response code|response status|http code|http status code" [] INT, 0 => Maker(http_status), "an HTTP status", "requests.status_code";
    "status" ["request", "response", "http"] INT, 0 => Maker(http_status), "an HTTP status", "requests.status";
    "protocol|scheme" [] TEXT, 5 => Maker(|| one_of(&["https", "http"], &[9, 1])), "a protocol", "endpoints.protocol";
    "port|port number" [] INT, 0 => Maker(|| MakerToml::new("one-of").with("values", vec![80, 443, 5432, 8080, 8443])), "a port", "hosts.port";
    "host|host name|server|server name|node|node name|fqdn|machine|dns name|hosts|device host" [] TEXT, 20 => By(host), "a host at example.com", "servers.hostname";
    "name|host|fqdn" ["host", "server", "node", "machine", "cluster", "vm"] TEXT, 20 => By(host), "a host at example.com", "nodes.name";
    "domain|domain name|subdomain|email domain|site domain|website domain|custom domain|instance domain|name" ["domain", "instance", "site_domain", "email", "website", "custom", "subdomain"] TEXT, 20 => By(domain),
        "a domain kept for examples", "domains.name";
    "domain|domain name|email domain" [] TEXT, 20 => By(domain), "a domain kept for examples", "companies.domain";
    "slug|permalink|url slug|seo name|url key|friendly id|url name|path slug|stub|name slug" [] TEXT, 8 => By(slug), "from the title", "posts.slug";
    "referrer|referer|referrer url|http referer|referring url" [] TEXT, 40 => By(referrer), "a page at example.com", "visits.referrer";
    "path|request path|url path|route|endpoint|page path|landing path|request url|pathname" ["visit", "request", "page", "log", "view", "hit", "session", "event", "access", "route", "endpoint", "landing", "pageview", "redirect"] TEXT, 9
        => Entry("paths", 1), "a page", "requests.path";
    "avatar|image|photo|picture|thumbnail|logo|icon|cover|banner|image url|avatar url|photo url|thumbnail url|logo url|picture url|icon url|cover url|cover image|banner url|profile picture|profile image|profile photo|image link|cover image url|preview url|photo link|image path|photo path|thumb|thumb url|poster|screenshot|main image|hero image|featured image|background image|picture path|avatar path|profile image url|profile picture url|poster url|image file|header image|og image|favicon|image src|gravatar"
        [] TEXT, 40 => By(image), "a picture at example.com", "users.avatar_url";
    "webhook url|callback url|redirect url|endpoint url|api url|base url|notify url|return url|server url|api endpoint|webhook|callback|endpoint|target url|success url|cancel url"
        [] TEXT, 40 => By(hook), "an address at example.com", "webhooks.callback_url";
    "url|website|web site|homepage|home page|link|href|web|site url|repository url|feed url|page url|website url|source url|video url|external url|external link|web page|blog|blog url|linkedin|linkedin url|facebook|facebook url|profile url|github url|canonical url|original url|document url|file url|download url|landing page|short url|long url|video link|meeting link|meeting url|documentation|repository|twitter url|instagram url|youtube url|product url|audio url|map url|sitemap|permalink url|ap id|inbox url|outbox url|actor id|tracking url|location url"
        [] TEXT, 30 => By(url), "an address at example.com", "companies.website";
    "sha 256|sha 256 hash|hash 256|sha 256 sum|sha 256 digest|cksum" [] TEXT, 64 => Maker(|| pattern("[0-9a-f]{64}")), "64 hexadecimal digits", "files.sha256";
    "md 5|md 5 hash|md 5 sum|md 5 digest|hash md 5" [] TEXT, 32 => Maker(|| pattern("[0-9a-f]{32}")), "32 hexadecimal digits", "files.md5";
    "sha|sha 1|commit|commit sha|commit hash|revision|head sha|base sha|git sha|commit id|git commit|sha 1 hash|tree sha|merge commit sha|ref sha"
        [] TEXT, 40 => Maker(|| pattern("[0-9a-f]{40}")), "40 hexadecimal digits", "builds.commit_sha";
    "hash|digest|fingerprint|etag|content hash|signature|file hash|token hash|token digest|hash value|sha hash|crc|image hash|hash key|url hash"
        [] TEXT, 8 => By(digest), "hexadecimal digits", "files.checksum";
    "hash|digest|fingerprint|sha 256|signature|content hash|token hash|sha 1|md 5|encrypted|secret|token|key|nonce|ciphertext|salt|hmac|public key|encrypted key"
        [] BYTES, 0 => By(bytes), "random bytes", "blobs.sha256";
    "token|access token|refresh token|secret|api key|api token|client secret|nonce|salt|otp secret|verification token|reset token|confirmation token|remember token|session token|auth token|session id|session key|api secret|reset password token|csrf token|invitation token|invite token|unlock token|password reset token|activation token|activation key|secret key|encrypted token|push token|device token|jwt|bearer token|client id|consumer key|unsubscribe token|webhook secret|authentication token|app key|public token|private key|session|session hash|personal access token|share token|signing secret|access key|registration token|login token|email token|stripe customer id|stripe id|stripe subscription id|account sid|sid|totp secret|oauth token|recovery code|recovery token|encryption key|rss token|feed token|incoming email token|static object token|remember me token|state token"
        [] TEXT, 16 => By(token), "hexadecimal digits", "sessions.token";
    "public key|ssh key|pem|certificate|private key pem|public key pem|ssh public key" [] TEXT, 60 => Maker(|| pattern("test-key [0-9a-f]{40}")), "no key", "devices.ssh_key";
};

/// In the shape of bcrypt; its last digit can't end a digest of anything.
fn password(scene: &Scene) -> Option<Made> {
    Some(Made::new(match scene.longest {
        60.. => pattern("\\$2b\\$12\\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{30}/"),
        40.. => pattern("[0-9a-f]{40}"),
        32.. => pattern("[0-9a-f]{32}"),
        _ => pattern("![0-9a-f]{8}"),
    }))
}

fn bytes(scene: &Scene) -> Option<Made> {
    let name = scene.column.name.to_lowercase();
    let least = scene.column.limits.min_length;
    let length = match least.or(scene.column.limits.max_length.filter(|it| *it < 64)) {
        Some(length) => i64::from(length),
        None if name.contains("md5") || name.contains("salt") || name.contains("nonce") => 16,
        None if name.contains("sha1") => 20,
        None => 32,
    };
    Some(Made::new(MakerToml::new("bytea").with("length", length)))
}

/// Of the three networks for documents; where none may repeat, of the large one of IPv6, or a private one.
fn ip(scene: &Scene) -> Option<Made> {
    Some(Made::new(match (scene.column.unique, scene.longest) {
        (false, _) => pattern("(192\\.0\\.2|198\\.51\\.100|203\\.0\\.113)\\.[1-9][0-9]?"),
        (true, 39..) => pattern("2001:db8:[1-9a-f][0-9a-f]{3}:[1-9a-f][0-9a-f]{3}::1"),
        (true, _) => pattern("10\\.[1-9][0-9]?\\.[1-9][0-9]?\\.[1-9][0-9]?"),
    }))
}

fn method() -> MakerToml {
    one_of(&["GET", "POST", "PUT", "DELETE"], &[12, 5, 2, 1])
}

fn http_status() -> MakerToml {
    MakerToml::new("one-of")
        .with(
            "values",
            vec![200, 201, 204, 301, 304, 400, 401, 404, 422, 500],
        )
        .with("weights", vec![60, 6, 4, 2, 5, 2, 2, 5, 1, 1])
}

fn with_row(scene: &Scene, before: &str, after: &str) -> Made {
    let (row, hidden) = scene.row();
    let made = Made::new(phrase(&[&format!("{before}{{{row}}}{after}")]));
    match hidden {
        Some((name, maker)) => made.with_hidden(&name, maker),
        None => made,
    }
}

fn host(scene: &Scene) -> Option<Made> {
    Some(with_row(scene, "node-", ".example.com"))
}

fn domain(scene: &Scene) -> Option<Made> {
    Some(with_row(scene, "{tags}-", ".example.org"))
}

fn referrer(_: &Scene) -> Option<Made> {
    Some(Made::new(phrase(&["https://www.example.com{paths}"])).null(0.4))
}

fn image(scene: &Scene) -> Option<Made> {
    let ending = if scene.column.name.to_lowercase().contains("icon") {
        ".png"
    } else {
        ".jpg"
    };
    Some(with_row(scene, "https://images.example.com/", ending))
}

fn hook(scene: &Scene) -> Option<Made> {
    Some(with_row(scene, "https://api.example.com/hooks/", ""))
}

/// A site of its own for a company, else a page of one.
fn url(scene: &Scene) -> Option<Made> {
    let is_site = [
        "website",
        "homepage",
        "home_page",
        "web_site",
        "site_url",
        "blog",
    ];
    let name = scene.column.name.to_lowercase();
    Some(
        match is_site.iter().any(|it| name.contains(it)) || scene.longest < 45 {
            true => with_row(scene, "https://site-", ".example.com"),
            false => with_row(scene, "https://www.example.com/{tags}/", ""),
        },
    )
}

/// Whether a sibling has a text in each row: by its type, or as its rule says so.
fn is_never_null(sibling: &&MatchedSibling) -> bool {
    let is_kept = |rule: &Rule| ["a title", "a product", "a name"].contains(&rule.reason);
    sibling.types == TEXT && (sibling.column.not_null || sibling.rule.is_some_and(is_kept))
}

/// Of the sibling that names the row, where there is one.
fn slug(scene: &Scene) -> Option<Made> {
    let named = [
        "title",
        "name",
        "headline",
        "display name",
        "label",
        "subject",
        "product name",
        "full name",
    ];
    let source = scene.sibling_in_words(&named).filter(is_never_null);
    let (row, hidden) = scene.row();
    let base = source.map_or("{tags}-{tags}".to_owned(), |it| {
        format!("{{{}}}", it.column.name)
    });
    let made = Made::new(phrase(&[&format!("{base}-{{{row}}}")]).with("case", "slug"));
    Some(match hidden {
        Some((name, maker)) => made.with_hidden(&name, maker),
        None => made,
    })
}

fn digest(scene: &Scene) -> Option<Made> {
    Some(Made::new(hex(match scene.longest {
        64.. => 64,
        40.. => 40,
        32.. => 32,
        other => other,
    })))
}

fn token(scene: &Scene) -> Option<Made> {
    Some(Made::new(hex(scene.longest.min(32))))
}

fn hex(digits: u32) -> MakerToml {
    pattern(&format!("[0-9a-f]{{{digits}}}"))
}

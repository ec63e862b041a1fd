//! The built-in datasets served: the documented paths, parameters and bodies, and pages that are right with gaps.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Db, Service, Workdir, command, eventually};

const CATALOG: &str = include_str!("../../sql/catalog/schema.sql");
const REVIEWS: &str = include_str!("../../sql/reviews/schema.sql");
const QUESTIONS: &str = include_str!("../../sql/questions/schema.sql");
const IMAGES: &str = include_str!("../../sql/images/schema.sql");

const ROWS: &str = "
    INSERT INTO products VALUES
        (1, 'Camo Onesie', 'Blend in', 'Camo.', 'Jackets', 140), (2, 'Sunglasses', 'Shades', 'Größe', 'Accessories', 69),
        (5, 'Joggers', 'Morning', 'Good.', 'Pants', 40);
    INSERT INTO features VALUES (10, 1, 'Fabric', 'Canvas'), (12, 1, 'Cut', NULL);
    INSERT INTO styles VALUES (1, 1, 'Forest Green', NULL, 140, 1);
    INSERT INTO photos VALUES (7, 1, 'url/7.jpg', 'url/7_thumbnail.jpg');
    INSERT INTO skus VALUES (37, 1, 'XS', 8);
    INSERT INTO related VALUES (1, 1, 2), (2, 1, 5);
    INSERT INTO reviews VALUES
        (5, 2, 3, '2019-04-14 00:00+00', 'Old', 'Body', false, false, 'a', 'a@example.com', NULL, 40),
        (6, 2, 5, '2020-07-30 03:41:21.467+00', 'New', 'Body', true, false, 'b', 'b@example.com', 'Thanks', 5);
    INSERT INTO questions VALUES (37, 5, 'Why?', '2018-01-04 00:00+00', 'ann', 'a@example.com', false, 4);
    INSERT INTO answers VALUES (70, 37, 'Some seams', '2018-01-05 12:30+00', 'Seller', NULL, false, 6);
    INSERT INTO items VALUES (1, 'Canvas Parka', 'Jackets');
    INSERT INTO images VALUES (8, 1, 'front', 1, 'url/8.jpg', 'url/8_thumbnail.jpg')";

fn serve_command(dataset: &str, db: &Db, cache: &str) -> Command {
    let options = [
        "--listen",
        "127.0.0.1:0",
        "--workers",
        "1",
        "--cache",
        cache,
    ];
    let target = ["--dataset", dataset, "--url", &db.url()];
    command(["serve"].iter().chain(&target).chain(&options))
}

/// A server with connections to the database.
fn serve(dataset: &str, db: &Db, cache: &str) -> Service {
    let service = Service::start(serve_command(dataset, db, cache));
    eventually("it is ready", || service.get("/ready").status == 200);
    service
}

/// What the server says of its answers.
struct Description(Value);

impl Description {
    fn of(service: &Service) -> Description {
        Description(service.get("/openapi.json").is(200).json())
    }

    /// The path of the description that a request is for, the more literal one first.
    fn template(&self, path: &str) -> &str {
        let path = path.split('?').next().unwrap();
        let is_like = |template: &&String| {
            let mut pairs = template.split('/').zip(path.split('/'));
            template.split('/').count() == path.split('/').count()
                && pairs.all(|(one, other)| one == other || one.starts_with('{'))
        };
        let paths = self.0["paths"].as_object().unwrap();
        let found = paths.keys().find(is_like);
        found.unwrap_or_else(|| panic!("{path} isn't described"))
    }

    /// Validates a body against the schema of its status, which is one of its own members and closed.
    fn ensure_describes(&self, path: &str, status: u16, body: &Value) {
        let responses = &self.0["paths"][self.template(path)]["get"]["responses"];
        let mut schema =
            responses[status.to_string()]["content"]["application/json"]["schema"].clone();
        let members = schema.as_object_mut().unwrap();
        assert!(!members.is_empty(), "{path}: {status} isn't described");
        members.insert("components".to_owned(), self.0["components"].clone());
        let validator = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .should_validate_formats(true)
            .build(&schema)
            .unwrap();
        let errors: Vec<String> = validator
            .iter_errors(body)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{path}: {errors:#?}\n{body}");
    }

    /// Every path is among these.
    fn ensure_answered(&self, paths: impl Iterator<Item = &'static str>) {
        let answered: BTreeSet<&str> = paths.map(|path| self.template(path)).collect();
        for path in self.0["paths"].as_object().unwrap().keys() {
            assert!(answered.contains(path.as_str()), "{path} isn't asked for");
        }
    }
}

/// A path, its status, and what the body holds at a JSON pointer; an empty one is all of it.
type Answer = (&'static str, u16, &'static str, Value);

#[test]
fn the_built_in_datasets_answer_as_documented() {
    let db = Db::new("documented");
    for sql in [CATALOG, REVIEWS, QUESTIONS, IMAGES, ROWS] {
        db.execute(sql);
    }
    #[rustfmt::skip]
    let cases: [(&str, &[Answer]); 4] = [
        ("catalog", &[
            ("/products?page=1&count=1", 200, "", json!([{
                "id": 1, "name": "Camo Onesie", "slogan": "Blend in", "description": "Camo.", "category": "Jackets", "default_price": "140",
            }])),
            ("/products", 200, "/2/id", json!(5)),
            ("/products?page=2&count=2", 200, "/0/id", json!(5)),
            ("/products?page=2", 200, "", json!([])),
            ("/products?after_id=2", 200, "/0/id", json!(5)),
            ("/products/1", 200, "/features/1", json!({"feature": "Cut", "value": null})),
            ("/products/3", 404, "/error", json!("no-row")),
            ("/products/-1", 404, "/error", json!("no-row")),
            ("/products/x", 400, "/parameter", json!("product_id")),
            ("/products/1/styles", 200, "", json!({"product_id": "1", "results": [{
                "style_id": 1, "name": "Forest Green", "original_price": "140", "sale_price": "0", "default?": 1,
                "photos": [{"thumbnail_url": "url/7_thumbnail.jpg", "url": "url/7.jpg"}],
                "skus": {"37": {"quantity": 8, "size": "XS"}},
            }]})),
            ("/products/2/styles", 200, "", json!({"product_id": "2", "results": []})),
            ("/products/3/styles", 404, "/status", json!(404)),
            ("/products/1/related", 200, "", json!([2, 5])),
            ("/products/2/related", 200, "", json!([])),
            ("/products/3/related", 404, "/status", json!(404)),
        ]),
        ("reviews", &[
            ("/reviews?product_id=2&count=1", 200, "", json!({"product": "2", "page": 0, "count": 1, "results": [{
                "review_id": 6, "rating": 5, "summary": "New", "recommend": true, "response": "Thanks", "body": "Body",
                "date": "2020-07-30T03:41:21.467Z", "reviewer_name": "b", "helpfulness": 5, "photos": [],
            }]})),
            ("/reviews?product_id=2&sort=helpful", 200, "/results/0/review_id", json!(5)),
            ("/reviews?product_id=2&sort=relevant&page=2&count=1", 200, "/page", json!(1)),
            ("/reviews?product_id=2&sort=best", 400, "/expected", json!("helpful, newest or relevant")),
            ("/reviews?product_id=2&page=2147483647&count=1000", 200, "/results", json!([])),
            ("/reviews", 400, "/parameter", json!("product_id")),
            ("/reviews/meta?product_id=2", 200, "/ratings", json!({"3": "1", "5": "1"})),
        ]),
        ("questions", &[
            ("/qa/questions?product_id=5", 200, "/results/0/answers/70/body", json!("Some seams")),
            ("/qa/questions/37/answers?count=2", 200, "/count", json!(2)),
            ("/qa/questions/38/answers", 404, "/status", json!(404)),
        ]),
        ("images", &[
            ("/items/1", 200, "/images/0/side", json!("front")),
            ("/items/2", 404, "/status", json!(404)),
        ]),
    ];
    for (dataset, answers) in cases {
        let service = serve(dataset, &db, "1MB");
        for (path, status, pointer, expected) in answers {
            let body = service.get(path).is(*status).json();
            // As text: equal values may have their keys in another order.
            let found = body.pointer(pointer).map(ToString::to_string);
            assert_eq!(found, Some(expected.to_string()), "{path}: {body}");
        }
        let description = Description::of(&service);
        for (path, status, ..) in answers {
            description.ensure_describes(path, *status, &service.get(path).json());
        }
        description.ensure_answered(answers.iter().filter(|it| it.1 == 200).map(|it| it.0));
        let page = service.ask("GET", "/", "Accept: text/html\r\n").is(200);
        assert_eq!(
            page.header("content-type"),
            Some("text/html; charset=utf-8")
        );
    }
}

/// 12,000 products with gaps, and more gaps while it runs: pages near and far, before and after their beginnings are known.
#[test]
fn a_page_is_right_with_gaps_whatever_its_number() {
    let db = Db::new("pages");
    db.execute(CATALOG);
    db.execute(
        "INSERT INTO products
        SELECT id * 3 - 7, 'n', 's', 'd', 'c', 1 FROM generate_series(1, 15000) AS id WHERE id % 5 > 0",
    );
    let service = serve("catalog", &db, "0");
    let ids = |page: u32| -> Vec<i64> {
        let body = service
            .get(&format!("/products?count=5&page={page}"))
            .is(200)
            .json();
        let rows = body.as_array().unwrap().iter();
        rows.map(|row| row["id"].as_i64().unwrap()).collect()
    };
    let expected = |page: u32| -> Vec<i64> {
        let sql = format!(
            "SELECT id FROM products ORDER BY id OFFSET {} LIMIT 5",
            (page - 1) * 5
        );
        let rows = db.rows(&sql).into_iter();
        rows.map(|row| row[0].as_ref().unwrap().parse().unwrap())
            .collect()
    };
    let pages = [
        1, 2, 800, 801, 802, 1000, 1001, 1400, 2000, 2399, 2400, 2401, 9000,
    ];
    let change = "DELETE FROM products WHERE id % 4 = 0 OR id BETWEEN 5000 AND 6000";
    let restore = "INSERT INTO products SELECT id, 'n', 's', 'd', 'c', 1 FROM generate_series(5000, 5900) AS id";
    for sql in ["SELECT 1", change, restore] {
        db.execute(sql);
        // Long enough for what was read before to be out of date.
        std::thread::sleep(std::time::Duration::from_millis(1100));
        for round in 0..3 {
            for page in pages {
                assert_eq!(
                    ids(page),
                    expected(page),
                    "page {page}, round {round} after {sql}"
                );
            }
        }
    }
}

/// Two keys to one table, a composite one, and names that are no part of a path or another's.
#[test]
fn the_queries_that_init_writes_have_routes_that_dont_clash() {
    let (db, dir) = (Db::new("init_routes"), Workdir::new("init_routes"));
    db.execute(
        "CREATE TABLE customers (id int PRIMARY KEY, email text UNIQUE, \"Tenant Id\" int, UNIQUE (\"Tenant Id\", email));
        CREATE TABLE orders (id int PRIMARY KEY, billed_to int REFERENCES customers, shipped_to int REFERENCES customers);
        CREATE TABLE \"日本\" (id int PRIMARY KEY, page int UNIQUE);
        CREATE TABLE \"中国\" (id int PRIMARY KEY, page int);
        CREATE TABLE notes (page int REFERENCES \"日本\", n int, PRIMARY KEY (page, n));
        INSERT INTO \"日本\" VALUES (1, 1);
        INSERT INTO \"中国\" VALUES (1, 2);
        INSERT INTO notes VALUES (1, 7);
        INSERT INTO customers VALUES (1, 'a@example.com', 1), (2, 'b@example.com', 2);
        INSERT INTO orders VALUES (1, 1, 2), (2, 1, 1)",
    );
    dir.seedrow([
        "init",
        "--url",
        &db.url(),
        "--out",
        "shop",
        "--name",
        "shop",
    ])
    .exits(0);
    let service = serve(&dir.path("shop/shop.toml").display().to_string(), &db, "0");
    let description = Description::of(&service);
    for (path, status, expected) in [
        (
            "/orders/2",
            200,
            "{\"id\":2,\"billed_to\":1,\"shipped_to\":1}",
        ),
        ("/orders/3", 404, "no-row"),
        (
            "/customers/1/orders",
            200,
            "[{\"id\":1,\"billed_to\":1,\"shipped_to\":2}, ",
        ),
        ("/customers/1/orders?count=1&page=2", 200, "[{\"id\":2,"),
        ("/customers/1/orders?count=100&page=2147483647", 200, "[]"),
        ("/customers/1/orders?count=101", 400, "from 1 to 100"),
        ("/customers/2/orders_by_shipped_to", 200, "\"id\":1"),
        ("/customers/2/orders", 200, "[]"),
        ("/customers/9/orders", 404, "no-row"),
        ("/customers/email/b@example.com", 200, "{\"id\":2,"),
        ("/customers/email/x", 404, "no-row"),
        (
            "/customers/Tenant_Id-email/1/a@example.com",
            200,
            "\"id\":1",
        ),
        ("/__/1", 200, "{\"id\":1,\"page\":2}"),
        ("/___2/1", 200, "{\"id\":1,\"page\":1}"),
        ("/___2/page/1", 200, "\"id\":1"),
        ("/___2/1/notes", 200, "[{\"page\":1,\"n\":7}]"),
        ("/notes/1/7", 200, "{\"page\":1,\"n\":7}"),
    ] {
        let reply = service.get(path).is(status);
        assert!(reply.text().contains(expected), "{path}: {}", reply.text());
        description.ensure_describes(path, status, &reply.json());
    }
}

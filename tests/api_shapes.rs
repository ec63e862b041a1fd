//! The catalog's queries return the JSON that the shop's API documents, to the key order.
#![allow(clippy::unwrap_used, reason = "a test that can't go on panics")]

mod support;

use serde_json::{Value, json};
use support::Db;

const SCHEMA: &str = include_str!("../sql/catalog/schema.sql");

const PRODUCT: &str = include_str!("../sql/catalog/queries/product.sql");
const PRODUCTS: &str = include_str!("../sql/catalog/queries/products.sql");
const RELATED: &str = include_str!("../sql/catalog/queries/related.sql");
const STYLES: &str = include_str!("../sql/catalog/queries/styles.sql");

/// A product with everything and one with nothing; ids put in out of order, neighbours that must not show.
const ROWS: &str = "
    INSERT INTO products VALUES
        (3, 'Morning Joggers', 'Make yourself a morning person', 'Everyone looks good in \"joggers\".', 'Pants', 40),
        (1, 'Camo Onesie', 'Blend in to your crowd', 'The So Fatigues will wake you up.', 'Jackets', 140),
        (2, 'Bright Future Sunglasses', 'You''ve got to wear shades', 'Größe 7', 'Accessories', 69);
    INSERT INTO features VALUES
        (12, 1, 'Cut', NULL), (10, 1, 'Fabric', 'Canvas'), (11, 2, 'Lenses', 'Ultrasheen');
    INSERT INTO styles VALUES
        (2, 1, 'Desert Brown & Tan', 100, 140, 0), (1, 1, 'Forest Green & Black', NULL, 140, 1), (9, 3, 'Black', 0, 40, 0);
    INSERT INTO photos VALUES
        (8, 1, 'url/8.jpg', 'url/8_thumbnail.jpg'), (7, 1, 'url/7.jpg', 'url/7_thumbnail.jpg'), (9, 9, 'x', 'y');
    INSERT INTO skus VALUES
        (38, 1, 'S', 16), (37, 1, 'XS', 8), (100, 1, 'XS', 0), (50, 9, 'M', 1);
    INSERT INTO related VALUES (4, 1, 3), (1, 1, 2), (2, 1, 1), (3, 1, 2), (5, 3, 1)";

fn catalog(test: &str) -> Db {
    let db = Db::new(test);
    db.execute(SCHEMA);
    db.execute(ROWS);
    db
}

/// What a query file returns for these parameters; `None` when there is no row.
fn answer(db: &Db, file: &str, parameters: &[(&str, i32)]) -> Option<Value> {
    let mut sql = file.to_owned();
    for (name, value) in parameters {
        assert!(sql.contains(&format!(":{name}")), "no parameter {name}");
        sql = sql.replace(&format!(":{name}"), &value.to_string());
    }
    let rows = db.rows(&sql);
    assert!(rows.len() <= 1, "{rows:?}");
    let text = rows.into_iter().next()?.remove(0).unwrap();
    let parsed = serde_json::from_str(&text);
    Some(parsed.unwrap_or_else(|error| panic!("no JSON: {error}\n{text}")))
}

/// Compares text, since values are equal in any order of keys.
#[track_caller]
fn assert_shape(found: Option<Value>, documented: &Value) {
    assert_eq!(found.unwrap().to_string(), documented.to_string());
}

#[test]
fn the_list_of_products_is_a_page_after_an_id() {
    let db = catalog("list");
    let two = answer(&db, PRODUCTS, &[("after_id", 0), ("count", 2)]);
    let documented = json!([
        {
            "id": 1,
            "name": "Camo Onesie",
            "slogan": "Blend in to your crowd",
            "description": "The So Fatigues will wake you up.",
            "category": "Jackets",
            "default_price": "140"
        },
        {
            "id": 2,
            "name": "Bright Future Sunglasses",
            "slogan": "You've got to wear shades",
            "description": "Größe 7",
            "category": "Accessories",
            "default_price": "69"
        }
    ]);
    assert_shape(two, &documented);
    let next = answer(&db, PRODUCTS, &[("after_id", 2), ("count", 5)]).unwrap();
    assert_eq!(next.as_array().unwrap().len(), 1);
    assert_eq!(next[0]["id"], 3);
    let beyond = answer(&db, PRODUCTS, &[("after_id", 3), ("count", 5)]);
    assert_shape(beyond, &json!([]));
}

#[test]
fn a_product_comes_with_its_features() {
    let db = catalog("product");
    let documented = json!({
        "id": 1,
        "name": "Camo Onesie",
        "slogan": "Blend in to your crowd",
        "description": "The So Fatigues will wake you up.",
        "category": "Jackets",
        "default_price": "140",
        "features": [
            {"feature": "Fabric", "value": "Canvas"},
            {"feature": "Cut", "value": null}
        ]
    });
    assert_shape(answer(&db, PRODUCT, &[("product_id", 1)]), &documented);
    let plain = answer(&db, PRODUCT, &[("product_id", 3)]).unwrap();
    assert_eq!(plain["features"], json!([]));
    assert_eq!(plain["description"], "Everyone looks good in \"joggers\".");
    assert_eq!(
        answer(&db, PRODUCT, &[("product_id", 4)]),
        None,
        "no such product"
    );
}

#[test]
fn styles_come_with_their_photos_and_skus() {
    let db = catalog("styles");
    let documented = json!({
        "product_id": "1",
        "results": [
            {
                "style_id": 1,
                "name": "Forest Green & Black",
                "original_price": "140",
                "sale_price": "0",
                "default?": 1,
                "photos": [
                    {"thumbnail_url": "url/7_thumbnail.jpg", "url": "url/7.jpg"},
                    {"thumbnail_url": "url/8_thumbnail.jpg", "url": "url/8.jpg"}
                ],
                "skus": {
                    "37": {"quantity": 8, "size": "XS"},
                    "38": {"quantity": 16, "size": "S"},
                    "100": {"quantity": 0, "size": "XS"}
                }
            },
            {
                "style_id": 2,
                "name": "Desert Brown & Tan",
                "original_price": "140",
                "sale_price": "100",
                "default?": 0,
                "photos": [],
                "skus": {}
            }
        ]
    });
    assert_shape(answer(&db, STYLES, &[("product_id", 1)]), &documented);
    let none = json!({"product_id": "2", "results": []});
    assert_shape(answer(&db, STYLES, &[("product_id", 2)]), &none);
    let unknown = json!({"product_id": "4", "results": []});
    assert_shape(answer(&db, STYLES, &[("product_id", 4)]), &unknown);
}

#[test]
fn related_products_are_a_list_of_ids() {
    let db = catalog("related");
    let all = answer(&db, RELATED, &[("product_id", 1)]);
    assert_shape(all, &json!([2, 1, 2, 3]));
    assert_shape(answer(&db, RELATED, &[("product_id", 2)]), &json!([]));
    assert_shape(answer(&db, RELATED, &[("product_id", 4)]), &json!([]));
}

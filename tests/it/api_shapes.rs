//! The datasets' queries return the JSON that the shop's API documents, to the key order.

use crate::support::Db;
use serde_json::{Value, json};

const REVIEWS: &str = include_str!("../../sql/reviews/schema.sql");
const NEWEST: &str = include_str!("../../sql/reviews/queries/newest.sql");
const HELPFUL: &str = include_str!("../../sql/reviews/queries/helpful.sql");
const RELEVANT: &str = include_str!("../../sql/reviews/queries/relevant.sql");
const META: &str = include_str!("../../sql/reviews/queries/meta.sql");
const QA: &str = include_str!("../../sql/questions/schema.sql");
const QUESTIONS: &str = include_str!("../../sql/questions/queries/questions.sql");
const ANSWERS: &str = include_str!("../../sql/questions/queries/answers.sql");
const IMAGES: &str = include_str!("../../sql/images/schema.sql");
const ITEM: &str = include_str!("../../sql/images/queries/item.sql");

const SCHEMA: &str = include_str!("../../sql/catalog/schema.sql");

const PRODUCT: &str = include_str!("../../sql/catalog/queries/product.sql");
const PRODUCTS: &str = include_str!("../../sql/catalog/queries/products.sql");
const RELATED: &str = include_str!("../../sql/catalog/queries/related.sql");
const STYLES: &str = include_str!("../../sql/catalog/queries/styles.sql");

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

/// Five reviews of product 2, one of them reported, and a neighbour's.
const REVIEW_ROWS: &str = "
    INSERT INTO reviews VALUES
        (5, 2, 3, '2019-04-14 00:00+00', 'Old', 'I ''liked'' it.', false, false, 'a', 'a@example.com', NULL, 40),
        (6, 2, 5, '2020-07-30 03:41:21.467+00', 'New', 'Body', true, false, 'b', 'b@example.com', 'Thanks', 5),
        (7, 2, 5, NULL, 'Undated', 'Body', true, false, 'c', 'c@example.com', NULL, 0),
        (8, 2, 1, '2020-06-01 00:00+00', 'Reported', 'Body', false, true, 'd', 'd@example.com', NULL, 99),
        (9, 2, 4, '2020-07-29 00:00+00', 'Middling', 'Body', true, false, 'e', 'e@example.com', NULL, 30),
        (10, 3, 2, '2020-01-01 00:00+00', 'Another', 'Body', true, false, 'f', 'f@example.com', NULL, 1);
    INSERT INTO reviews_photos VALUES (2, 6, 'url/2.jpg'), (1, 6, 'url/1.jpg'), (3, 10, 'x');
    INSERT INTO characteristics VALUES (14, 2, 'Fit'), (15, 2, 'Quality'), (16, 3, 'Fit');
    INSERT INTO characteristic_reviews VALUES (1, 14, 5, 4), (2, 14, 6, 2), (3, 16, 10, 1)";

fn reviews(test: &str) -> Db {
    let db = Db::new(test);
    db.execute(REVIEWS);
    db.execute(REVIEW_ROWS);
    db
}

/// The ids of a page of reviews.
fn review_ids(db: &Db, file: &str, page: i32, count: i32) -> Vec<i64> {
    let parameters = [("product_id", 2), ("page", page), ("count", count)];
    let answer = answer(db, file, &parameters).unwrap();
    let results = answer["results"].as_array().unwrap();
    results
        .iter()
        .map(|review| review["review_id"].as_i64().unwrap())
        .collect()
}

#[test]
fn reviews_come_with_their_photos_in_the_documented_shape() {
    let db = reviews("reviews");
    let page = answer(&db, NEWEST, &[("product_id", 2), ("page", 1), ("count", 1)]);
    let documented = json!({
        "product": "2",
        "page": 0,
        "count": 1,
        "results": [{
            "review_id": 6,
            "rating": 5,
            "summary": "New",
            "recommend": true,
            "response": "Thanks",
            "body": "Body",
            "date": "2020-07-30T03:41:21.467Z",
            "reviewer_name": "b",
            "helpfulness": 5,
            "photos": [{"id": 1, "url": "url/1.jpg"}, {"id": 2, "url": "url/2.jpg"}]
        }]
    });
    assert_shape(page, &documented);
    let none = json!({"product": "4", "page": 1, "count": 5, "results": []});
    let unknown = [("product_id", 4), ("page", 2), ("count", 5)];
    assert_shape(answer(&db, HELPFUL, &unknown), &none);
}

#[test]
fn reviews_are_sorted_in_three_ways_without_reported_ones() {
    let db = reviews("reviews_sorted");
    assert_eq!(review_ids(&db, NEWEST, 1, 5), [6, 9, 5, 7]);
    assert_eq!(review_ids(&db, NEWEST, 2, 3), [7]);
    assert_eq!(review_ids(&db, HELPFUL, 1, 5), [5, 9, 6, 7]);
    // 40 votes, less one for each of 473 days' 15 months, come behind 30 new ones.
    assert_eq!(review_ids(&db, RELEVANT, 1, 5), [9, 5, 6, 7]);
}

#[test]
fn the_meta_of_reviews_is_counted_and_averaged_as_text() {
    let db = reviews("meta");
    let documented = json!({
        "product_id": "2",
        "ratings": {"1": "1", "3": "1", "4": "1", "5": "2"},
        "recommended": {"false": "2", "true": "3"},
        "characteristics": {
            "Fit": {"id": 14, "value": "3.0000000000000000"},
            "Quality": {"id": 15, "value": null}
        }
    });
    assert_shape(answer(&db, META, &[("product_id", 2)]), &documented);
    let none = json!({
        "product_id": "4",
        "ratings": {},
        "recommended": {"false": "0", "true": "0"},
        "characteristics": {}
    });
    assert_shape(answer(&db, META, &[("product_id", 4)]), &none);
}

/// Three questions of product 5, one of them reported; answers to the first.
const QA_ROWS: &str = "
    INSERT INTO questions VALUES
        (37, 5, 'Why?', '2018-01-04 00:00+00', 'williamsmith', 'a@example.com', false, 4),
        (38, 5, 'How?', '2018-06-28 00:00+00', 'jbilas', 'b@example.com', false, 9),
        (39, 5, 'No!', '2018-06-29 00:00+00', 'x', 'x@example.com', true, 99),
        (40, 6, 'Else?', '2018-06-29 00:00+00', 'y', 'y@example.com', false, 1);
    INSERT INTO answers VALUES
        (70, 37, 'Some of the seams', '2018-01-05 12:30+00', 'Seller', NULL, false, 6),
        (68, 37, 'We are selling it', '2018-08-18 00:00+00', 'Seller', NULL, false, 4),
        (69, 37, 'Spam', '2018-08-19 00:00+00', 'z', NULL, true, 50);
    INSERT INTO answers_photos VALUES (2, 70, 'url/2.jpg'), (1, 70, 'url/1.jpg')";

#[test]
fn questions_come_with_their_answers_and_these_with_photos() {
    let db = Db::new("questions");
    db.execute(QA);
    db.execute(QA_ROWS);
    let documented = json!({
        "product_id": "5",
        "results": [
            {
                "question_id": 38,
                "question_body": "How?",
                "question_date": "2018-06-28T00:00:00Z",
                "asker_name": "jbilas",
                "question_helpfulness": 9,
                "reported": false,
                "answers": {}
            },
            {
                "question_id": 37,
                "question_body": "Why?",
                "question_date": "2018-01-04T00:00:00Z",
                "asker_name": "williamsmith",
                "question_helpfulness": 4,
                "reported": false,
                "answers": {
                    "68": {
                        "id": 68,
                        "body": "We are selling it",
                        "date": "2018-08-18T00:00:00Z",
                        "answerer_name": "Seller",
                        "helpfulness": 4,
                        "photos": []
                    },
                    "70": {
                        "id": 70,
                        "body": "Some of the seams",
                        "date": "2018-01-05T12:30:00Z",
                        "answerer_name": "Seller",
                        "helpfulness": 6,
                        "photos": ["url/1.jpg", "url/2.jpg"]
                    }
                }
            }
        ]
    });
    let first = [("product_id", 5), ("page", 1), ("count", 5)];
    assert_shape(answer(&db, QUESTIONS, &first), &documented);
    let second = [("product_id", 5), ("page", 2), ("count", 1)];
    let second = answer(&db, QUESTIONS, &second).unwrap();
    assert_eq!(second["results"][0]["question_id"], 37);
    let unknown = [("product_id", 9), ("page", 1), ("count", 5)];
    let none = json!({"product_id": "9", "results": []});
    assert_shape(answer(&db, QUESTIONS, &unknown), &none);

    let documented = json!({
        "question": "37",
        "page": 0,
        "count": 5,
        "results": [
            {
                "answer_id": 70,
                "body": "Some of the seams",
                "date": "2018-01-05T12:30:00Z",
                "answerer_name": "Seller",
                "helpfulness": 6,
                "photos": [{"id": 1, "url": "url/1.jpg"}, {"id": 2, "url": "url/2.jpg"}]
            },
            {
                "answer_id": 68,
                "body": "We are selling it",
                "date": "2018-08-18T00:00:00Z",
                "answerer_name": "Seller",
                "helpfulness": 4,
                "photos": []
            }
        ]
    });
    let answers = [("question_id", 37), ("page", 1), ("count", 5)];
    assert_shape(answer(&db, ANSWERS, &answers), &documented);
}

#[test]
fn an_item_comes_with_its_images_the_main_one_first() {
    let db = Db::new("item");
    db.execute(IMAGES);
    db.execute(
        "INSERT INTO items VALUES (1, 'Canvas Parka', 'Jackets'), (2, 'Bare', 'Hats');
        INSERT INTO images VALUES
            (7, 1, 'back', 0, 'url/7.jpg', 'url/7_thumbnail.jpg'), (8, 1, 'front', 1, 'url/8.jpg', 'url/8_thumbnail.jpg')",
    );
    let documented = json!({
        "item_id": 1,
        "name": "Canvas Parka",
        "category": "Jackets",
        "images": [
            {"id": 8, "side": "front", "url": "url/8.jpg", "thumbnail_url": "url/8_thumbnail.jpg"},
            {"id": 7, "side": "back", "url": "url/7.jpg", "thumbnail_url": "url/7_thumbnail.jpg"}
        ]
    });
    assert_shape(answer(&db, ITEM, &[("item_id", 1)]), &documented);
    let bare = answer(&db, ITEM, &[("item_id", 2)]).unwrap();
    assert_eq!(bare["images"], json!([]));
    assert_eq!(answer(&db, ITEM, &[("item_id", 3)]), None);
}
